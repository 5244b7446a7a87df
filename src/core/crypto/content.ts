/** Sealing and opening of a share's content: chunks that can be fetched, checked and opened one by one. */
import crypto, { type KeyObject } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { concat } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Cid } from '../model/id.ts'
import { aeadOpen, aeadSeal } from './aead.ts'
import { blockCid, contentIdOf } from './cid.ts'
import { chooseCompression, deflated, inflated } from './compression.ts'
import {
  CHUNK_BYTES,
  COMPRESSION,
  CONTENT_KEY_BYTES,
  checkCommitment,
  chunkNonce,
  makeHeader,
  NONCE_PREFIX_BYTES,
} from './content-header.ts'
import { checkEd25519PublicKey, Ed25519Key } from './ed25519.ts'
import { hkdf } from './hash.ts'
import { label } from './labels.ts'
import {
  blockLength,
  encodeManifest,
  MAX_CHUNKS,
  type Manifest,
  paddedLength,
  parseManifest,
} from './manifest.ts'
import { padmeLength } from './padme.ts'
import { borrowSecret, type Secret, SecretBytes } from './secret.ts'

/** The most that one content may hold, before and after compression: 512 MiB. */
const MAX_CONTENT_BYTES = MAX_CHUNKS * CHUNK_BYTES
/** The plaintext ends with its true length, 8 bytes big-endian, behind the padding. */
const TRAILER_BYTES = 8
/** Chunks sealed or opened before others get their turn. */
const CHUNKS_A_TURN = 32
const EMPTY = new Uint8Array(0)

/** One sealed chunk: `bytes` are ciphertext and tag, at most 65,552. */
export interface SealedBlock {
  readonly cid: Cid
  readonly bytes: Uint8Array
}

export interface SealContentInput {
  readonly plaintext: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** Ed25519 public key of the share, 32 bytes. */
  readonly shareKey: Uint8Array
  readonly chance: Chance
  /** Takes each block as it is made, in order, and is waited for; without it the blocks are returned. */
  readonly putBlock?: (block: SealedBlock) => Promise<void> | void
}

export interface SealedContent {
  /** CID of `manifestBytes`. */
  readonly contentId: Cid
  readonly manifestBytes: Uint8Array
  readonly contentKey: SecretBytes
  /** In order; empty when `putBlock` took them. */
  readonly blocks: readonly SealedBlock[]
}

const tooLarge = (): VivimError =>
  new VivimError('crypto/too-large', `content is at most ${MAX_CONTENT_BYTES} bytes`, {
    maxBytes: MAX_CONTENT_BYTES,
  })

/** Cuts what comes into chunks, and at the end adds padding and the true length. Keeps at most one chunk unsent,
 *  because only the end tells which one is last. What comes in chunks of the right size is passed on without a copy. */
async function* paddedChunks(
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let length = 0
  function* full(piece: Uint8Array): Generator<Uint8Array> {
    let rest = piece
    while (heldBytes + rest.length > CHUNK_BYTES) {
      const room = CHUNK_BYTES - heldBytes
      yield joined([...held, rest.subarray(0, room)])
      rest = rest.subarray(room)
      held = []
      heldBytes = 0
    }
    if (rest.length > 0) held.push(rest)
    heldBytes += rest.length
  }
  for await (const piece of body) {
    length += piece.length
    if (length + TRAILER_BYTES > MAX_CONTENT_BYTES) throw tooLarge()
    yield* full(piece)
  }
  const tail = new Uint8Array(padmeLength(length + TRAILER_BYTES) - length)
  new DataView(tail.buffer).setBigUint64(tail.length - TRAILER_BYTES, BigInt(length))
  yield* full(tail)
  yield joined(held)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const filled = pieces.filter(piece => piece.length > 0)
  return filled.length === 1 ? (filled[0] ?? EMPTY) : concat(...filled)
}

/** Seal content under a key drawn for this attempt alone.
 *  @throws `crypto/too-large` over 512 MiB, `crypto/bad-key` for an unsound `shareKey`. */
export async function sealContent(input: SealContentInput): Promise<SealedContent> {
  const { shareKey, chance } = input
  checkEd25519PublicKey(shareKey)
  const keyBytes = chance.bytes(CONTENT_KEY_BYTES)
  const noncePrefix = chance.bytes(NONCE_PREFIX_BYTES)
  const { compression, body } = await chooseCompression(input.plaintext)
  const header = makeHeader(keyBytes, noncePrefix, compression)
  const key = crypto.createSecretKey(keyBytes)
  const chunks: Cid[] = []
  const blocks: SealedBlock[] = []
  let size = 0

  const emit = async (chunk: Uint8Array, last: boolean): Promise<void> => {
    const bytes = aeadSeal(key, chunkNonce(noncePrefix, chunks.length, last), header.bytes, chunk)
    const block = { cid: blockCid(bytes), bytes }
    chunks.push(block.cid)
    size += bytes.length
    if (input.putBlock) await input.putBlock(block)
    else blocks.push(block)
    if (chunks.length % CHUNKS_A_TURN === 0) await setImmediate()
  }
  let waiting: Uint8Array | null = null
  const wanted = compression === COMPRESSION.none ? body : deflated(body, MAX_CONTENT_BYTES)
  for await (const chunk of paddedChunks(wanted)) {
    if (waiting) await emit(waiting, false)
    waiting = chunk
  }
  await emit(waiting ?? EMPTY, true)

  const manifestBytes = encodeManifest({ header, shareKey, size, chunks })
  const contentKey = new SecretBytes(keyBytes)
  keyBytes.fill(0)
  return { contentId: contentIdOf(manifestBytes), manifestBytes, contentKey, blocks }
}

