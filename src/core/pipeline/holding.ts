/** What lets a blind holder keep and serve sealed blocks: slips, tombstones and records, signed with the share's own key. */
import { z } from 'zod'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { cidBytes, cidFromBytes } from '../crypto/cid.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import { openUnderKey, sealUnderKey } from '../crypto/sealed.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { openObject, type SignedObject, signedFields, signObject } from '../crypto/signed.ts'
import { bytesOf, bytesUpTo, LAST_SEQUENCE, Sequence, TimeMs } from '../identity/field.ts'
import { sameBytes } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Cid } from '../model/id.ts'
import { CidBytes } from './fields.ts'

const SMALL_MAX_BYTES = 4096
const RECORD_MAX_BYTES = 96 * 1024

const SlipFields = z.looseObject({
  ...signedFields,
  seq: Sequence,
  content: CidBytes,
  nbf: TimeMs.nullable(),
  exp: TimeMs.nullable(),
  fetch: bytesOf(32),
})
/** Until when, and to whom, a holder serves a content id. `fetch` is an Ed25519 public key, 32 bytes. */
export interface Slip {
  content: Cid
  seq: number
  notBeforeMs: number | null
  expiresMs: number | null
  fetch: Uint8Array
}

export const signSlip = (slip: Slip, shareKey: Ed25519Key): SignedObject =>
  signObject(
    LABELS.slip,
    {
      seq: slip.seq,
      content: cidBytes(slip.content),
      nbf: slip.notBeforeMs,
      exp: slip.expiresMs,
      fetch: slip.fetch,
    },
    shareKey,
  )

const bySharesKey = (by: Uint8Array, shareKey: Uint8Array): void => {
  if (!sameBytes(by, shareKey))
    throw new VivimError('crypto/bad-signature', 'not signed by the key that the manifest names')
}

/** @param shareKey - the public key of the manifest, 32 bytes. @throws the codes of `openObject`, `crypto/bad-signature` by another key. */
export function parseSlip(wire: Uint8Array, shareKey: Uint8Array): Slip {
  const { payload } = openObject(LABELS.slip, wire, SlipFields, {
    maxBytes: SMALL_MAX_BYTES,
    crit: Object.keys(SlipFields.shape),
  })
  bySharesKey(payload.by, shareKey)
  return {
    content: cidFromBytes(payload.content),
    seq: payload.seq,
    notBeforeMs: payload.nbf,
    expiresMs: payload.exp,
    fetch: payload.fetch,
  }
}

const TombstoneFields = z.looseObject({ ...signedFields, seq: z.literal(LAST_SEQUENCE), content: CidBytes })

/** The end of a content id, without time or reason, so that it can be signed when the share is sealed. */
export const signTombstone = (content: Cid, shareKey: Ed25519Key): SignedObject =>
  signObject(LABELS.tombstone, { seq: LAST_SEQUENCE, content: cidBytes(content) }, shareKey)

/** Verify shape and signature. It counts only for content whose manifest names `by`.
 *  @throws the codes of `openObject`. */
export function parseTombstone(wire: Uint8Array): { content: Cid; by: Uint8Array } {
  const { payload } = openObject(LABELS.tombstone, wire, TombstoneFields, {
    maxBytes: SMALL_MAX_BYTES,
    crit: Object.keys(TombstoneFields.shape),
  })
  return { content: cidFromBytes(payload.content), by: payload.by }
}

const RecordFields = z.looseObject({
  ...signedFields,
  seq: Sequence,
  exp: TimeMs.nullable(),
  body: bytesUpTo(RECORD_MAX_BYTES),
})
const RecordBody = z.looseObject({
  content: CidBytes,
  holders: z
    .array(z.looseObject({ peer: z.string().max(128), addrs: z.array(z.string().max(512)).max(16) }))
    .max(64),
})
/** Who holds a content id, readable only with its record key. */
export interface ShareRecord {
  content: Cid
  holders: { peer: string; addrs: string[] }[]
}

/** Where a record lies in the DHT: 32 bytes, under the namespace `vivimrec`. */
export const recordKeyOf = (shareKey: Uint8Array): Uint8Array => sha256(bound(LABELS.record, shareKey))

export const signRecord = (
  record: ShareRecord,
  seq: number,
  expiresMs: number | null,
  recordKey: SecretBytes,
  shareKey: Ed25519Key,
  chance: Chance,
): SignedObject => {
  const body = encodeCbor({ content: cidBytes(record.content), holders: record.holders })
  const sealed = sealUnderKey(recordKey, LABELS.record, shareKey.publicKey, body, chance)
  return signObject(LABELS.record, { seq, exp: expiresMs, body: sealed }, shareKey)
}

/** Where a signed record belongs: 32 bytes. @throws the codes of `openObject`. */
export const recordPlace = (wire: Uint8Array): Uint8Array =>
  recordKeyOf(
    openObject(LABELS.record, wire, RecordFields, {
      maxBytes: RECORD_MAX_BYTES,
      crit: Object.keys(RecordFields.shape),
    }).payload.by,
  )

/** @throws the codes of `openObject`, `crypto/cannot-open` with another key, `crypto/bad-encoding`. */
export function parseRecord(wire: Uint8Array, shareKey: Uint8Array, recordKey: SecretBytes): ShareRecord {
  const { payload } = openObject(LABELS.record, wire, RecordFields, {
    maxBytes: RECORD_MAX_BYTES,
    crit: Object.keys(RecordFields.shape),
  })
  bySharesKey(payload.by, shareKey)
  const bytes = openUnderKey(recordKey, LABELS.record, shareKey, payload.body)
  const parsed = RecordBody.safeParse(decodeCbor(bytes, RECORD_MAX_BYTES))
  if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not the body of a record')
  return { content: cidFromBytes(parsed.data.content), holders: parsed.data.holders }
}
