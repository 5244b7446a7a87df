/** A card is renewed: who is to have the new one gets it by themselves, whoever kept the old one has nothing. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { parseEntry } from '../../src/core/circle/entry.ts'
import { reduceCircle } from '../../src/core/circle/reduce.ts'
import { parseCard } from '../../src/core/identity/card.ts'
import { LAST_SEQUENCE } from '../../src/core/identity/field.ts'
import { parseSlot } from '../../src/core/identity/slot.ts'
import { sameBytes } from '../../src/core/kernel/bytes.ts'
import { CircleId } from '../../src/core/model/id.ts'
import { startEve } from '../kit/eve.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(240_000)

const cardOf = async (node: LiveNode): Promise<string> => (await node.call('contact.card', {})).card

/** The card that a person's node keeps of somebody. */
function kept(node: LiveNode, of: LiveNode): string | null {
  const db = new Database(join(node.userFolder, 'user.db'), { readonly: true })
  try {
    const row = db.prepare('SELECT card FROM contact WHERE did = ?').get(of.did) as
      | { card: string }
      | undefined
    return row?.card ?? null
  } finally {
    db.close()
  }
}

/** The card of a member as the circle's log brought it. */
function inLog(node: LiveNode, circle: string, of: LiveNode): string | null {
  const db = new Database(join(node.userFolder, 'user.db'), { readonly: true })
  try {
    const rows = db.prepare('SELECT wire FROM circle_entry WHERE circle_id = ?').all(circle) as {
      wire: Buffer
    }[]
    const entries = rows.map(({ wire }) => parseEntry(Uint8Array.from(wire)))
    const { members } = reduceCircle(CircleId.parse(circle), entries)
    return members.find(({ did }) => did === of.did)?.card ?? null
  } finally {
    db.close()
  }
}

const directoryOf = (card: string | null): string =>
  card === null ? '' : Buffer.from(parseCard(card).directory).toString('hex')

t.test(
  'alice renews her card: bob has it at once, carol when she comes, eve and strangers never',
  async t => {
    const [alice, bob, carol, mallory, dave] = await Promise.all([
      liveNode(t, 'alice', { passphrase: 'hers' }),
      ...['bob', 'carol', 'mallory', 'dave'].map(name => liveNode(t, name)),
    ])
    if (!alice || !bob || !carol || !mallory || !dave) throw new Error('five nodes were asked for')
    for (const node of [bob, carol, mallory]) await introduce(alice, node)
    const { circleId: circle } = await bob.call('circle.create', { name: 'team' })
    await introduce(bob, dave)
    await bob.call('circle.add', { circle, contacts: ['alice', 'dave'] })
    await dave.until('the circle', async () => (await dave.call('circle.list', {})).circles.length === 1)
    await alice.until('the circle', async () => (await alice.call('circle.list', {})).circles.length === 1)
    await alice.call('contact.block', { contact: 'mallory' })
    await carol.stop()
    const eve = await startEve(t)
    const ready = await alice.call('system.status', {})
    await eve.connect(`${ready.network.addrs[0]}/p2p/${ready.network.peerId}`)

    const old = await cardOf(alice)
    const renewed = await alice.call('contact.renewCard', {})
    t.match(renewed, { did: alice.did, told: 2, changed: true })
    t.not(directoryOf(renewed.card), directoryOf(old))
    await bob.until('the new card', async () => directoryOf(kept(bob, alice)) === directoryOf(renewed.card))
    await dave.until(
      'the new card in the log',
      async () => directoryOf(inLog(dave, circle, alice)) === directoryOf(renewed.card),
    )
    await carol.start()
    await carol.until(
      'the new card',
      async () => directoryOf(kept(carol, alice)) === directoryOf(renewed.card),
    )
    t.equal(directoryOf(kept(mallory, alice)), directoryOf(old), 'who is blocked is not told')

    const { directory } = parseCard(old)
    await alice.until('the old slot to end', async () =>
      eve.got.some(bytes => {
        try {
          const slot = parseSlot(bytes)
          return sameBytes(slot.directory, directory) && slot.seq === LAST_SEQUENCE && slot.body.length === 0
        } catch {
          return false
        }
      }),
    )
    const frank = await liveNode(t, 'frank')
    t.equal((await frank.call('contact.add', { card: old, name: 'alice' })).reachable, false, 'the old card')
    t.equal((await frank.call('contact.add', { card: renewed.card })).reachable, true, 'the new one')

    const conversation = await bob.converse('Tea', 'the word is halyard', 'noted')
    await alice.stop()
    await alice.start()
    t.equal(await cardOf(alice), renewed.card, 'it stays through a restart, and under the same passphrase')
    t.equal(await alice.codeOf('keystore.unlock', { passphrase: 'guessed' }), 'keystore/wrong-passphrase')
    await alice.call('keystore.unlock', { passphrase: 'hers' })
    const share = await bob.call('share.create', { conversation, to: ['alice'] })
    await alice.received(share.shareId)
    t.equal(alice.count('card.renewed'), 1)
  },
)

t.test('a letter that was sealed before does not bring the old card back', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const conversation = await alice.converse('Tea', 'the word is halyard', 'noted')
  await bob.stop()
  const share = await alice.call('share.create', { conversation, to: ['bob'] })
  const { card } = await alice.call('contact.renewCard', {})
  await bob.start()
  await alice.acknowledged(share.shareId)
  await alice.logged('card.delivered', { target: bob.did })
  const again = await alice.call('share.create', { conversation, to: ['bob'], again: true })
  await bob.received(again.shareId)
  t.equal(directoryOf(kept(bob, alice)), directoryOf(card))
})

t.test('bob gave alice a card and renewed it: what she shares waits until he lets her know him', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  const old = await cardOf(bob)
  await bob.call('contact.renewCard', {})
  t.match(await alice.call('contact.add', { card: old, name: 'bob' }), { reachable: false, changed: true })
  const conversation = await alice.converse('Tea', 'the word is halyard', 'noted')
  const share = await alice.call('share.create', { conversation, to: ['bob'] })
  await alice.logged('job.retry', { kind: 'grant', code: 'contact/keys-unknown' })
  t.match(await alice.call('share.show', { share: share.shareId }), {
    state: 'queued',
    recipients: [{ state: 'pending' }],
  })
  await bob.call('contact.add', { card: await cardOf(alice), name: 'alice' })
  await alice.acknowledged(share.shareId)
  await bob.received(share.shareId)
})

t.test('a renewal that a kill cut off is told at the next start', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  await bob.stop()
  const { card } = await alice.call('contact.renewCard', {})
  await alice.kill()
  const db = new Database(join(alice.userFolder, 'user.db'))
  const master = new Database(join(alice.home, 'master.sqlite'))
  // As it stands between the new keys and the jobs that tell of them.
  db.prepare("UPDATE profile SET value = '' WHERE key = 'card.told'").run()
  t.equal(master.prepare("DELETE FROM job WHERE kind = 'card'").run().changes, 1)
  db.close()
  master.close()
  await alice.start()
  await bob.start()
  await bob.until('the new card', async () => directoryOf(kept(bob, alice)) === directoryOf(card))
})
