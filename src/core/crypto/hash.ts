/** SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869), all over SHA-256. */
import crypto from 'node:crypto'
import { concat } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'

const EMPTY = new Uint8Array(0)
export const HASH_BYTES = 32

/** A `Buffer` seen as the plain array that the rest of the code compares and encodes. */
export const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)

/** @returns 32 bytes, the hash of the parts one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  // In one call it takes little more than half the time of a hash object.
  if (only !== undefined && parts.length === 1) return plain(crypto.hash('sha256', only, 'buffer'))
  const hash = crypto.createHash('sha256')
  for (const part of parts) hash.update(part)
  return plain(hash.digest())
}

const BLOCK_BYTES = 64
/** Room for one block and a message of the usual length; wiped after each use. */
const scratch = Buffer.alloc(512)

/** SHA-256 over `key ⊕ pad`, filled to a block, and the parts. @param key - at most a block. */
function paddedHash(key: Uint8Array, pad: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = BLOCK_BYTES
  for (const part of parts) length += part.length
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafeSlow(length)
  bytes.fill(pad, 0, BLOCK_BYTES)
  for (let at = 0; at < key.length; at++) bytes[at] = (key[at] ?? 0) ^ pad
  let at = BLOCK_BYTES
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  const hash = crypto.hash('sha256', bytes, 'buffer')
  bytes.fill(0)
  return hash
}

/** @returns 32 bytes, HMAC-SHA256 (RFC 2104) over the parts one after the other. From two one-shot hashes, because a key
 *  is used for one or two short messages here and setting up OpenSSL's HMAC takes longer than both. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const blockKey = key.length > BLOCK_BYTES ? sha256(key) : key
  return plain(paddedHash(blockKey, 0x5c, [paddedHash(blockKey, 0x36, parts)]))
}

/** Expand a pseudorandom key (RFC 5869 section 2.3). @param length - 0 to 8,160 bytes. @throws `crypto/bad-length`. */
export function hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 255 * HASH_BYTES)
    throw new VivimError('crypto/bad-length', 'HKDF gives 0 to 8160 bytes', { length })
  const blocks: Uint8Array[] = []
  let block: Uint8Array = EMPTY
  for (let at = 0, counter = 1; at < length; at += HASH_BYTES, counter++) {
    block = hmac(prk, block, info, Uint8Array.of(counter))
    blocks.push(block)
  }
  return concat(...blocks).subarray(0, length)
}

/** Extract and expand (RFC 5869 section 2). An empty salt stands for 32 zero bytes. @throws `crypto/bad-length`. */
export const hkdf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array =>
  hkdfExpand(hmac(salt, ikm), info, length)
