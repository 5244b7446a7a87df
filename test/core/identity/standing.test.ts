import t from 'tap'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { endSlot, makeSlot, openSlot, parseSlot, slotKey } from '../../../src/core/identity/slot.ts'
import {
  judgeStanding,
  makeStanding,
  parseStanding,
  STANDING_MAX_LIFE_MS,
} from '../../../src/core/identity/standing.ts'
import { sameBytes } from '../../../src/core/kernel/bytes.ts'
import { DAY_MS, makeDevice, makePerson, nextDocument, START_MS } from '../../kit/person.ts'

const alice = makePerson('alice')
const eve = makePerson('eve')
const standing = makeStanding(
  { document: alice.document, peer: alice.peer, rights: ['deliver', 'receive'], seq: 1, atMs: START_MS },
  alice.device.sign,
)

t.test('a device lets its node act, and everybody can see that', async t => {
  const read = parseStanding(standing.wire)
  t.equal(read.did, alice.keystore.did)
  t.same(read.rights, ['deliver', 'receive'])
  t.equal(judgeStanding(read, alice.document, alice.peer, START_MS + DAY_MS), null)
})

t.test('a statement counts for its node, its person and its time only', async t => {
  const judge = (document = alice.document, peer = alice.peer, atMs = START_MS): string | null =>
    judgeStanding(standing, document, peer, atMs)
  t.equal(judge(alice.document, eve.peer), 'other-peer')
  t.equal(judge(eve.document), 'other-did')
  t.equal(judge(alice.document, alice.peer, START_MS + STANDING_MAX_LIFE_MS), 'expired')
  t.equal(judge(alice.document, alice.peer, START_MS - DAY_MS), 'ahead')
})

t.test('a device that was revoked meanwhile vouches for no node', async t => {
  const laptop = makeDevice(alice)
  const next = nextDocument(alice, [alice.device, laptop], [{ ed: alice.device.listed.ed, at: START_MS }])
  t.equal(judgeStanding(standing, next, alice.peer, START_MS), 'not-a-device')
})

t.test('eve cannot vouch for alice', async t => {
  const forged = makeStanding(
    { document: alice.document, peer: eve.peer, rights: ['receive'], seq: 2, atMs: START_MS },
    eve.device.sign,
  )
  t.equal(judgeStanding(forged, alice.document, eve.peer, START_MS), 'not-a-device')
})

const directory = new Ed25519Key(alice.keystore.directory)
const slot = makeSlot(
  {
    seq: 4,
    expiresAtMs: START_MS + DAY_MS,
    document: alice.document,
    peers: [{ peer: alice.peer, addrs: ['/ip4/192.0.2.1/tcp/4747'] }],
  },
  directory,
  alice.keystore.read,
  alice.chance,
)

t.test('a slot is checked by everybody and read with the card only', async t => {
  const read = parseSlot(slot)
  t.equal(read.seq, 4)
  t.ok(sameBytes(read.directory, directory.publicKey))
  t.equal(slotKey(read.directory).length, 32)
  const opened = openSlot(read, alice.keystore.read)
  t.equal(opened?.document.did, alice.keystore.did)
  t.same(opened?.peers, [{ peer: alice.peer, addrs: ['/ip4/192.0.2.1/tcp/4747'] }])
  t.throws(() => openSlot(read, eve.keystore.read), { code: 'crypto/cannot-open' })
})

t.test('a slot tells a storing node neither DID nor address', async t => {
  const seen = Buffer.from(slot)
  t.notOk(seen.includes(alice.keystore.did))
  t.notOk(seen.includes(Buffer.from(alice.identityKey.publicKey)))
  t.notOk(seen.includes('192.0.2.1'))
})

t.test('the last slot is empty and nothing outranks it', async t => {
  const last = parseSlot(endSlot(directory, START_MS + DAY_MS))
  t.equal(last.seq, Number.MAX_SAFE_INTEGER)
  t.equal(openSlot(last, alice.keystore.read), null)
})
