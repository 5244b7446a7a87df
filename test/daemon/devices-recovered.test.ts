/** A person takes their identity back while another device of theirs is still there: what that one hands back, and what it does not. */
import t from 'tap'
import { pairedDevice } from '../kit/devices.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { EXPORT_PASSPHRASE, recovered } from '../kit/recovery.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]

async function meet(from: LiveNode, to: LiveNode): Promise<void> {
  const { network } = await to.call('system.status', {})
  await from.call('peer.connect', { address: `${network.addrs[0]}/p2p/${network.peerId}` })
}

/** Alice on a desktop and a laptop, bob, a circle of both, a share of hers and one of his; an export of her identity. */
async function aliceAndBob(t: T) {
  const desktop = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(desktop, bob)
  const { circleId: circle } = await desktop.call('circle.create', { name: 'team' })
  await desktop.call('circle.add', { circle, contacts: ['bob'] })
  const laptop = await pairedDevice(t, desktop, 'laptop', { history: true })
  const tea = await desktop.converse('Tea', 'the word is halyard', 'noted')
  const mine = await desktop.call('share.create', { conversation: tea, to: ['bob'] })
  await desktop.acknowledged(mine.shareId)
  const coffee = await bob.converse('Coffee', 'the word is bowsprit', 'noted')
  const theirs = await bob.call('share.create', { conversation: coffee, to: ['alice'] })
  for (const node of [desktop, laptop])
    await node.until('both shares', async () => {
      const { shares } = await node.call('share.list', { side: 'mine' })
      return (
        shares.some(({ shareId }) => shareId === mine.shareId) &&
        (await node.inbox()).some(({ shareId }) => shareId === theirs.shareId)
      )
    })
  const { fileB64 } = await desktop.call('identity.export', { passphrase: EXPORT_PASSPHRASE, words: false })
  return { desktop, laptop, bob, circle, mine, theirs, fileB64 }
}

t.test(
  'the desktop is lost and the laptop kept: it hands back contacts, circle, shares and what was received, and the recovered home takes a share back',
  async t => {
    const { desktop, laptop, bob, circle, mine, theirs, fileB64 } = await aliceAndBob(t)
    await desktop.stop()
    // He would hand the share and the circle back, too.
    await bob.stop()
    const documentB64 = (await laptop.call('identity.show', {})).document.wireB64
    const recover = { fileB64, filePassphrase: EXPORT_PASSPHRASE, documentB64, keepOthers: true }
    const now = await recovered(t, 'alice', recover)
    t.same((await now.call('circle.list', {})).circles, [])
    await meet(now, laptop)
    await laptop.logged('identity.learnt', { did: desktop.did })
    await now.until('the circle, both shares and the name of bob', async () => {
      const { circles } = await now.call('circle.list', {})
      const { shares } = await now.call('share.list', { side: 'mine' })
      return (
        circles.some(({ circleId }) => circleId === circle) &&
        shares.some(({ shareId }) => shareId === mine.shareId) &&
        (await now.inbox()).some(({ shareId }) => shareId === theirs.shareId)
      )
    })
    t.match(await now.call('contact.list', {}), { contacts: [{ name: 'bob', did: bob.did }] })
    const opened = await now.call('inbox.open', { share: theirs.shareId })
    t.equal(opened.conversation.messages[0]?.text, 'the word is bowsprit')
    await bob.start()
    await meet(now, bob)
    await now.call('share.revoke', { share: mine.shareId })
    await bob.until('it to be gone', async () => (await bob.inbox()).length === 0)
    await laptop.until('it to have ended there too', async () =>
      (await laptop.call('share.list', { side: 'mine' })).shares.every(({ state }) => state === 'revoked'),
    )
    const word = await bob.converse('For the team', 'the word is capstan', 'noted')
    const { shareId } = await bob.call('share.create', { conversation: word, circles: [circle] })
    for (const node of [now, laptop])
      await node.until('what bob shared with the circle', async () =>
        (await node.inbox()).some(one => one.shareId === shareId),
      )
    t.match(await now.call('inbox.open', { share: shareId }), { verified: true })
  },
)

t.test(
  'without --keep-others the laptop is taken out with the desktop: it is told, and hands nothing over',
  async t => {
    const { desktop, laptop, bob, mine, fileB64 } = await aliceAndBob(t)
    await desktop.stop()
    // He would hand the share back.
    await bob.stop()
    const now = await recovered(t, 'alice', { fileB64, filePassphrase: EXPORT_PASSPHRASE })
    await meet(now, laptop)
    await laptop.until('the laptop to be told', async () =>
      (await laptop.call('system.status', {})).warnings.some(one => one.code === 'device/revoked'),
    )
    t.equal(await laptop.codeOf('share.revoke', { share: mine.shareId }), 'device/revoked')
    t.same((await now.call('share.list', { side: 'mine' })).shares, [])
    t.equal(now.count('device.synced'), 0)
    t.match(await now.call('device.list', {}), { devices: [{ current: true, revoked: false }, {}, {}] })
  },
)
