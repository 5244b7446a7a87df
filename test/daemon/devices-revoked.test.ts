/** A device is taken out: what it has stays on it, and nothing that comes afterwards reaches it or counts from it. */
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { asking, joined, pairedDevice } from '../kit/devices.ts'
import { tempFolder } from '../kit/home.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]

/** Alice with a desktop, which made the identity, and a laptop; bob, who knows her; and a circle of both that alice made. */
async function aliceWithTwo(t: T) {
  const desktop = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(desktop, bob)
  const { circleId: circle } = await desktop.call('circle.create', { name: 'team' })
  await desktop.call('circle.add', { circle, contacts: ['bob'] })
  const laptop = await pairedDevice(t, desktop, 'laptop')
  await laptop.until(
    'the circle to be there',
    async () => (await laptop.call('circle.list', {})).circles.length === 1,
  )
  await bob.until(
    'the circle to be there',
    async () => (await bob.call('circle.list', {})).circles.length === 1,
  )
  return { desktop, laptop, bob, circle }
}

const deviceNamed = async (node: LiveNode, name: string): Promise<string> => {
  let id: string | undefined
  await node.until(`the device ${name}`, async () => {
    const { devices } = await node.call('device.list', {})
    id = devices.find(one => one.name === name)?.device
    return id !== undefined
  })
  return id ?? ''
}

const epochOf = async (node: LiveNode, circle: string): Promise<number> =>
  (await node.call('circle.show', { circle })).epoch

t.test('alice revokes her stolen laptop: it is told, may do nothing more, and gets nothing', async t => {
  const { desktop, laptop, bob, circle } = await aliceWithTwo(t)
  const before = await epochOf(bob, circle)
  const id = await deviceNamed(desktop, 'laptop')
  t.match(await desktop.call('device.revoke', { device: 'laptop' }), {
    device: id,
    name: 'laptop',
    changed: true,
  })
  t.match(await desktop.call('device.revoke', { device: id }), { changed: false })
  t.equal(await epochOf(desktop, circle), before + 1, 'the circle has a new key in the same step')
  await bob.until('the new key', async () => (await epochOf(bob, circle)) === before + 1)

  await laptop.logged('identity.learnt', { did: desktop.did, seq: 3 })
  const { warnings } = await laptop.call('system.status', {})
  t.ok(warnings.some(({ code, severity }) => code === 'device/revoked' && severity === 'error'))
  t.equal(await laptop.codeOf('circle.create', { name: 'mine' }), 'device/revoked')
  t.equal(await laptop.codeOf('contact.block', { contact: 'bob' }), 'device/revoked')
  t.equal(await laptop.codeOf('device.approve', { code: '12345678' }), 'device/revoked')
  t.equal((await laptop.fails(['circle', 'rotate', 'team'], 4)).code, 'device/revoked')
  const { devices } = await desktop.call('device.list', {})
  t.match(
    devices.map(({ current, revoked }) => ({ current, revoked })),
    [
      { current: true, revoked: false },
      { current: false, revoked: true },
    ],
  )

  const secret = await bob.converse('For alice', 'the word is halyard', 'noted')
  const arrived = laptop.count('inbox.arrived')
  const toAlice = await bob.call('share.create', { conversation: secret, to: ['alice'] })
  const toTeam = await bob.call('share.create', { conversation: secret, circles: [circle], title: 'team' })
  for (const { shareId } of [toAlice, toTeam]) {
    await desktop.received(shareId)
    t.match(await desktop.call('inbox.open', { share: shareId }), { verified: true })
  }
  t.equal(laptop.count('inbox.arrived'), arrived)
  t.same(await laptop.inbox(), [])
  t.same(laptop.filesWith(toAlice.shareId, toTeam.shareId), [])
})

t.test(
  'a copy of the laptop from before goes on asking: nobody lets it in, and its shares reach nobody',
  async t => {
    const { desktop, laptop, bob, circle } = await aliceWithTwo(t)
    const conversation = await laptop.converse('From the laptop', 'the word is bowsprit', 'noted')
    await laptop.stop()
    const copy = `${laptop.home}.copy`
    cpSync(laptop.home, copy, { recursive: true })
    const id = await deviceNamed(desktop, 'laptop')
    await desktop.call('device.revoke', { device: id })
    await bob.logged('identity.learnt', { did: desktop.did, seq: 3 })
    await desktop.stop()

    rmSync(laptop.home, { recursive: true })
    cpSync(copy, laptop.home, { recursive: true })
    await laptop.start()
    const shared = await laptop.call('share.create', { conversation, to: ['bob'] })
    const inTeam = await laptop.call('share.create', { conversation, circles: [circle], title: 'team' })
    await laptop.call('circle.rename', { circle, name: 'captured' })
    await bob.logged('peer.proof-refused', { did: desktop.did, why: 'not-a-device' })
    await laptop.logged('job.retry', { share: shared.shareId, code: 'peer/refused' })
    t.same(await bob.inbox(), [])
    t.equal((await bob.call('circle.show', { circle })).name, 'team')

    await desktop.start()
    await laptop.logged('identity.learnt', { did: desktop.did, seq: 3 }, 1)
    t.equal(await laptop.codeOf('share.create', { conversation, to: ['bob'], again: true }), 'device/revoked')
    t.equal((await desktop.call('share.list', { side: 'mine' })).shares.length, 0, 'nothing of it is synced')
    t.notOk(desktop.lines.some(({ share }) => share === shared.shareId || share === inTeam.shareId))
    t.equal((await desktop.call('circle.show', { circle })).name, 'team')
  },
)

