/** Plaintext v1 and what is sealed around it (docs/protocol.md section 1.4): the bytes that a recipient gets, and nothing else. */
import { z } from 'zod'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import {
  type OpenedObject,
  openObject,
  type SignedObject,
  signedFields,
  signObject,
} from '../crypto/signed.ts'
import { concat, toHex } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { Part, Role } from '../model/conversation.ts'
import { Did } from '../model/id.ts'

/** Largest plaintext v1; what is longer is attachments, which are not in it. */
export const MAX_PLAINTEXT_BYTES = 256 * 1024 * 1024
/** Largest sealed content, the assets with it: 8,192 chunks of 64 KiB. */
export const MAX_SEALED_BYTES = 512 * 1024 * 1024
/** Values in plaintext v1: a small sealed content can unpack to hundreds of megabytes of empty lists, which no heap holds. */
const MAX_PLAINTEXT_ITEMS = 4_000_000
const MAX_MESSAGES = 100_000
const MAX_PARTS = 10_000
const MAX_ASSETS = 10_000
/** Title and note, in UTF-16 units; a placeholder may be longer than the value that it stands for. */
export const MAX_HEADING_LENGTH = 65_536
const MAX_RECEIPT_BYTES = 64 * 1024

/** One message of the copy; `index` counts from 1 without gaps, `createdAt` is in ms or null where it is not known. */
export const PlainMessage = z.strictObject({
  index: z.number().int().positive(),
  role: Role,
  createdAt: z.number().int().nullable(),
  parts: z.array(Part).min(1).max(MAX_PARTS),
})
export type PlainMessage = z.infer<typeof PlainMessage>

/** What the filter replaced: the rule set that was applied (hex, 64 characters) and how many places a rule. */
export const Redaction = z.strictObject({
  rules: z.string().regex(/^[0-9a-f]{64}$/),
  counts: z.record(z.string().max(64), z.number().int().positive()),
})
export type Redaction = z.infer<typeof Redaction>

/** An attached file: SHA-256 of its bytes (hex, as the parts name it) and their number; the bytes follow the plaintext. */
export const PlainAsset = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  mime: z.string().max(255).nullable(),
  bytes: z.number().int().nonnegative().max(MAX_SEALED_BYTES),
})
export type PlainAsset = z.infer<typeof PlainAsset>

export const Plaintext = z
  .strictObject({
    v: z.literal(1),
    title: z.string().max(MAX_HEADING_LENGTH).nullable(),
    note: z.string().max(MAX_HEADING_LENGTH).nullable(),
    owner: Did,
    messages: z.array(PlainMessage).min(1).max(MAX_MESSAGES),
    redaction: Redaction.nullable(),
    assets: z.array(PlainAsset).max(MAX_ASSETS),
  })
  .refine(plain => plain.messages.every((message, at) => message.index === at + 1), 'messages out of order')
export type Plaintext = z.infer<typeof Plaintext>

/** Encode plaintext v1. Half surrogates become U+FFFD; the same value always gives the same bytes.
 *  @throws `crypto/bad-encoding` for a shape or number that plaintext v1 cannot carry, `crypto/too-large`. */
export function buildPlaintext(plain: Omit<Plaintext, 'v'>): Uint8Array {
  const bytes = encodeCbor(checked(wellFormed({ ...plain, v: 1 })))
  if (bytes.length > MAX_PLAINTEXT_BYTES)
    throw new VivimError(
      'crypto/too-large',
      `${bytes.length} bytes of text; at most ${MAX_PLAINTEXT_BYTES} fit`,
      {
        bytes: bytes.length,
        maxBytes: MAX_PLAINTEXT_BYTES,
      },
    )
  return bytes
}

/** Read plaintext v1 from outside. @throws `crypto/bad-encoding` unless it is exactly of that shape, `crypto/too-large`. */
export const parsePlaintext = (bytes: Uint8Array): Plaintext =>
  checked(decodeCbor(bytes, MAX_PLAINTEXT_BYTES, MAX_PLAINTEXT_ITEMS))

function checked(value: unknown): Plaintext {
  const parsed = Plaintext.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.filter(step => typeof step !== 'symbol').join('.') ?? ''
  throw new VivimError(
    'crypto/bad-encoding',
    `not plaintext v1: ${where}: ${issue?.message ?? 'wrong shape'}`,
  )
}

/** The same tree with every string well-formed; only plain objects and arrays are walked. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]),
  )
}

/** SHA-256 over the label and plaintext v1 alone, 64 hex characters: stands inside the seal and in the owner's database only. */
export const digest = (plaintext: Uint8Array): string => toHex(sha256(bound(LABELS.plaintext, plaintext)))

const RedactionReceipt = z.looseObject({
  ...signedFields,
  at: z.number().int(),
  seq: z.number().int().nonnegative(),
  doc: z.custom<Uint8Array>(
    value => value instanceof Uint8Array && value.length === 32,
    'not a 32-byte hash',
  ),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  rules: Redaction.shape.rules,
  counts: Redaction.shape.counts,
})
export type RedactionReceipt = z.infer<typeof RedactionReceipt>

/** Sign that this plaintext went through these rules. @param doc - 32 bytes, hash of the identity document that lists the
 *  device. @param atMs - time of sealing. */
