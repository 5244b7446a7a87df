import t from 'tap'
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { LABELS } from '../../../src/core/crypto/labels.ts'
import { signObject } from '../../../src/core/crypto/signed.ts'
import {
  activeDevices,
  DOCUMENT_MAX_BYTES,
  DOCUMENT_MAX_LIFE_MS,
  deviceOf,
  type IdentityDocument,
  parseDocument,
  signDocument,
  signDocumentByRecovery,
} from '../../../src/core/identity/document.ts'
import { recoveryKeys } from '../../../src/core/identity/recovery.ts'
import { decideDocument, documentTime, sharedDevices } from '../../../src/core/identity/succession.ts'
import { sameBytes } from '../../../src/core/kernel/bytes.ts'
import { documentFields, makeDevice, makePerson, nextDocument, START_MS } from '../../kit/person.ts'

const alice = makePerson('alice')
const eve = makePerson('eve')
const laptop = makeDevice(alice)

/** The payload of a document as a map that may be changed and signed again. */
function payloadOf(document: IdentityDocument): Record<string, CborValue> {
  const [payload] = decodeCbor(document.wire, DOCUMENT_MAX_BYTES) as [Uint8Array]
  return { ...(decodeCbor(payload, DOCUMENT_MAX_BYTES) as Record<string, CborValue>) }
}
const resign = (change: Record<string, CborValue | undefined>, key = alice.identityKey): Uint8Array =>
  signObject(LABELS.identity, { ...payloadOf(alice.document), ...change }, key).wire

t.test('a document tells whose it is, which devices speak, and where they are at home', async t => {
  const read = parseDocument(alice.document.wire)
  t.equal(read.did, alice.keystore.did)
  t.equal(read.seq, 1)
  t.equal(read.byRecovery, false)
  t.same(read.peers, [alice.peer])
  t.ok(deviceOf(read, alice.device.sign.publicKey))
  t.equal(deviceOf(read, laptop.sign.publicKey), null)
})

t.test('a document by another key than that of its DID is refused', async t => {
  t.throws(() => parseDocument(resign({}, eve.identityKey)), { code: 'identity/invalid' })
  t.throws(() => parseDocument(resign({ did: eve.keystore.did })), { code: 'identity/invalid' })
})

t.test('one changed byte anywhere is found', async t => {
  const wire = alice.document.wire
  for (let at = 0; at < wire.length; at += 7) {
    const changed = Uint8Array.from(wire)
    changed[at] = (changed[at] ?? 0) ^ 1
    t.throws(() => parseDocument(changed), { name: 'VivimError' }, `byte ${at}`)
  }
})

t.test('a document over its limits is refused', async t => {
  const device = { ...alice.device.listed }
  const many = Array.from({ length: 17 }, () => makeDevice(alice).listed).map(({ ed, kem, at }) => ({
    ed,
    kem,
    at,
  }))
  t.throws(() => parseDocument(resign({ devices: many })), { code: 'crypto/bad-encoding' })
  t.throws(() => parseDocument(resign({ devices: [] })), { code: 'crypto/bad-encoding' })
  t.throws(() => parseDocument(resign({ devices: [device, device] })), { code: 'identity/invalid' })
  t.throws(() => parseDocument(resign({ devices: [{ ...device, ed: alice.identityKey.publicKey }] })), {
    code: 'identity/invalid',
  })
  t.throws(() => parseDocument(resign({ exp: START_MS + DOCUMENT_MAX_LIFE_MS + 1 })), {
    code: 'identity/invalid',
  })
  t.throws(() => parseDocument(resign({ exp: START_MS })), { code: 'identity/invalid' })
  t.throws(() => parseDocument(resign({ seq: 0 })), { code: 'crypto/bad-encoding' })
  t.throws(() => parseDocument(resign({ note: 'x'.repeat(DOCUMENT_MAX_BYTES) })), {
    code: 'crypto/too-large',
  })
})

t.test('a device whose keys nobody could be sealed to is refused', async t => {
  const { ed, kem, at } = alice.device.listed
  const notReduced = Uint8Array.from(kem).fill(0xff, 0, 3)
  t.throws(() => parseDocument(resign({ devices: [{ ed, kem: notReduced, at }] })), {
    code: 'crypto/bad-key',
  })
  const lowOrder = Uint8Array.from(kem).fill(0, 1184)
  t.throws(() => parseDocument(resign({ devices: [{ ed, kem: lowOrder, at }] })), { code: 'crypto/bad-key' })
})

t.test('an unknown field is kept, an unknown critical one refused', async t => {
  t.equal(parseDocument(resign({ hobby: 'chess' })).seq, 1)
  t.throws(() => parseDocument(resign({ hobby: 'chess', crit: ['hobby'] })), {
    code: 'crypto/unknown-critical',
  })
})

