import t from 'tap'
import { z } from 'zod'
import { decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { sha256 } from '../../../src/core/crypto/hash.ts'
import { bound, LABELS } from '../../../src/core/crypto/labels.ts'
import { openObject, signedFields, signObject } from '../../../src/core/crypto/signed.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'

const key = new Ed25519Key(systemChance.bytes(32))
const TYPE = LABELS.receipt
const Receipt = z.object({ ...signedFields, at: z.int(), seq: z.int(), note: z.string().optional() })
const maxBytes = 4096
const open = (wire: Uint8Array, crit: readonly string[] = []) =>
  openObject(TYPE, wire, Receipt, { maxBytes, crit })

t.test('alice signs an object and bob reads it, with the fields he does not know', async t => {
  const signed = signObject(TYPE, { at: 5, seq: 1, later: 'kept', note: undefined }, key)
  const opened = open(signed.wire)
  t.equal(opened.payload.at, 5)
  t.strictSame(opened.payload.by, key.publicKey)
  t.equal(Reflect.get(opened.payload, 'later'), 'kept')
  t.notOk('note' in opened.payload, 'undefined is left out')
  t.strictSame(opened.hash, signed.hash)
  const [payload, signature] = decodeCbor(signed.wire, maxBytes) as unknown as [Uint8Array, Uint8Array]
  t.strictSame(signed.hash, sha256(bound(TYPE, payload)), 'the hash leaves the signature out')
  t.strictSame(signature, key.sign(bound(TYPE, payload)))
})

t.test('type, version and signer cannot be given from outside', async t => {
  const { wire } = signObject(TYPE, { type: 'x', v: 9, by: new Uint8Array(32), at: 5, seq: 1 }, key)
  t.match(open(wire).payload, { type: TYPE, v: 1 })
  t.strictSame(open(wire).payload.by, key.publicKey)
})

/** A wire form signed whatever the payload says. */
function signAnything(payload: unknown, type: string = TYPE): Uint8Array {
  const bytes = encodeCbor(payload)
  return encodeCbor([bytes, key.sign(bound(type, bytes))])
}

t.test('every way of being wrong has its code', async t => {
  const by = key.publicKey
  const good = { type: TYPE, v: 1, by, at: 5, seq: 1 }
  t.doesNotThrow(() => open(signAnything(good)))
  const wire = signAnything(good)
  t.throws(() => openObject(TYPE, wire, Receipt, { maxBytes: wire.length - 1 }), { code: 'crypto/too-large' })
  const cases: [string, unknown, string][] = [
    ['another type, signed as this one', { ...good, type: LABELS.notice }, 'crypto/bad-encoding'],
    ['another version', { ...good, v: 2 }, 'crypto/unknown-critical'],
    ['no signer', { ...good, by: null }, 'crypto/bad-encoding'],
    [
      'a signer that did not sign',
      { ...good, by: new Ed25519Key(systemChance.bytes(32)).publicKey },
      'crypto/bad-signature',
    ],
    ['a field of another shape', { ...good, at: 'now' }, 'crypto/bad-encoding'],
    ['a critical field that is not known', { ...good, crit: ['views'], views: 3 }, 'crypto/unknown-critical'],
    ['crit that is no list', { ...good, crit: 'views' }, 'crypto/bad-encoding'],
    ['crit that holds no names', { ...good, crit: [1] }, 'crypto/bad-encoding'],
    ['no map', [good], 'crypto/bad-encoding'],
    ['a text', 'hello', 'crypto/bad-encoding'],
  ]
  for (const [why, payload, code] of cases) t.throws(() => open(signAnything(payload)), { code }, why)
  t.throws(
    () => open(signAnything(good, LABELS.notice)),
    { code: 'crypto/bad-signature' },
    'signed under another label',
  )
  for (const bad of [
    encodeCbor([]),
    encodeCbor([new Uint8Array(1), new Uint8Array(64), null]),
    encodeCbor([encodeCbor(good), new Uint8Array(63)]),
  ])
    t.throws(() => open(bad), { code: 'crypto/bad-encoding' })
  const loose = Uint8Array.from([0xa1, 0x61, 0x61, 0x18, 0x01])
  t.throws(
    () => open(encodeCbor([loose, key.sign(bound(TYPE, loose))])),
    { code: 'crypto/bad-encoding' },
    'a payload that does not re-encode identically, though it is signed',
  )
})

t.test('a reader who knows the critical field reads it', async t => {
  const { wire } = signObject(TYPE, { at: 5, seq: 1, crit: ['views', 'at'], views: 3 }, key)
  t.throws(() => open(wire), { code: 'crypto/unknown-critical' })
  t.equal(Reflect.get(open(wire, ['views']).payload, 'views'), 3)
})