export const signRedaction = (
  plaintext: Uint8Array,
  redaction: Redaction,
  by: { key: Ed25519Key; doc: Uint8Array; atMs: number; seq: number },
): SignedObject =>
  signObject(
    LABELS.redaction,
    { at: by.atMs, seq: by.seq, doc: by.doc, digest: digest(plaintext), ...redaction },
    by.key,
  )

/** Verify a redaction receipt against the plaintext that it came with; whose key `by` is, the caller asks.
 *  @throws what `openObject` throws; `crypto/bad-signature` where it is over another plaintext or other counts. */
export function openRedaction(wire: Uint8Array, plaintext: Uint8Array): OpenedObject<RedactionReceipt> {
  const opened = openObject(LABELS.redaction, wire, RedactionReceipt, { maxBytes: MAX_RECEIPT_BYTES })
  const { redaction } = parsePlaintext(plaintext)
  const { rules, counts } = opened.payload
  if (
    opened.payload.digest !== digest(plaintext) ||
    redaction === null ||
    toHex(encodeCbor({ rules, counts })) !== toHex(encodeCbor(redaction))
  )
    throw new VivimError('crypto/bad-signature', 'the redaction receipt is not about this text')
  return opened
}

/** Unsigned LEB128, as multiformats use it; `value` is a safe integer. */
function varint(value: number): Uint8Array {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80)
  out.push(rest)
  return Uint8Array.from(out)
}

const torn = (why: string): VivimError =>
  new VivimError('crypto/bad-encoding', `not sealed content v1: ${why}`)

/** Read a varint in its shortest form of at most 5 bytes. */
function readVarint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0
  for (let count = 0; count < 5; count++) {
    const byte = bytes[at + count]
    if (byte === undefined) throw torn('it ends too soon')
    value += (byte & 0x7f) * 2 ** (7 * count)
    if (byte < 0x80) {
      if (byte === 0 && count > 0) throw torn('a length longer than needed')
      return { value, next: at + count + 1 }
    }
  }
  throw torn('a length over the limit')
}

/** What stands before the assets' bytes: varint length and plaintext v1; varint length and receipt, or 0. */
export const sealedHead = (plaintext: Uint8Array, receipt: Uint8Array | null): Uint8Array =>
  concat(varint(plaintext.length), plaintext, varint(receipt?.length ?? 0), receipt ?? new Uint8Array(0))

/** All that is sealed, in order. @param assets - bytes in the order of the plaintext's `assets`.
 *  @throws `crypto/bad-encoding` where the assets are not those that the plaintext names, `crypto/too-large`. */
export function encodeSealed(
  plaintext: Uint8Array,
  receipt: Uint8Array | null,
  assets: readonly Uint8Array[],
): Uint8Array {
  const named = parsePlaintext(plaintext).assets
  if (named.length !== assets.length) throw torn(`${assets.length} assets where ${named.length} are named`)
  named.forEach((asset, at) => {
    checkAsset(asset, assets[at] ?? new Uint8Array(0))
  })
  const sealed = concat(sealedHead(plaintext, receipt), ...assets)
  if (sealed.length > MAX_SEALED_BYTES)
    throw new VivimError(
      'crypto/too-large',
      `${sealed.length} bytes; at most ${MAX_SEALED_BYTES} can be shared`,
      {
        bytes: sealed.length,
        maxBytes: MAX_SEALED_BYTES,
      },
    )
  return sealed
}

function checkAsset(asset: PlainAsset, bytes: Uint8Array): void {
  if (bytes.length !== asset.bytes || toHex(sha256(bytes)) !== asset.sha256)
    throw torn('the bytes of an asset are not those that the plaintext names')
}

/** What was sealed, read back. `assets` are views into the bytes that were given, in the plaintext's order. */
export interface SealedContent {
  plain: Plaintext
  plaintext: Uint8Array
  /** Wire form, to be verified with `openRedaction`; null where nothing was redacted. */
  receipt: Uint8Array | null
  assets: Uint8Array[]
}

/** Read all that was sealed; the padding is gone already. @throws `crypto/bad-encoding`, `crypto/too-large`. */
export function decodeSealed(sealed: Uint8Array): SealedContent {
  if (sealed.length > MAX_SEALED_BYTES)
    throw new VivimError('crypto/too-large', 'over the limit of sealed content', { bytes: sealed.length })
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length > sealed.length - at) throw torn('it ends too soon')
    at += length
    return sealed.subarray(at - length, at)
  }
  const sized = (): Uint8Array => {
    const { value, next } = readVarint(sealed, at)
    at = next
    return take(value)
  }
  const plaintext = sized()
  const receipt = sized()
  const plain = parsePlaintext(plaintext)
  const assets = plain.assets.map(asset => {
    const bytes = take(asset.bytes)
    checkAsset(asset, bytes)
    return bytes
  })
  if (at !== sealed.length) throw torn('something stands after its end')
  if (receipt.length > MAX_RECEIPT_BYTES) throw torn('a receipt over the limit')
  if ((receipt.length === 0) !== (plain.redaction === null)) throw torn('redaction and receipt do not agree')
  return { plain, plaintext, receipt: receipt.length > 0 ? receipt : null, assets }
}
