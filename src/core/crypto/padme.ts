/** Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019, section 4). */
import { VivimError } from '../kernel/errors.ts'

/** Below this everything is of one size, in bytes. */
export const PADDING_FLOOR = 4096
const LENGTH_BYTES = 4

/** The length to pad `length` bytes to: at most 12 % more, so that O(log log n) bits of the true length show.
 *  @param length - 0 to 2^40. @returns at least `floor`. */
export function padmeLength(length: number, floor: number = PADDING_FLOOR): number {
  if (length <= Math.max(floor, 2)) return Math.max(floor, length)
  const exponent = Math.floor(Math.log2(length))
  const keptBits = Math.floor(Math.log2(exponent)) + 1
  const step = 2 ** (exponent - keptBits)
  return step <= 1 ? length : Math.ceil(length / step) * step
}

/** `4-byte big-endian length ‖ plaintext ‖ zeros`, of Padmé's length over all of it. */
export function pad(plaintext: Uint8Array): Uint8Array {
  const padded = new Uint8Array(padmeLength(LENGTH_BYTES + plaintext.length))
  new DataView(padded.buffer).setUint32(0, plaintext.length)
  padded.set(plaintext, LENGTH_BYTES)
  return padded
}

/** Inverse of `pad`. @throws `crypto/bad-encoding` unless length, total and zeros are exactly what `pad` makes. */
export function unpad(padded: Uint8Array): Uint8Array {
  const length =
    padded.length < LENGTH_BYTES
      ? Number.POSITIVE_INFINITY
      : new DataView(padded.buffer, padded.byteOffset, padded.length).getUint32(0)
  const end = LENGTH_BYTES + length
  if (
    end > padded.length ||
    padded.length !== padmeLength(end) ||
    padded.subarray(end).some(byte => byte !== 0)
  )
    throw new VivimError('crypto/bad-encoding', 'the padding is not of the one right form')
  return padded.subarray(LENGTH_BYTES, end)
}
