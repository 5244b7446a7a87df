import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Libp2pRecord } from '@libp2p/record'
import { Key } from 'interface-datastore'
import t from 'tap'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { sha256 } from '../../src/core/crypto/hash.ts'
import { bound, LABELS } from '../../src/core/crypto/labels.ts'
import { signObject } from '../../src/core/crypto/signed.ts'
import { endSlot, makeSlot, slotKey } from '../../src/core/identity/slot.ts'
import { toBase32 } from '../../src/core/kernel/bytes.ts'
import { NetworkDatastore, openNetworkDatabase, putter } from '../../src/daemon/network/datastore.ts'
import { checkRecord, newestRecord, recordKey } from '../../src/daemon/network/records.ts'
import { chance, clock, type Home, home, Person, signalOf, until } from '../kit/network-host.ts'

const DAY_MS = 86_400_000
const directory = () => new Ed25519Key(chance.bytes(32))

const slot = (key: Ed25519Key, seq: number, exp = clock.nowMs() + DAY_MS): Uint8Array =>
  signObject(LABELS.slot, { seq, exp, body: chance.bytes(500) }, key).wire

const keyOf = (key: Ed25519Key): Uint8Array => recordKey('vivimid', slotKey(key.publicKey))

/** Nodes of which each knows the first. */
async function town(t: { teardown(stop: () => Promise<void>): void }, count: number): Promise<Home[]> {
  const homes: Home[] = []
  for (let n = 0; n < count; n++) {
    const [first] = homes
    const bootstrap = first === undefined ? [] : [`${first.network.addrs()[0]}/p2p/${first.network.peerId}`]
    homes.push(await home(`node ${n}`, t.teardown, { bootstrap }))
  }
  return homes
}

t.test('a slot that alice puts is found by others after she left, and a newer one replaces it', async t => {
  const [, alice, bob, carol] = await town(t, 4)
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('too few')
  const key = directory()
  const name = slotKey(key.publicKey)
  const first = makeSlot(
    { seq: 1, expiresAtMs: clock.nowMs() + DAY_MS, document: alice.me.document, peers: [] },
    key,
    alice.me.read,
    chance,
  )
  const stored = await until('somebody stores it', () =>
    alice.network.dhtPut('vivimid', name, first, signalOf(5_000)),
  )
  t.ok(stored > 0)
  t.same(await until('bob finds it', () => bob.network.dhtGet('vivimid', name, signalOf(5_000))), first)
  await alice.network.stop()
  const second = slot(key, 2)
  await until('the newer one is stored', () => carol.network.dhtPut('vivimid', name, second, signalOf(5_000)))
  t.same(await bob.network.dhtGet('vivimid', name, signalOf(5_000)), second)
  await t.rejects(carol.network.dhtPut('vivimid', name, first, signalOf(5_000)), { code: 'peer/refused' })
  t.equal(await bob.network.dhtGet('vivimid', slotKey(directory().publicKey), signalOf(5_000)), null)
})

t.test('alone in the world, a put stores here, a get finds it here, and neither waits', async t => {
  const alice = await home('alice', t.teardown)
  const key = directory()
  const value = slot(key, 3)
  t.equal(await alice.network.dhtPut('vivimid', slotKey(key.publicKey), value, signalOf(2_000)), 0)
  t.same(await alice.network.dhtGet('vivimid', slotKey(key.publicKey), signalOf(2_000)), value)
  t.equal(await alice.network.dhtGet('vivimid', chance.bytes(32), signalOf(2_000)), null)
})