t.test('a revoked device does not count, though it is still listed', async t => {
  const { ed } = alice.device.listed
  const next = nextDocument(alice, [alice.device, laptop], [{ ed, at: START_MS }])
  t.equal(deviceOf(next, ed), null)
  t.equal(activeDevices(next).length, 1)
})

t.test('a newer document is taken, an older one is a rollback, the same one is nothing new', async t => {
  const second = nextDocument(alice, [alice.device, laptop])
  t.equal(decideDocument(null, alice.document), 'accept')
  t.equal(decideDocument(alice.document, second), 'accept')
  t.equal(decideDocument(second, alice.document), 'older')
  t.equal(decideDocument(second, second), 'same')
  t.equal(decideDocument(alice.document, eve.document), 'foreign')
})

t.test('of two documents with one sequence neither adds a device', async t => {
  const mine = nextDocument(alice, [alice.device, laptop])
  const phone = makeDevice(alice)
  const other = nextDocument(alice, [alice.device, phone])
  t.equal(decideDocument(mine, other), 'conflict')
  const left = sharedDevices(mine, other)
  t.equal(left.length, 1)
  t.ok(sameBytes(left[0]?.ed ?? new Uint8Array(0), alice.device.listed.ed))
})

t.test('a document by the recovery key outranks all others, whatever their sequence', async t => {
  const stolen = nextDocument(alice, [makeDevice(alice)], [], 900)
  const recovered = signDocumentByRecovery(
    documentFields(alice, { seq: 2, devices: [laptop.listed] }),
    alice.recovery,
    alice.document,
  )
  t.equal(recovered.byRecovery, true)
  t.equal(decideDocument(stolen, recovered), 'accept')
  t.equal(decideDocument(recovered, stolen), 'outranked')
  const later = signDocumentByRecovery(documentFields(alice, { seq: 3 }), alice.recovery, alice.document)
  t.equal(decideDocument(recovered, later), 'accept')
  t.equal(decideDocument(later, recovered), 'older')
})

t.test('nobody else can recover alice: her identity key must have chosen the recovery key', async t => {
  const evil = recoveryKeys(new Uint8Array(32).fill(6))
  const fields = documentFields(alice, { seq: 5, recovery: evil.commitment, devices: [eve.device.listed] })
  t.throws(() => signDocumentByRecovery(fields, evil, alice.document), { code: 'identity/invalid' })
  t.throws(() => signDocumentByRecovery(fields, evil, eve.document), { code: 'identity/invalid' })
  t.throws(
    () => signDocumentByRecovery({ ...fields, recovery: alice.recovery.commitment }, evil, alice.document),
    {
      code: 'identity/invalid',
    },
  )
})

t.test(
  'a thief of the identity key cannot choose another recovery key for those who know the first',
  async t => {
    const evil = recoveryKeys(new Uint8Array(32).fill(6))
    const forged = signDocument(
      documentFields(alice, { seq: 9, recovery: evil.commitment }),
      alice.identityKey,
    )
    t.equal(decideDocument(alice.document, forged), 'foreign')
  },
)

t.test('moving to another DID counts only when the recovery key says so', async t => {
  const moved = signDocumentByRecovery(
    { ...documentFields(alice, { seq: 2 }), movedTo: eve.keystore.did },
    alice.recovery,
    alice.document,
  )
  t.equal(moved.movedTo, eve.keystore.did)
  t.equal(parseDocument(resign({ movedTo: eve.keystore.did })).movedTo, null)
})

t.test('a document from the future waits, an expired one is over', async t => {
  t.equal(documentTime(alice.document, START_MS), 'current')
  t.equal(documentTime(alice.document, START_MS - 60 * 60_000), 'ahead')
  t.equal(documentTime(alice.document, START_MS - 1_000), 'current')
  t.equal(documentTime(alice.document, alice.document.expiresAtMs), 'expired')
})

t.test('the recovery keys follow from the seed alone', async t => {
  const again = recoveryKeys(alice.recoverySeed)
  t.ok(sameBytes(again.commitment, alice.recovery.commitment))
  t.ok(sameBytes(new Ed25519Key(alice.recoverySeed).publicKey, again.publicKeys.ed) === false)
})

t.test('garbage is refused with a code', async t => {
  for (const wire of [
    new Uint8Array(0),
    Uint8Array.of(0xff),
    encodeCbor([]),
    encodeCbor([new Uint8Array(3), new Uint8Array(64)]),
  ])
    t.throws(() => parseDocument(wire), { name: 'VivimError' })
})
