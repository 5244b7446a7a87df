/** The header of sealed content: what an opener must know before the first chunk, bound to every chunk as associated data. */
import { concat, fromUtf8, utf8 } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { hkdf } from './hash.ts'
import { bound, LABELS } from './labels.ts'
import { sameSecret } from './secret.ts'

export const SUITE = 'vivim-1'
export const CHUNK_BYTES = 65_536
export const NONCE_PREFIX_BYTES = 7
export const CONTENT_KEY_BYTES = 32
const HEADER_VERSION = 1
const COMMITMENT_BYTES = 32
const EMPTY = new Uint8Array(0)

/** Raw deflate (RFC 1951) is what a browser can undo without a library. */
export const COMPRESSION = { none: 0, deflateRaw: 1 } as const
export type Compression = (typeof COMPRESSION)[keyof typeof COMPRESSION]

export interface ContentHeader {
  readonly compression: Compression
  /** 7 bytes. */
  readonly noncePrefix: Uint8Array
  /** All 53 bytes as they stand in the manifest. */
  readonly bytes: Uint8Array
}

/** What stands before nonce prefix and commitment: version, length and text of the suite, compression, chunk size. */
function front(compression: Compression): Uint8Array {
  const suite = utf8(SUITE)
  const chunk = new Uint8Array(4)
  new DataView(chunk.buffer).setUint32(0, CHUNK_BYTES)
  return concat(Uint8Array.of(HEADER_VERSION, suite.length), suite, Uint8Array.of(compression), chunk)
}

const FRONT_BYTES = front(COMPRESSION.none).length
const HEADER_BYTES = FRONT_BYTES + NONCE_PREFIX_BYTES + COMMITMENT_BYTES

/** HKDF over key and header, because AES-GCM alone opens one ciphertext under two keys if its maker wants that. */
const commitment = (key: Uint8Array, uncommitted: Uint8Array): Uint8Array =>
  hkdf(key, EMPTY, bound(LABELS.contentCommitment, uncommitted), COMMITMENT_BYTES)

/** @param key - 32 bytes, the content key. @param noncePrefix - 7 bytes. */
export function makeHeader(
  key: Uint8Array,
  noncePrefix: Uint8Array,
  compression: Compression,
): ContentHeader {
  const uncommitted = concat(front(compression), noncePrefix)
  return { compression, noncePrefix, bytes: concat(uncommitted, commitment(key, uncommitted)) }
}

/** Read a header without its key. @throws `crypto/bad-encoding`; `crypto/unknown-critical` for another version or suite. */
export function parseHeader(bytes: Uint8Array): ContentHeader {
  if (bytes[0] !== HEADER_VERSION)
    throw new VivimError('crypto/unknown-critical', 'sealed content of another version')
  const suiteEnd = 2 + (bytes[1] ?? 0)
  if (suiteEnd > bytes.length) throw new VivimError('crypto/bad-encoding', 'a header cut short')
  if (suiteEnd !== 2 + SUITE.length || fromAscii(bytes.subarray(2, suiteEnd)) !== SUITE)
    throw new VivimError('crypto/unknown-critical', 'sealed content of another suite')
  const compression = bytes[suiteEnd]
  if (bytes.length !== HEADER_BYTES)
    throw new VivimError('crypto/bad-encoding', `a header is ${HEADER_BYTES} bytes`)
  if (compression !== COMPRESSION.none && compression !== COMPRESSION.deflateRaw)
    throw new VivimError('crypto/unknown-critical', 'an unknown compression')
  if (Buffer.compare(bytes.subarray(0, FRONT_BYTES), front(compression)) !== 0)
    throw new VivimError('crypto/bad-encoding', 'another chunk size than 65536')
  return {
    compression,
    noncePrefix: bytes.slice(FRONT_BYTES, FRONT_BYTES + NONCE_PREFIX_BYTES),
    bytes,
  }
}

function fromAscii(bytes: Uint8Array): string {
  return bytes.every(byte => byte < 0x80) ? fromUtf8(bytes) : ''
}

/** Checked before any chunk is opened. @param key - 32 bytes. @throws `crypto/cannot-open` when the key is another's. */
export function checkCommitment(key: Uint8Array, header: ContentHeader): void {
  const end = HEADER_BYTES - COMMITMENT_BYTES
  if (!sameSecret(commitment(key, header.bytes.subarray(0, end)), header.bytes.subarray(end)))
    throw new VivimError('crypto/cannot-open', 'the key is not the one this content was sealed with')
}

/** The nonce of one chunk (STREAM, Hoang, Reyhanitabar, Rogaway and Vizár 2015): prefix, 4-byte big-endian counter, last flag. */
export function chunkNonce(noncePrefix: Uint8Array, index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(NONCE_PREFIX_BYTES + 5)
  nonce.set(noncePrefix)
  new DataView(nonce.buffer).setUint32(NONCE_PREFIX_BYTES, index)
  nonce[NONCE_PREFIX_BYTES + 4] = last ? 1 : 0
  return nonce
}
