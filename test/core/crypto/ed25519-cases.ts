/** Signatures at the edges of Ed25519, made here by hand: those of which libraries disagree, and those that collections of published
 *  attacks (Wycheproof, "Taming the many EdDSAs") describe. `accept` is the answer of VIVIM's one rule. */
import { hashes, Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { unhex } from './vector-file.ts'

hashes.sha512 = sha512

const L = 2n ** 252n + 27742317777372353535851937790883648493n
export const P = 2n ** 255n - 19n
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n

export const toLittle = (value: bigint, sign = 0): Uint8Array => {
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

export interface Case {
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

/** The 22 of which four libraries give four answers, and an ordinary one. */
export const EDGE_CASES: readonly Case[] = [
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

const MAX = 2n ** 256n - 1n
const seed = unhex('add4bb8103785baf9ac534258e8aaf65f5f1adb5ef5f3df19bb80ab989c4d64b')
const key = new Ed25519Key(seed)
const spoken = utf8('Hello')
const good = key.sign(spoken)
const halves = { r: good.subarray(0, 32), s: good.subarray(32) }
const sOf = fromLittle(halves.s)
const join = (r: Uint8Array, s: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat([r, s]))

const over = (name: string, signature: Uint8Array, accept = false, message = spoken): Case => ({
  name,
  a: key.publicKey,
  message,
  signature,
  accept,
})

/** R and S of values that are easily let through. */
const SPECIAL_R: Readonly<Record<string, bigint>> = {
  '0': 0n,
  '1': 1n,
  'p - 1': P - 1n,
  p: P,
  'p + 1': P + 1n,
  '2^255 - 1': 2n ** 255n - 1n,
  '2^255 (the sign bit alone)': 2n ** 255n,
  '2^255 + 1': 2n ** 255n + 1n,
  '2^255 + p - 1': 2n ** 255n + P - 1n,
  '2^256 - 1': MAX,
}
const SPECIAL_S: Readonly<Record<string, bigint>> = {
  '0': 0n,
  '1': 1n,
  'L - 1': L - 1n,
  L,
  'L + 1': L + 1n,
  '2^252': 2n ** 252n,
  '2^255 - 1': 2n ** 255n - 1n,
  '2^256 - 1': MAX,
}

/** S that means the same modulo L, as far as 32 bytes reach. */
const congruent = Array.from({ length: 15 }, (_, i) => BigInt(i + 1)).filter(n => sOf + n * L <= MAX)
const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  Uint8Array.from(bytes, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

/** Keys that are small, not canonical or no points, under a signature whose equation holds for them where one can be made. */
const SMALL_KEYS: Readonly<Record<string, Uint8Array>> = {
  'y = p - 1 with the sign bit': toLittle(P - 1n, 1),
  'y = p': toLittle(P),
  'y = p with the sign bit': toLittle(P, 1),
  'y = p + 1 with the sign bit': toLittle(P + 1n, 1),
  'y = 2^255 - 1': toLittle(2n ** 255n - 1n),
  'y = 2^256 - 1': toLittle(MAX),
  'all zero': new Uint8Array(32),
  'of order 8, with the sign bit': toLittle(Y8, 1),
  'of order 8, the other y, with the sign bit': toLittle(P - Y8, 1),
}

export const ATTACKS: readonly Case[] = [
  over('an ordinary signature', good, true),
  ...['', 'x', 'a'.repeat(1000)].map((text, i) =>
    over(`an ordinary signature, message ${i}`, key.sign(utf8(text)), true, utf8(text)),
  ),
  over('over another message', good, false, utf8('Hellp')),
  over('over a longer message', good, false, utf8('Hello ')),
  over('over an empty message', good, false, new Uint8Array(0)),
  ...congruent.map(n => over(`S + ${n} L`, join(halves.r, toLittle(sOf + n * L)))),
  over('L - S', join(halves.r, toLittle(L - sOf))),
  over('R negated', join(flipped(halves.r, 255), halves.s)),
  over('R and S swapped', join(halves.s, halves.r)),
  ...Object.entries(SPECIAL_R).flatMap(([rName, r]) =>
    Object.entries(SPECIAL_S).map(([sName, s]) =>
      over(`R = ${rName}, S = ${sName}`, join(toLittle(r), toLittle(s))),
    ),
  ),
  ...Object.entries(SPECIAL_R).map(([name, r]) =>
    over(`R = ${name}, S as signed`, join(toLittle(r), halves.s)),
  ),
  ...Object.entries(SPECIAL_S).map(([name, s]) =>
    over(`R as signed, S = ${name}`, join(halves.r, toLittle(s))),
  ),
  ...[0, 1, 2, 7, 8, 16, 31, 32, 63, 64, 97, 127, 240, 247, 248, 252, 253, 254, 255].flatMap(bit => [
    over(`bit ${bit} of R changed`, join(flipped(halves.r, bit), halves.s)),
    over(`bit ${bit} of S changed`, join(halves.r, flipped(halves.s, bit))),
  ]),
  ...[0, 1, 31, 32, 63].map(length => over(`cut to ${length} bytes`, good.subarray(0, length))),
  over('a byte behind it', Uint8Array.of(...good, 0)),
  over('a byte before it', Uint8Array.of(0, ...good)),
  over('a zero byte before S', Uint8Array.of(...halves.r, 0, ...halves.s)),
  over('twice', Uint8Array.of(...good, ...good)),
  over('in hex', utf8(Buffer.from(good).toString('hex'))),
  ...Object.entries(SMALL_KEYS).flatMap(([name, a]) => [
    { name: `A: ${name}`, a, message: spoken, signature: good, accept: false },
    // S = r and R = r·B hold for every message where A counts for nothing.
    ...[0, 1, 2, 3, 4, 5, 6, 7].map(i => {
      const r = Point.BASE.multiply(R_SCALAR, false).toBytes()
      return {
        name: `A: ${name}, S = r, message ${i}`,
        a,
        message: Uint8Array.of(i),
        signature: join(r, toLittle(R_SCALAR)),
        accept: false,
      }
    }),
    ...SMALL.map((small, i) => ({
      name: `A: ${name}, R = ${i} × T8, S = 0`,
      a,
      message: spoken,
      signature: join(small.toBytes(), new Uint8Array(32)),
      accept: false,
    })),
  ]),
  // Key and nonce of mixed order: only the equation without the cofactor decides.
  ...[1n, 2n, 3n, 4n, 5n, 6n, 7n].flatMap(i => {
    const small = T8.multiply(i, false)
    return [
      forge(`A + ${i} × T8, h × ${i} a multiple of 8`, true, { tA: small }, h => (h * i) % 8n === 0n),
      forge(`A + ${i} × T8, h × ${i} not a multiple of 8`, false, { tA: small }, h => (h * i) % 8n !== 0n),
      forge(`R + ${i} × T8`, false, { tR: small }),
      forge(
        `A and R + ${i} × T8, which take each other away`,
        true,
        { tA: small, tR: small },
        h => ((h + 1n) * i) % 8n === 0n,
      ),
      forge(
        `A and R + ${i} × T8, which do not`,
        false,
        { tA: small, tR: small },
        h => ((h + 1n) * i) % 8n !== 0n,
      ),
    ]
  }),
]
