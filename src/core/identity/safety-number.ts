/** The safety number: digits that two people compare to be sure that nobody stands between them. Static: it follows from both DIDs
 *  and recovery commitments, which never change, so that it stays the same through new devices. */
import { hkdf } from '../crypto/hash.ts'
import { LABELS } from '../crypto/labels.ts'
import { sameSecret } from '../crypto/secret.ts'
import { concat, utf8 } from '../kernel/bytes.ts'
import type { IdentityDocument } from './document.ts'

/** 40 digits are 132 bits. Who stands between chooses keys on both sides, so that finding a match costs the square root of all
 *  numbers: 2^66 pairs of keys. */
const GROUPS = 8
const GROUP_DIGITS = 5
/** Of 64 bits for five digits, no digit comes up more often by any amount that could be noticed. */
const GROUP_BYTES = 8

type Known = Pick<IdentityDocument, 'did' | 'recovery'>

const sideOf = ({ did, recovery }: Known): Uint8Array => concat(utf8(did), Uint8Array.of(0), recovery)

/** @returns 8 groups of 5 digits, the same whichever side asks. */
export function safetyNumber(one: Known, other: Known): string {
  const sides = [sideOf(one), sideOf(other)].sort(Buffer.compare)
  const bytes = hkdf(concat(...sides), new Uint8Array(0), utf8(LABELS.safetyNumber), GROUPS * GROUP_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const modulus = 10n ** BigInt(GROUP_DIGITS)
  return Array.from({ length: GROUPS }, (_, at) =>
    String(view.getBigUint64(at * GROUP_BYTES) % modulus).padStart(GROUP_DIGITS, '0'),
  ).join(' ')
}

/** Whether a number that was read out is this one; blanks and signs between digits do not count. */
export const isSafetyNumber = (number: string, given: string): boolean =>
  sameSecret(utf8(number.replace(/\D/g, '')), utf8(given.replace(/\D/g, '')))
