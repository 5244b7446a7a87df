/** Receipts: a recipient's node says that an envelope and all its blocks are durable there (docs/protocol.md 4.2). */
import { z } from 'zod'
import { cidBytes, cidFromBytes } from '../crypto/cid.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { openObject, type SignedObject, signedFields, signObject } from '../crypto/signed.ts'
import { Sequence, TimeMs } from '../identity/field.ts'
import { type Cid, Did } from '../model/id.ts'
import { CidBytes, HashBytes } from './fields.ts'

const RECEIPT_MAX_BYTES = 4096

const ReceiptFields = z.looseObject({
  ...signedFields,
  at: TimeMs,
  seq: Sequence,
  did: Did,
  content: CidBytes.nullable(),
  envelope: HashBytes,
  standing: HashBytes,
})

/** `by` is the node's key, whose right to receive for `did` stands in the statement with the hash `standing`. */
export interface Receipt {
  by: Uint8Array
  atMs: number
  did: Did
  /** Null for a delivery without content. */
  content: Cid | null
  envelope: Uint8Array
  standing: Uint8Array
}

export const signReceipt = (receipt: Omit<Receipt, 'by'>, nodeKey: Ed25519Key): SignedObject =>
  signObject(
    LABELS.receipt,
    {
      at: receipt.atMs,
      seq: 1,
      did: receipt.did,
      content: receipt.content === null ? null : cidBytes(receipt.content),
      envelope: receipt.envelope,
      standing: receipt.standing,
    },
    nodeKey,
  )

/** Verify shape and signature; whether that node may receive for that person is the reader's to check.
 *  @throws the codes of `openObject`. */
export function parseReceipt(wire: Uint8Array): Receipt {
  const { payload } = openObject(LABELS.receipt, wire, ReceiptFields, {
    maxBytes: RECEIPT_MAX_BYTES,
    crit: Object.keys(ReceiptFields.shape),
  })
  return {
    by: payload.by,
    atMs: payload.at,
    did: payload.did,
    content: payload.content === null ? null : cidFromBytes(payload.content),
    envelope: payload.envelope,
    standing: payload.standing,
  }
}
