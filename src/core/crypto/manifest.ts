/** The manifest of sealed content: what a blind holder sees, and what the content id commits to. */
import { CID } from 'multiformats/cid'
import { z } from 'zod'
import { VivimError } from '../kernel/errors.ts'
import type { Cid } from '../model/id.ts'
import { AEAD_TAG_BYTES } from './aead.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { cidOfLink, contentIdOf, linkOf, RAW_CODEC } from './cid.ts'
import { CHUNK_BYTES, type ContentHeader, parseHeader, SUITE } from './content-header.ts'
import { checkEd25519PublicKey } from './ed25519.ts'
import { PADDING_FLOOR, padmeLength } from './padme.ts'

export const MAX_CHUNKS = 8192
/** 8,192 links of 41 bytes each and the rest. */
export const MAX_MANIFEST_BYTES = 384 * 1024

export interface Manifest {
  readonly contentId: Cid
  readonly header: ContentHeader
  /** Ed25519 public key of the share, 32 bytes: slips, records and tombstones are signed with it. */
  readonly shareKey: Uint8Array
  /** Sum of the lengths of all blocks, in bytes. */
  readonly size: number
  /** One a chunk, in order; every block but the last is 65,552 bytes. */
  readonly chunks: readonly Cid[]
}

const bytes = z.custom<Uint8Array>(value => value instanceof Uint8Array, 'not bytes')
const Shape = z.strictObject({
  v: z.literal(1),
  suite: z.literal(SUITE),
  header: bytes,
  shareKey: bytes,
  size: z.int().min(1),
  chunks: z
    .array(z.custom<CID>(value => CID.asCID(value) !== null, 'not a link'))
    .min(1)
    .max(MAX_CHUNKS),
})

/** dag-cbor `{v, suite, header, shareKey, size, chunks}`. */
export const encodeManifest = (manifest: Omit<Manifest, 'contentId'>): Uint8Array =>
  encodeCbor({
    v: 1,
    suite: SUITE,
    header: manifest.header.bytes,
    shareKey: manifest.shareKey,
    size: manifest.size,
    chunks: manifest.chunks.map(linkOf),
  })

/** Length in bytes of the plaintext of all chunks, padding included. */
export const paddedLength = (manifest: Pick<Manifest, 'size' | 'chunks'>): number =>
  manifest.size - manifest.chunks.length * AEAD_TAG_BYTES

/** Length in bytes of one block. */
export const blockLength = (manifest: Pick<Manifest, 'size' | 'chunks'>, index: number): number =>
  Math.min(CHUNK_BYTES, paddedLength(manifest) - index * CHUNK_BYTES) + AEAD_TAG_BYTES

/** Read a manifest from outside, without any key.
 *  @throws `crypto/too-large`, `crypto/bad-encoding`, `crypto/bad-key`, `crypto/unknown-critical`. */
export function parseManifest(manifestBytes: Uint8Array): Manifest {
  const decoded = decodeCbor(manifestBytes, MAX_MANIFEST_BYTES)
  if (typeof decoded === 'object' && decoded !== null && 'suite' in decoded && decoded.suite !== SUITE)
    throw new VivimError('crypto/unknown-critical', 'a manifest of another suite')
  const parsed = Shape.safeParse(decoded)
  if (!parsed.success)
    throw new VivimError('crypto/bad-encoding', `not a manifest: ${parsed.error.issues[0]?.message}`)
  const { header, shareKey, size, chunks } = parsed.data
  checkEd25519PublicKey(shareKey)
  if (chunks.some(link => link.code !== RAW_CODEC))
    throw new VivimError('crypto/bad-encoding', 'a chunk is not a raw block')
  const manifest = {
    contentId: contentIdOf(manifestBytes),
    header: parseHeader(header),
    shareKey,
    size,
    chunks: chunks.map(cidOfLink),
  }
  const padded = paddedLength(manifest)
  if (
    padded < PADDING_FLOOR ||
    Math.ceil(padded / CHUNK_BYTES) !== chunks.length ||
    padmeLength(padded) !== padded
  )
    throw new VivimError('crypto/bad-encoding', 'size and number of chunks do not fit each other')
  return manifest
}
