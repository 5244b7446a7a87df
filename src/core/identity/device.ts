/** A device: the two public keys that stand in an identity document. */
import { z } from 'zod'
import { checkEd25519PublicKey } from '../crypto/ed25519.ts'
import { XWING_PUBLIC_KEY_BYTES } from '../crypto/xwing.ts'
import { VivimError } from '../kernel/errors.ts'
import { bytesOf, TimeMs } from './field.ts'

/** `ed` 32 bytes, signs; `kem` 1,216 bytes, is sealed to; `at` when it was added, in ms. */
export interface Device {
  readonly ed: Uint8Array
  readonly kem: Uint8Array
  readonly at: number
}

export interface RevokedDevice {
  readonly ed: Uint8Array
  readonly at: number
}

export const DeviceField = z.looseObject({
  ed: bytesOf(32),
  kem: bytesOf(XWING_PUBLIC_KEY_BYTES),
  at: TimeMs,
})
export const RevokedField = z.looseObject({ ed: bytesOf(32), at: TimeMs })

/** Bytes of the ML-KEM-768 key that are 12-bit coefficients (FIPS 203 section 7.2, k = 3). */
const COEFFICIENT_BYTES = 1152
const MLKEM_Q = 3329
const MLKEM_PUBLIC_KEY_BYTES = 1184

/** X25519 public keys that give an all-zero secret, as RFC 7748 section 6.1 warns; the top bit is ignored there. */
const LOW_ORDER_X25519 = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

/** Refuse keys that nobody could be sealed to, so that one bad device cannot stop what goes to others.
 *  @throws `crypto/bad-key`, `crypto/bad-length`. */
export function checkDevice(device: Device): void {
  checkEd25519PublicKey(device.ed)
  checkKemPublicKey(device.kem)
}

/** The checks that FIPS 203 section 7.2 and X25519 ask of an X-Wing public key: coefficients below q, no point of low order.
 *  @param kem - 1,216 bytes. @throws `crypto/bad-key`, `crypto/bad-length`. */
export function checkKemPublicKey(kem: Uint8Array): void {
  if (kem.length !== XWING_PUBLIC_KEY_BYTES)
    throw new VivimError('crypto/bad-length', `an X-Wing public key is ${XWING_PUBLIC_KEY_BYTES} bytes`)
  for (let at = 0; at < COEFFICIENT_BYTES; at += 3) {
    const [a = 0, b = 0, c = 0] = [kem[at], kem[at + 1], kem[at + 2]]
    if ((a | ((b & 15) << 8)) >= MLKEM_Q || ((b >> 4) | (c << 4)) >= MLKEM_Q)
      throw new VivimError('crypto/bad-key', 'an ML-KEM key that is not reduced')
  }
  const point = Buffer.from(kem.subarray(MLKEM_PUBLIC_KEY_BYTES))
  point[31] = (point[31] ?? 0) & 0x7f
  if (LOW_ORDER_X25519.includes(point.toString('hex')))
    throw new VivimError('crypto/bad-key', 'an X25519 point of low order')
}