t.test('the last device, and the one in use, cannot be taken out', async t => {
  const alice = await liveNode(t, 'alice')
  const { devices } = await alice.call('device.list', {})
  t.equal(devices.length, 1)
  t.equal(await alice.codeOf('device.revoke', { device: devices[0]?.device ?? '' }), 'device/current')
  t.equal(await alice.codeOf('device.revoke', { device: 'zzzz' }), 'device/not-found')
})

t.test(
  'bob is a member only and revokes his phone: the node of the circle’s owner makes the new key by itself',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const { circleId: circle } = await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle, contacts: ['bob'] })
    const hasCircle = (node: LiveNode): Promise<void> =>
      node.until('the circle', async () => (await node.call('circle.list', {})).circles.length === 1)
    await hasCircle(bob)
    const phone = await pairedDevice(t, bob, 'phone')
    await hasCircle(phone)
    const before = await epochOf(alice, circle)
    const id = await deviceNamed(bob, 'phone')
    await bob.call('device.revoke', { device: id })
    await alice.until('the new key', async () => (await epochOf(alice, circle)) === before + 1)
    const conversation = await alice.converse('After', 'the word is capstan', 'noted')
    const { shareId } = await alice.call('share.create', { conversation, circles: [circle] })
    await bob.received(shareId)
    t.match(await bob.call('inbox.open', { share: shareId }), { verified: true })
    t.equal(phone.count('circle.key', { circle, epoch: before + 1 }), 0)
    t.same(phone.filesWith(shareId), [])
  },
)

t.test(
  'the device that made the identity is lost: the recovery key takes it out, and signs from then on',
  async t => {
    const desktop = await liveNode(t, 'alice')
    const files = tempFolder(t)
    const [exported, pass] = [join(files, 'alice.vivim'), join(files, 'pass')]
    writeFileSync(pass, 'long enough\n', { mode: 0o600 })
    t.equal((await desktop.vivim(['identity', 'export', exported, '--passphrase-file', pass])).code, 0)
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const { devices } = await laptop.call('device.list', {})
    const lost = devices.find(({ current }) => !current)?.device ?? ''
    await desktop.stop()
    const recovery = ['--recovery', exported, '--export-passphrase-file', pass]
    t.equal((await laptop.fails(['device', 'revoke', lost], 4)).code, 'identity/recovery-needed')
    const { code, out } = await laptop.vivim(['device', 'revoke', lost, ...recovery])
    t.equal(code, 0)
    t.match(JSON.parse(out), { device: lost, changed: true })

    const { node: tablet, code: shown } = await asking(t, laptop, 'tablet')
    t.equal((await laptop.fails(['device', 'approve', shown], 4)).code, 'identity/recovery-needed')
    t.equal((await laptop.vivim(['device', 'approve', shown, ...recovery])).code, 0)
    await joined(tablet, laptop)
    await desktop.start()
    await desktop.until('the desktop to be told', async () =>
      (await desktop.call('system.status', {})).warnings.some(one => one.code === 'device/revoked'),
    )
    t.equal(await desktop.codeOf('device.revoke', { device: 'tablet' }), 'device/revoked')
  },
)

t.test(
  'a phone is revoked while it and the laptop are off: the laptop learns it when it is on, tells the phone, and gives it nothing; the phone’s own log says so',
  async t => {
    const desktop = await liveNode(t, 'alice')
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const phone = await pairedDevice(t, desktop, 'phone')
    await phone.logged('device.synced')
    const id = await deviceNamed(desktop, 'phone')
    await laptop.until('the phone', async () => (await laptop.call('identity.show', {})).devices.length === 3)
    const both = async (one: LiveNode, other: LiveNode) => {
      const { network } = await other.call('system.status', {})
      await one.call('peer.connect', { address: `${network.addrs[0]}/p2p/${network.peerId}` })
    }
    await both(laptop, phone)
    await laptop.stop()
    await phone.stop()
    await desktop.call('device.revoke', { device: id })
    await desktop.call('circle.create', { name: 'after' })
    await laptop.start()
    await both(laptop, desktop)
    await laptop.until('the circle', async () => (await laptop.call('circle.list', {})).circles.length === 1)
    t.match(
      (await laptop.call('device.list', {})).devices.find(({ device }) => device === id),
      { revoked: true },
    )
    await desktop.stop()
    await phone.start()
    await both(phone, laptop)
    await phone.until('the phone to be told', async () =>
      (await phone.call('system.status', {})).warnings.some(one => one.code === 'device/revoked'),
    )
    t.equal(await phone.codeOf('circle.create', { name: 'mine' }), 'device/revoked')
    t.same((await phone.call('circle.list', {})).circles, [], 'what came after it was taken out')
    const { entries } = await phone.call('audit.list', { action: 'circle.create' })
    t.match(entries, [{ outcome: 'device/revoked' }])
    t.match(await phone.call('audit.verify', {}), { ok: true })
  },
)
