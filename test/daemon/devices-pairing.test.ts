/** A new machine becomes a device: by the code that it shows and by nothing else, and a kill at any step leaves the old or the new. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { vivim } from '../kit/cli.ts'
import { asking, joined, pairedDevice } from '../kit/devices.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

const usersOf = (node: LiveNode): string[] => readdirSync(join(node.home, 'users')).sort()
const folderOf = (did: string): string => did.replaceAll(':', '_')

t.test(
  'a new machine becomes a device of alice: her DID is the only user of that home, under its name',
  async t => {
    const alice = await liveNode(t, 'alice')
    const laptop = await liveNode(t, 'laptop')
    const { card } = await alice.call('contact.card', {})
    const asked = await laptop.call('device.add', { card, name: 'laptop' })
    t.match(asked, { did: alice.did, state: 'waiting', changed: true, code: /^\d{8}$/ })
    t.match(await laptop.call('device.add', { card }), { ...asked, changed: false }, 'the same code again')
    const { pending } = await alice.call('device.list', {})
    t.equal(pending.length, 1)
    t.notOk(JSON.stringify(pending).includes(asked.code ?? '?'), 'the old device does not show the code')

    const words = [asked.code?.slice(0, 4) ?? '', asked.code?.slice(4) ?? '']
    const { code, out } = await alice.vivim(['device', 'approve', ...words])
    t.equal(code, 0)
    const approved = JSON.parse(out)
    t.match(approved, { did: alice.did, changed: true })
    t.match(await alice.call('device.approve', { code: asked.code ?? '' }), {
      device: approved.device,
      changed: false,
    })
    await joined(laptop, alice)
    t.match(await laptop.call('device.add', { card }), { code: null, state: 'approved', changed: false })
    t.match(await laptop.call('identity.show', {}), { did: alice.did, name: 'laptop', sequence: 2 })
    t.same(usersOf(laptop), [folderOf(alice.did)])
    const again = await vivim([
      'init',
      '--home',
      laptop.home,
      '--name',
      'laptop',
      '--no-passphrase',
      '--json',
    ])
    t.match(JSON.parse(again.out), { did: alice.did, changed: false })

    await alice.until('the name and the node of the laptop', async () => {
      const { devices } = await alice.call('device.list', {})
      const found = devices.find(({ device }) => device === approved.device)
      return found?.name === 'laptop' && found.peer !== null && found.lastSeen !== null
    })
    await laptop.stop()
    await laptop.start()
    t.match(await laptop.call('identity.show', {}), { did: alice.did })
  },
)

t.test(
  'a hostile contact has the card too: the code that alice types is not theirs, and she has three tries',
  async t => {
    const alice = await liveNode(t, 'alice')
    const { node: eve, code: theirs } = await asking(t, alice, 'eve')
    const { node: laptop, code: hers } = await asking(t, alice, 'laptop')
    t.not(theirs, hers)
    t.equal((await alice.call('device.list', {})).pending.length, 2, 'both wait')
    await alice.call('device.approve', { code: hers })
    await laptop.logged('device.joining-ended', { state: 'approved' })
    t.equal((await eve.call('device.joining', {})).state, 'waiting')
    t.equal((await alice.call('identity.show', {})).devices.length, 2)

    const wrong = ['00000001', '00000002', '00000003'].filter(code => code !== theirs)
    for (const code of wrong.slice(0, 3))
      t.equal((await alice.fails(['device', 'approve', code], 4)).code, 'device/wrong-code')
    t.equal((await alice.call('device.list', {})).pending.length, 0, 'all requests ended')
    t.equal(await alice.codeOf('device.approve', { code: theirs }), 'device/wrong-code')
    await eve.logged('device.joining-ended', { state: 'refused' })
    t.equal((await alice.call('identity.show', {})).devices.length, 2)
    t.same(usersOf(eve), [folderOf(eve.did)], 'a refused machine is as it was')
  },
)

t.test('with a renewed or made-up card nobody may even ask', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const laptop = await liveNode(t, 'laptop')
  const { encodeCard, parseCard } = await import('../../src/core/identity/card.ts')
  const { card } = await alice.call('contact.card', {})
  const guessed = encodeCard({ ...parseCard(card), read: new Uint8Array(16) })
  t.equal(await laptop.codeOf('device.add', { card: guessed }), 'device/refused')
  const other = await bob.call('contact.card', {})
  const mixed = encodeCard({ ...parseCard(card), did: parseCard(other.card).did })
  t.equal(await laptop.codeOf('device.add', { card: mixed }), 'device/refused')
  t.equal((await alice.call('device.list', {})).pending.length, 0)
})

t.test('a home that is in use does not become another person', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const carol = await liveNode(t, 'carol')
  await introduce(bob, carol)
  const { card } = await alice.call('contact.card', {})
  const refused = await bob.fails(['device', 'add', card], 6)
  t.equal(refused.code, 'device/home-used')
  t.match(refused.hint, /vivim init/)
  t.match(await bob.call('contact.list', {}), { contacts: [{ name: 'carol' }] }, 'nothing was lost')
})

t.test('a home with a passphrase keeps the keys of the new device under one', async t => {
  const alice = await liveNode(t, 'alice')
  const locked = await liveNode(t, 'laptop', { passphrase: 'first' })
  const { card } = await alice.call('contact.card', {})
  t.equal((await locked.fails(['device', 'add', card], 2)).code, 'usage/input-needed')
  const { node, code } = await asking(t, alice, 'tablet', { passphrase: 'correct horse' })
  await alice.call('device.approve', { code })
  await joined(node, alice)
  await node.stop()
  await node.start()
  t.equal(await node.codeOf('circle.create', { name: 'team' }), 'keystore/locked')
  t.equal(await node.codeOf('keystore.unlock', { passphrase: 'first' }), 'keystore/wrong-passphrase')
  await node.call('keystore.unlock', { passphrase: 'correct horse' })
  t.equal(await node.codeOf('circle.create', { name: 'team' }), null)
})

t.test('the new machine is killed while it waits: it is as it was, and may ask again', async t => {
  const alice = await liveNode(t, 'alice')
  const { node: laptop, code } = await asking(t, alice, 'laptop')
  const own = laptop.did
  await laptop.kill()
  await laptop.start()
  t.match(await laptop.call('identity.show', {}), { did: own, sequence: 1 })
  t.equal((await laptop.call('device.joining', {})).state, 'none')
  const { card } = await alice.call('contact.card', {})
  const again = await laptop.call('device.add', { card })
  t.not(again.code, code)
  t.equal((await alice.call('device.list', {})).pending.length, 1, 'one node asks for one device')
  await alice.call('device.approve', { code: again.code ?? '' })
  await joined(laptop, alice)
  t.match(await laptop.call('identity.show', {}), { did: alice.did, sequence: 2 })
})

t.test('the old machine is killed after it approved: the new one collects what it was given', async t => {
  const alice = await liveNode(t, 'alice')
  const { node: laptop, code } = await asking(t, alice, 'laptop')
  process.kill(laptop.pid, 'SIGSTOP')
  await alice.call('device.approve', { code })
  await alice.kill()
  process.kill(laptop.pid, 'SIGCONT')
  await alice.start()
  await joined(laptop, alice)
  t.match(await laptop.call('identity.show', {}), { did: alice.did, sequence: 2 })
})

t.test('a kill between the new folder and the end of the old one is finished at the next start', async t => {
  const alice = await liveNode(t, 'alice')
  const laptop = await pairedDevice(t, alice, 'laptop')
  await laptop.kill()
  // What a kill leaves: the unused user is still there, and the note that says whose place was taken.
  const unused = 'did:key:z6MkjRoyPzH9wDqTnvPiY3znutXJgBH75doruSC9DXuTV71d'
  const folder = join(laptop.home, 'users', folderOf(unused))
  mkdirSync(folder)
  writeFileSync(join(folder, 'keystore'), 'left behind')
  writeFileSync(join(laptop.userFolder, 'replaces'), unused)
  await laptop.start()
  t.same(usersOf(laptop), [folderOf(alice.did)])
  t.notOk(existsSync(join(laptop.userFolder, 'replaces')))
  t.match(await laptop.call('identity.show', {}), { did: alice.did })
})