t.test('what may stand under a key', async t => {
  const key = directory()
  const good = slot(key, 5)
  const nowMs = clock.nowMs()
  t.equal(checkRecord(keyOf(key), good, nowMs).seq, 5)
  t.equal(checkRecord(keyOf(key), endSlot(key, nowMs + DAY_MS), nowMs).seq, Number.MAX_SAFE_INTEGER)
  const share = directory()
  const recordName = recordKey('vivimrec', sha256(bound(LABELS.record, share.publicKey)))
  const record = signObject(
    LABELS.record,
    { seq: 1, exp: nowMs + DAY_MS, body: chance.bytes(90) },
    share,
  ).wire
  const tombstone = signObject(
    LABELS.tombstone,
    { seq: Number.MAX_SAFE_INTEGER, content: chance.bytes(36) },
    share,
  )
  t.equal(checkRecord(recordName, record, nowMs).seq, 1)
  t.equal(newestRecord(recordName, [record, tombstone.wire], nowMs), 1, 'a tombstone ends a record')
  const flipped = Uint8Array.from(good)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  const bad: [string, Uint8Array, Uint8Array][] = [
    ['a changed signature', keyOf(key), flipped],
    ['bytes that nobody signed', keyOf(key), chance.bytes(300)],
    ['nothing', keyOf(key), new Uint8Array()],
    ["a slot under somebody else's key", keyOf(directory()), good],
    ['a slot under the name of a record', recordKey('vivimrec', slotKey(key.publicKey)), good],
    [
      'a record under the name of a slot',
      recordKey('vivimid', sha256(bound(LABELS.record, share.publicKey))),
      record,
    ],
    ['a slot whose time is over', keyOf(key), slot(key, 6, nowMs - 1)],
    [
      'a slot of another size',
      keyOf(key),
      signObject(LABELS.slot, { seq: 1, exp: nowMs + 1, body: chance.bytes(99_000) }, key).wire,
    ],
    ['a key of another length', keyOf(key).subarray(1), good],
  ]
  for (const [what, name, value] of bad)
    t.throws(() => checkRecord(name, value, nowMs), { name: 'VivimError' }, what)
  t.equal(newestRecord(keyOf(key), [slot(key, 1), flipped, slot(key, 9), good], nowMs), 2)
})

t.test('the store keeps the newest of each key, whoever puts, and so many of one peer', async t => {
  const db = openNetworkDatabase(':memory:')
  t.teardown(() => db.close())
  const refused: string[] = []
  const store = new NetworkDatastore(db, clock, (_peer, why) => refused.push(why))
  const put = (key: Ed25519Key, value: Uint8Array, peer: string | null): void => {
    const name = new Key(`/dht/record/${toBase32(keyOf(key))}`)
    const bytes = new Libp2pRecord(keyOf(key), value, new Date(clock.nowMs())).serialize().subarray()
    if (peer === null) store.put(name, bytes)
    else putter.run(peer, () => store.put(name, bytes))
  }
  const stands = (key: Ed25519Key): Uint8Array =>
    Libp2pRecord.deserialize(store.get(new Key(`/dht/record/${toBase32(keyOf(key))}`))).value
  const key = directory()
  const [old, next, other] = [slot(key, 1), slot(key, 2), slot(key, 2)]
  put(key, old, 'peer-a')
  put(key, next, 'peer-b')
  t.throws(() => put(key, old, 'eve'), { name: 'RecordRefusedError' }, 'a replay')
  t.throws(() => put(key, other, 'eve'), { name: 'RecordRefusedError' }, 'a second of one sequence')
  t.same(stands(key), next)
  t.equal(refused.length, 2)
  const unsigned = Uint8Array.from(slot(directory(), 1))
  t.throws(() => put(directory(), unsigned, 'eve'))
  let kept = 0
  t.throws(() => {
    for (let n = 0; n < 400; n++, kept++) {
      const fresh = directory()
      put(fresh, slot(fresh, 1), 'greedy')
    }
  })
  t.equal(kept, 256)
  const mine = directory()
  put(mine, slot(mine, 1), null)
  t.ok(stands(mine), 'our own are always kept')
  store.put(new Key('/dht/provider/abc/def'), new Uint8Array(8))
  t.notOk(store.has(new Key('/dht/provider/abc/def')))
})

t.test('records, blocked peers and known addresses survive a restart', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'vivim-network-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const path = join(dir, 'network.sqlite')
  const me = new Person('alice')
  const key = directory()
  const value = slot(key, 1)
  const bob = await home('bob', t.teardown)
  const eve = await home('eve', t.teardown)
  const before = await home('alice', t.teardown, {}, path, me)
  await before.network.connect(`${bob.network.addrs()[0]}/p2p/${bob.network.peerId}`, signalOf(5_000))
  await before.network.dhtPut('vivimid', slotKey(key.publicKey), value, signalOf(5_000))
  await before.network.block(eve.network.peerId)
  await before.network.stop()
  const after = await home('alice', t.teardown, {}, path, me)
  t.equal(after.network.peerId, before.network.peerId)
  t.same(await after.network.dhtGet('vivimid', slotKey(key.publicKey), signalOf(5_000)), value)
  await t.rejects(
    after.network.connect(`${eve.network.addrs()[0]}/p2p/${eve.network.peerId}`, signalOf(5_000)),
    { code: 'peer/unreachable' },
  )
  after.host.contacts.set(bob.me.did, [{ peer: bob.network.peerId, addrs: [] }])
  bob.host.contacts.set(me.did, [])
  t.equal((await after.network.prove(me.did, bob.me.did, signalOf(5_000))).peer, bob.network.peerId)
})
