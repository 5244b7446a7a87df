/** Values drawn by a seed, so that a corpus is the same each time and no file holds anything that looks like a secret. */
import { createHash } from 'node:crypto'
import { crc62, isLuhn } from '../../../src/core/filter/rules/checks.ts'

export const LOWER = 'abcdefghijklmnopqrstuvwxyz'
export const UPPER = LOWER.toUpperCase()
export const DIGITS = '0123456789'
export const ALNUM = UPPER + LOWER + DIGITS
export const HEX = '0123456789abcdef'
export const B64 = `${ALNUM}+/`
export const URL64 = `${ALNUM}-_`
export const BASE32 = `${UPPER}234567`
export const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

export interface Dice {
  /** A whole number from 0, below `bound`. */
  roll(bound: number): number
  /** Characters of an alphabet. */
  text(length: number, alphabet?: string): string
  /** One of some. */
  pick<T>(some: readonly T[]): T
  uuid(): string
  base64(bytes: number): string
  bytes(length: number): Buffer
}

export function makeDice(seed: string): Dice {
  let block = Buffer.alloc(0)
  let count = 0
  const byte = (): number => {
    if (block.length === 0) block = createHash('sha512').update(`${seed}/${count++}`).digest()
    const [first = 0] = block
    block = block.subarray(1)
    return first
  }
  const roll = (bound: number): number => ((byte() << 16) | (byte() << 8) | byte()) % bound
  const text = (length: number, alphabet = ALNUM): string =>
    Array.from({ length }, () => alphabet[roll(alphabet.length)]).join('')
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, byte))
  return {
    roll,
    text,
    bytes,
    pick: some => some[roll(some.length)] as (typeof some)[number],
    uuid: () =>
      `${text(8, HEX)}-${text(4, HEX)}-4${text(3, HEX)}-${text(1, '89ab')}${text(3, HEX)}-${text(12, HEX)}`,
    base64: length => bytes(length).toString('base64'),
  }
}

/** With GitHub's and npm's check digits. */
export function withCrc(prefix: string, dice: Dice): string {
  const body = dice.text(30)
  return `${prefix}${body}${crc62(body)}`
}

/** Digits with the last that Luhn asks for. */
export function withLuhn(digits: string): string {
  for (const last of DIGITS) if (isLuhn(digits + last)) return digits + last
  return digits
}

export const b64u = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export const jwt = (dice: Dice, payload: object = { sub: dice.text(12), iat: 1_760_000_000 }): string =>
  `${b64u({ alg: 'RS256', typ: 'JWT', kid: dice.text(8) })}.${b64u(payload)}.${dice.text(342, URL64)}`

export function pem(kind: string, bytes: number, dice: Dice, newline = '\n'): string {
  const lines = dice.base64(bytes).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`].join(newline)
}
