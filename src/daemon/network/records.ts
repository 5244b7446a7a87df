/** DHT records (docs/protocol.md sections 2.3, 5 and 8): which bytes may stand under which key, and which of two is newer. */
import { z } from 'zod'
import { sha256 } from '../../core/crypto/hash.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { openObject, signedFields } from '../../core/crypto/signed.ts'
import { concat, sameBytes, utf8 } from '../../core/kernel/bytes.ts'
import { hasCode, VivimError } from '../../core/kernel/errors.ts'
import { bytesOf, KIB } from './frames.ts'

export type RecordNamespace = 'vivimid' | 'vivimrec'
const RECORD_NAMESPACES = ['vivimid', 'vivimrec'] as const

/** Largest value (docs/protocol.md section 9). */
const MAX_RECORD_BYTES = 96 * KIB
const KEY_HASH_BYTES = 32

const seq = z.int().min(0)
/** A slot or record: dated, with a sealed body; an empty body ends it. */
const Dated = z.looseObject({ ...signedFields, seq, exp: z.int().min(0), body: bytesOf(MAX_RECORD_BYTES) })
/** A tombstone stands under the record's key: its sequence of 2^53 − 1 ends the record for ever. */
const Tombstone = z.looseObject({ ...signedFields, seq: z.literal(Number.MAX_SAFE_INTEGER) })

/** What was read from a value: who signed it and where it stands in the order. */
export interface CheckedRecord {
  readonly seq: number
  readonly by: Uint8Array
}

/** `/<namespace>/` followed by 32 bytes of hash: the key in the DHT. */
export const recordKey = (namespace: RecordNamespace, hash: Uint8Array): Uint8Array =>
  concat(utf8(`/${namespace}/`), hash)

/** Take a DHT key apart. @returns null for keys that are not ours. */
function parseRecordKey(key: Uint8Array): { namespace: RecordNamespace; hash: Uint8Array } | null {
  for (const namespace of RECORD_NAMESPACES) {
    const prefix = utf8(`/${namespace}/`)
    if (key.length === prefix.length + KEY_HASH_BYTES && sameBytes(key.subarray(0, prefix.length), prefix))
      return { namespace, hash: key.subarray(prefix.length) }
  }
  return null
}

/** Whether a value may stand under a key now: size, signature, that the key is the hash of its signer, and its time.
 *  @throws `crypto/too-large`, `crypto/bad-encoding`, `crypto/bad-signature`, `crypto/unknown-critical`. */
export function checkRecord(key: Uint8Array, value: Uint8Array, nowMs: number): CheckedRecord {
  const place = parseRecordKey(key)
  if (place === null) throw new VivimError('crypto/bad-encoding', 'not a key of a record')
  const payload = place.namespace === 'vivimid' ? openDated(LABELS.slot, value) : openRecord(value)
  const label = place.namespace === 'vivimid' ? LABELS.directory : LABELS.record
  if (!sameBytes(place.hash, sha256(bound(label, payload.by))))
    throw new VivimError('crypto/bad-signature', 'a record of somebody else than its key says')
  if (payload.exp !== null && payload.exp <= nowMs)
    throw new VivimError('crypto/bad-encoding', 'a record whose time is over')
  return { seq: payload.seq, by: payload.by }
}

function openDated(type: string, value: Uint8Array): CheckedRecord & { exp: number | null } {
  return openObject(type, value, Dated, { maxBytes: MAX_RECORD_BYTES, crit: ['exp', 'body'] }).payload
}

function openRecord(value: Uint8Array): CheckedRecord & { exp: number | null } {
  try {
    return openDated(LABELS.record, value)
  } catch (error) {
    if (!hasCode(error, 'crypto/bad-encoding')) throw error
    const { payload } = openObject(LABELS.tombstone, value, Tombstone, {
      maxBytes: 4 * KIB,
      crit: ['content'],
    })
    return { seq: payload.seq, by: payload.by, exp: null }
  }
}

/** Which of several values is the newest: highest sequence, and of equal ones the first. @returns its index; 0 where none holds. */
export function newestRecord(key: Uint8Array, values: readonly Uint8Array[], nowMs: number): number {
  let best = 0
  let bestSeq = -1
  for (const [index, value] of values.entries()) {
    try {
      const { seq } = checkRecord(key, value, nowMs)
      if (seq > bestSeq) [best, bestSeq] = [index, seq]
    } catch (error) {
      if (!(error instanceof VivimError)) throw error
    }
  }
  return best
}
