import * as Automerge from '@automerge/automerge'
import t from 'tap'
import { sameBytes, toBase32, toHex } from '../../src/core/kernel/bytes.ts'
import { CircleId } from '../../src/core/model/id.ts'
import { appendCircleEntries, CircleConversation } from '../../src/daemon/network/circle-document.ts'
import { chance, type Home, home, knows, signalOf } from '../kit/network-host.ts'

const newCircle = (): CircleId => CircleId.parse(toBase32(chance.bytes(16)))
const entries = (count: number): Uint8Array[] => Array.from({ length: count }, () => chance.bytes(290))
const names = (list: readonly Uint8Array[]): string[] => list.map(toHex).sort()

function joins(homes: readonly Home[], circle: CircleId): void {
  for (const { host } of homes)
    host.circles.set(circle, {
      members: new Set(homes.map(({ me }) => me.did)),
      document: null,
      entries: [],
    })
}

async function twoMembers(t: { teardown(stop: () => Promise<void>): void }): Promise<[Home, Home]> {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  return [alice, bob]
}

const held = ({ host }: Home, circle: CircleId): string[] => names(host.circles.get(circle)?.entries ?? [])

t.test('alice and bob wrote apart; after one conversation both have everything', async t => {
  const [alice, bob] = await twoMembers(t)
  const circle = newCircle()
  joins([alice, bob], circle)
  const [hers, his] = [entries(40), entries(25)]
  alice.host.circles.get(circle)?.entries.push(...hers)
  bob.host.circles.get(circle)?.entries.push(...his)
  await alice.network.sync(alice.me.did, bob.me.did, signalOf(10_000))
  const all = names([...hers, ...his])
  t.same(held(alice, circle), all)
  t.same(held(bob, circle), all)
})

t.test('three thousand entries cross in one conversation, and one more is a small one', async t => {
  const [alice, bob] = await twoMembers(t)
  const circle = newCircle()
  joins([alice, bob], circle)
  const all = entries(3_000)
  alice.host.circles.get(circle)?.entries.push(...all)
  await bob.network.sync(bob.me.did, alice.me.did, signalOf(30_000))
  t.same(held(bob, circle), names(all))
  const one = chance.bytes(200)
  alice.host.circles.get(circle)?.entries.push(one)
  await alice.network.sync(alice.me.did, bob.me.did, signalOf(30_000))
  await bob.network.sync(bob.me.did, alice.me.did, signalOf(30_000))
  t.ok(bob.host.circles.get(circle)?.entries.some(entry => sameBytes(entry, one)))
})

t.test('a circle of which the other is no member is not spoken of', async t => {
  const [alice, bob] = await twoMembers(t)
  const [shared, secret] = [newCircle(), newCircle()]
  joins([alice, bob], shared)
  joins([alice], secret)
  // Bob would like to have it, and says that alice is a member.
  bob.host.circles.set(secret, { members: new Set([alice.me.did]), document: null, entries: [] })
  alice.host.circles.get(secret)?.entries.push(...entries(3))
  alice.host.circles.get(shared)?.entries.push(...entries(3))
  await bob.network.sync(bob.me.did, alice.me.did, signalOf(10_000))
  t.equal(bob.host.circles.get(shared)?.entries.length, 3)
  t.equal(bob.host.circles.get(secret)?.entries.length, 0)
})

t.test('a locked bob says so, and nothing moves', async t => {
  const [alice, bob] = await twoMembers(t)
  const circle = newCircle()
  joins([alice, bob], circle)
  bob.host.locked = true
  await t.rejects(alice.network.sync(alice.me.did, bob.me.did, signalOf(10_000)), { code: 'peer/refused' })
  bob.host.locked = false
  alice.host.locked = true
  await t.rejects(alice.network.sync(alice.me.did, bob.me.did, signalOf(10_000)), { code: 'keystore/locked' })
})

type Shape = { entries: unknown[]; more?: string }

/** What eve, who is a member and has the document, may try. */
const tricks: Record<string, (doc: Shape) => void> = {
  'deletes an entry': doc => {
    doc.entries.splice(0, 1)
  },
  'overwrites an entry': doc => {
    doc.entries[0] = new Uint8Array(8)
  },
  'replaces the list': doc => {
    doc.entries = []
  },
  'adds something beside the list': doc => {
    doc.more = 'x'
  },
  'appends text': doc => {
    doc.entries.push('text')
  },
  'appends a map': doc => {
    doc.entries.push({})
  },
  'appends an entry without end': doc => {
    doc.entries.push(new Uint8Array(200_000))
  },
}
for (const [what, trick] of Object.entries(tricks))
  t.test(`a change of eve's that ${what} is refused, and what was there stays`, async t => {
    const saved = (await appendCircleEntries(null, entries(5), chance)) ?? new Uint8Array()
    let eve = Automerge.change(Automerge.load<Shape>(saved), { time: 0 }, trick)
    const conversation = await CircleConversation.open(saved, chance)
    let state = Automerge.initSyncState()
    t.throws(
      () => {
        for (let turn = 0; turn < 8; turn++) {
          const [next, message] = Automerge.generateSyncMessage(eve, state)
          state = next
          if (message !== null) conversation.receive(message)
          const answer = conversation.next()
          if (answer !== null) [eve, state] = Automerge.receiveSyncMessage(eve, state, answer)
        }
      },
      { code: 'peer/protocol' },
    )
    t.equal(conversation.result(), null)
  })

t.test('bytes that are no sync message are refused, and the conversation could go on', async t => {
  const conversation = await CircleConversation.open(null, chance)
  for (const bytes of [new Uint8Array(), chance.bytes(10), chance.bytes(5_000)])
    t.throws(() => conversation.receive(bytes), { code: 'peer/protocol' })
  t.ok(conversation.next())
})
