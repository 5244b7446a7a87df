/** A checkpoint of the audit log: a device signs how many rows there are and what the last one's hash is, so that nobody without
 *  its key can write the rows before it anew. */
import { z } from 'zod'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { openObject, type SignedObject, signedFields, signObject } from '../crypto/signed.ts'
import { bytesOf, Sequence, TimeMs } from '../identity/field.ts'
import { Did } from '../model/id.ts'

const CHECKPOINT_MAX_BYTES = 4096

const CheckpointFields = z.looseObject({
  ...signedFields,
  at: TimeMs,
  seq: Sequence,
  did: Did,
  head: bytesOf(32),
})

export interface Checkpoint {
  /** 32 bytes, the device that signed. */
  readonly by: Uint8Array
  readonly atMs: number
  readonly did: Did
  /** How many rows there were. */
  readonly seq: number
  /** The hash of the last of them, 32 bytes. */
  readonly head: Uint8Array
}

export const signCheckpoint = (checkpoint: Omit<Checkpoint, 'by'>, device: Ed25519Key): SignedObject =>
  signObject(
    LABELS.auditCheckpoint,
    { at: checkpoint.atMs, seq: checkpoint.seq, did: checkpoint.did, head: checkpoint.head },
    device,
  )

/** Verify shape and signature; whether that device is one of the user's is the reader's to check. @throws the codes of `openObject`. */
export function parseCheckpoint(wire: Uint8Array): Checkpoint {
  const { payload } = openObject(LABELS.auditCheckpoint, wire, CheckpointFields, {
    maxBytes: CHECKPOINT_MAX_BYTES,
    crit: Object.keys(CheckpointFields.shape),
  })
  return { by: payload.by, atMs: payload.at, did: payload.did, seq: payload.seq, head: payload.head }
}