export interface OpenContentInput {
  readonly manifestBytes: Uint8Array
  readonly contentKey: Secret
  /** Asked for the last block first, then for the others in order; `null` when it is not here. Gives only bytes that it has held
   *  against their CID: whoever has the content key could make others that open. */
  readonly getBlock: (cid: Cid) => Promise<Uint8Array | null> | Uint8Array | null
  /** The most plaintext to give out, after decompression. */
  readonly maxBytes: number
}

async function openChunk(
  manifest: Manifest,
  index: number,
  key: KeyObject,
  getBlock: OpenContentInput['getBlock'],
): Promise<Uint8Array> {
  const cid = manifest.chunks[index]
  const bytes = cid === undefined ? null : await getBlock(cid)
  if (cid === undefined || bytes === null)
    throw new VivimError('crypto/missing-block', `block ${index} is not here`, { chunk: index })
  const last = index === manifest.chunks.length - 1
  if (bytes.length !== blockLength(manifest, index))
    throw new VivimError('crypto/cannot-open', `block ${index} is not what the manifest names`, {
      chunk: index,
    })
  try {
    return aeadOpen(key, chunkNonce(manifest.header.noncePrefix, index, last), manifest.header.bytes, bytes)
  } catch {
    throw new VivimError('crypto/cannot-open', `chunk ${index} does not open in this place`, { chunk: index })
  }
}

/** The body without padding, piece by piece, each already authenticated. */
async function* unpaddedChunks(
  manifest: Manifest,
  key: KeyObject,
  getBlock: OpenContentInput['getBlock'],
): AsyncGenerator<Uint8Array> {
  const lastIndex = manifest.chunks.length - 1
  const total = paddedLength(manifest)
  const lastChunk = await openChunk(manifest, lastIndex, key, getBlock)
  const length = Number(
    new DataView(lastChunk.buffer, lastChunk.byteOffset + lastChunk.length - TRAILER_BYTES).getBigUint64(0),
  )
  if (padmeLength(length + TRAILER_BYTES) !== total) throw badPadding()
  for (let index = 0; index <= lastIndex; index++) {
    const chunk = index === lastIndex ? lastChunk : await openChunk(manifest, index, key, getBlock)
    const from = index * CHUNK_BYTES
    const keep = Math.max(0, Math.min(chunk.length, length - from))
    const paddingEnd = index === lastIndex ? chunk.length - TRAILER_BYTES : chunk.length
    for (let at = keep; at < paddingEnd; at++) if (chunk[at] !== 0) throw badPadding()
    if (keep > 0) yield chunk.subarray(0, keep)
    if ((index + 1) % CHUNKS_A_TURN === 0) await setImmediate()
  }
}

const badPadding = (): VivimError =>
  new VivimError('crypto/bad-encoding', 'the padding of this content is not of the one right form')

/** Open content piece by piece. A piece is given out once its own chunk is authenticated; that all of it came is known at the end.
 *  @throws `crypto/cannot-open` with the chunk's number in `details.chunk` for another key or anything changed, cut off, moved or
 *  swapped; `crypto/missing-block`; `crypto/too-large`; what `parseManifest` throws. */
export async function* openContentStream(input: OpenContentInput): AsyncGenerator<Uint8Array> {
  const manifest = parseManifest(input.manifestBytes)
  const key = borrowSecret(input.contentKey, CONTENT_KEY_BYTES, bytes => {
    checkCommitment(bytes, manifest.header)
    return crypto.createSecretKey(bytes)
  })
  const pieces = unpaddedChunks(manifest, key, input.getBlock)
  let length = 0
  for await (const piece of manifest.header.compression === COMPRESSION.none ? pieces : inflated(pieces)) {
    length += piece.length
    if (length > input.maxBytes)
      throw new VivimError('crypto/too-large', `this content opens to more than ${input.maxBytes} bytes`, {
        maxBytes: input.maxBytes,
      })
    yield piece
  }
}

/** Open content as a whole. Throws as `openContentStream` does. */
export async function openContent(input: OpenContentInput): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of openContentStream(input)) pieces.push(piece)
  return concat(...pieces)
}

const derived = (contentKey: Secret, name: 'fetchKey' | 'recordKey'): Uint8Array =>
  borrowSecret(contentKey, CONTENT_KEY_BYTES, bytes => hkdf(bytes, EMPTY, label(name), 32))

/** The key that signs requests for blocks: whoever may read can derive it. @param contentKey - 32 bytes. */
export const fetchKey = (contentKey: Secret): Ed25519Key => new Ed25519Key(derived(contentKey, 'fetchKey'))

/** The secret that the share's DHT record is sealed under, 32 bytes. @param contentKey - 32 bytes. */
export const recordKey = (contentKey: Secret): SecretBytes =>
  new SecretBytes(derived(contentKey, 'recordKey'))
