import { hashes, Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import t from 'tap'
import type { CryptoBackend } from '../../../src/core/crypto/backend.ts'
import {
  checkEd25519PublicKey,
  Ed25519Key,
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
} from '../../../src/core/crypto/ed25519.ts'
import { nativeBackend } from '../../../src/core/crypto/native.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'
import { readVectors, unhex } from './vector-file.ts'

hashes.sha512 = sha512
const BACKENDS: readonly CryptoBackend[] = [nativeBackend, portableBackend]

for (const backend of BACKENDS) {
  t.test(`RFC 8032 vectors, ${backend.name}`, async t => {
    for (const v of readVectors<Record<string, string>[]>('published/ed25519.json')) {
      const [seed, key, message, signature] = ['seed', 'public', 'message', 'signature'].map(f =>
        unhex(v[f] ?? ''),
      )
      if (!seed || !key || !message || !signature) throw new Error('vector')
      t.strictSame(ed25519PublicKey(seed, backend), key, `${v.name}: public key`)
      t.strictSame(ed25519Sign(seed, message, backend), signature, `${v.name}: signature`)
      t.ok(ed25519Verify(key, message, signature, backend), `${v.name}: verifies`)
      t.notOk(
        ed25519Verify(key, Uint8Array.of(...message, 1), signature, backend),
        `${v.name}: other message`,
      )
    }
  })

  t.test(`published edge cases of "Taming the many EdDSAs", ${backend.name}`, async t => {
    for (const v of readVectors<{ why: string; accept: boolean; [f: string]: string | boolean }[]>(
      'published/ed25519-speccheck.json',
    )) {
      const part = (field: string) => unhex(String(v[field]))
      t.equal(ed25519Verify(part('public'), part('message'), part('signature'), backend), v.accept, v.why)
    }
  })
}

const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n

const toLittle = (value: bigint, sign = 0): Uint8Array => {
  const bytes = unhex(value.toString(16).padStart(64, '0')).reverse()
  bytes[31] = (bytes[31] ?? 0) | (sign << 7)
  return bytes
}
const fromLittle = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
const challenge = (r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint =>
  fromLittle(sha512(Buffer.concat([r, a, message]))) % L

const T8 = Point.fromBytes(toLittle(Y8), false)
const SMALL = Array.from({ length: 8 }, (_, i) => (i === 0 ? Point.ZERO : T8.multiply(BigInt(i), false)))
const SCALAR = 0x1234567890abcdef1234567890abcdefn
const R_SCALAR = 0xfedcba0987654321fedcba0987654321n

interface Case {
  readonly name: string
  readonly a: Uint8Array
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly accept: boolean
}

/** A signature made by hand: A = a·B + tA, R = r·B + tR, S = r + h·a (+ what `change` does), over the first message that `wanted` likes. */
function forge(
  name: string,
  accept: boolean,
  make: {
    a?: bigint
    tA?: Point
    r?: bigint
    tR?: Point
    aBytes?: Uint8Array
    rBytes?: Uint8Array
    addS?: bigint
  },
  wanted: (h: bigint) => boolean = () => true,
): Case {
  const a = make.a ?? SCALAR
  const r = make.r ?? R_SCALAR
  const A =
    make.aBytes ??
    Point.BASE.multiply(a, false)
      .add(make.tA ?? Point.ZERO)
      .toBytes()
  const R =
    make.rBytes ??
    Point.BASE.multiply(r, false)
      .add(make.tR ?? Point.ZERO)
      .toBytes()
  for (let i = 0; ; i++) {
    const message = Uint8Array.of(i & 255, i >> 8)
    const h = challenge(R, A, message)
    if (!wanted(h)) continue
    const s = ((r + h * a) % L) + (make.addS ?? 0n)
    return { name, accept, a: A, message, signature: new Uint8Array(Buffer.concat([R, toLittle(s)])) }
  }
}

const CASES: readonly Case[] = [
  ...SMALL.map((small, i) =>
    // With A of order n and h ≡ 0 (mod 8), S = r makes the equation hold.
    forge(`A of small order, ${i} × T8`, false, { a: 0n, tA: small }, h => h % 8n === 0n),
  ),
  forge('A is the identity, any message', false, { a: 0n, tA: Point.ZERO }),
  forge('A not canonical: y = p + 1', false, { a: 0n, aBytes: toLittle(P + 1n) }),
  forge('A not canonical: y = 1 with the sign bit', false, { a: 0n, aBytes: toLittle(1n, 1) }),
  forge('A of mixed order, h a multiple of 8', true, { tA: T8 }, h => h % 8n === 0n),
  forge('A of mixed order, h not a multiple of 8', false, { tA: T8 }, h => h % 8n !== 0n),
  forge('R with a component of small order', false, { tR: T8 }),
  forge('R of small order, the equation holds with the cofactor', false, { r: 0n, tR: T8 }),
  forge('R is the identity, the equation holds', false, { r: 0n }),
  forge('R not canonical: y = p + 1', false, { r: 0n, rBytes: toLittle(P + 1n) }),
  forge('R not canonical: y = 1 with the sign bit', false, { r: 0n, rBytes: toLittle(1n, 1) }),
  forge('S = S + L', false, { addS: L }),
  forge('S = S + 8 L', false, { addS: 8n * L }),
  forge('A not on the curve', false, { aBytes: toLittle(2n) }),
  forge('R not on the curve', false, { rBytes: toLittle(2n) }),
  forge('an ordinary signature', true, {}),
]

t.test('the 22 edge cases and an ordinary signature have one answer on both paths', async t => {
  t.equal(CASES.length, 23)
  for (const { name, a, message, signature, accept } of CASES)
    for (const backend of BACKENDS)
      t.equal(ed25519Verify(a, message, signature, backend), accept, `${name}, ${backend.name}`)
})

t.test('both paths make the same keys and signatures, and each verifies the other', async t => {
  for (let i = 0; i < 20; i++) {
    const seed = systemChance.bytes(32)
    const message = systemChance.bytes(i * 7)
    const [native, portable] = BACKENDS.map(backend => new Ed25519Key(seed, backend))
    if (!native || !portable) throw new Error('backends')
    t.strictSame(native.publicKey, portable.publicKey)
    const signature = native.sign(message)
    t.strictSame(signature, portable.sign(message))
    for (const backend of BACKENDS) t.ok(ed25519Verify(native.publicKey, message, signature, backend))
  }
})

t.test('whatever is not a key or a signature is refused, not thrown', async t => {
  const key = new Ed25519Key(systemChance.bytes(32))
  const signature = key.sign(Uint8Array.of(1))
  for (const backend of BACKENDS) {
    t.notOk(ed25519Verify(new Uint8Array(0), Uint8Array.of(1), signature, backend))
    t.notOk(ed25519Verify(key.publicKey, Uint8Array.of(1), signature.subarray(1), backend))
    t.notOk(ed25519Verify(systemChance.bytes(32), Uint8Array.of(1), signature, backend))
    t.notOk(ed25519Verify(key.publicKey, Uint8Array.of(1), systemChance.bytes(64), backend))
  }
})

t.test('a seed comes as bytes, as a secret or as a key; another length is a code', async t => {
  const seed = systemChance.bytes(32)
  t.strictSame(ed25519PublicKey(new SecretBytes(seed)), ed25519PublicKey(seed))
  t.strictSame(ed25519PublicKey(new Ed25519Key(seed)), ed25519PublicKey(seed))
  t.throws(() => ed25519PublicKey(seed.subarray(1)), { code: 'crypto/bad-length' })
  t.throws(() => checkEd25519PublicKey(toLittle(1n)), { code: 'crypto/bad-key' })
  t.throws(() => checkEd25519PublicKey(toLittle(P + 3n)), { code: 'crypto/bad-key' })
  t.doesNotThrow(() => checkEd25519PublicKey(ed25519PublicKey(seed)))
})
