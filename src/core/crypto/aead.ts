/** AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and the 16-byte tag appended. */
import crypto, { type KeyObject } from 'node:crypto'
import { VivimError } from '../kernel/errors.ts'
import { plain } from './hash.ts'

export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16

/** A cipher takes a raw key too, but first tries it as a `KeyObject` and as a `CryptoKey`, each time by throwing and catching:
 *  that takes longer than a short message. */
const imported = (key: Uint8Array | KeyObject): KeyObject =>
  key instanceof Uint8Array ? crypto.createSecretKey(key) : key

/** @param key - 32 bytes; never used twice with one nonce. @returns ciphertext and tag, 16 bytes longer than `plaintext`. */
export function aeadSeal(
  key: Uint8Array | KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = crypto.createCipheriv('aes-256-gcm', imported(key), nonce, { authTagLength: AEAD_TAG_BYTES })
  cipher.setAAD(aad)
  // Not zeroed: every byte is written below.
  const sealed = Buffer.allocUnsafeSlow(plaintext.length + AEAD_TAG_BYTES)
  const body = cipher.update(plaintext)
  sealed.set(body)
  cipher.final()
  sealed.set(cipher.getAuthTag(), body.length)
  return plain(sealed)
}

/** @returns the plaintext. @throws `crypto/cannot-open` when anything was changed or the key is another's. */
export function aeadOpen(
  key: Uint8Array | KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const end = sealed.length - AEAD_TAG_BYTES
  if (end < 0) throw new VivimError('crypto/cannot-open', 'shorter than an authentication tag')
  try {
    const decipher = crypto.createDecipheriv('aes-256-gcm', imported(key), nonce, {
      authTagLength: AEAD_TAG_BYTES,
    })
    decipher.setAAD(aad)
    decipher.setAuthTag(sealed.subarray(end))
    const plaintext = decipher.update(sealed.subarray(0, end))
    decipher.final()
    return plain(plaintext)
  } catch {
    throw new VivimError('crypto/cannot-open', 'authentication failed')
  }
}
