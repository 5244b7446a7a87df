/** The approval `vivim/v1/device-approval`: on what terms a device was taken in, signed by who took it in (docs/protocol.md section 3.2).
 *  A device says nothing about itself that counts. All pure. */
import { z } from 'zod'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { openObject, signedFields, signObject } from '../crypto/signed.ts'
import { sameBytes, toHex } from '../kernel/bytes.ts'
import { CircleId, Did } from '../model/id.ts'
import { deviceOf, type IdentityDocument } from './document.ts'
import { bytesOf, Sequence, TimeMs } from './field.ts'
import { PEER_ID_BYTES, peerIdBytes, peerIdFromBytes } from './peer-id.ts'

export const APPROVAL_MAX_BYTES = 256 * 1024

export interface ApprovalTerms {
  readonly did: Did
  /** The device that is taken in, 32 bytes. */
  readonly device: Uint8Array
  readonly atMs: number
  /** Its node. */
  readonly peer: string
  /** Whether what was shared before is handed over. */
  readonly history: boolean
  /** Of each circle the number of the epoch that counted then: keys before it are not handed over without history. */
  readonly epochs: Readonly<Record<CircleId, number>>
}

/** An approval whose signature holds; `countsAsApproval` says whether it counts. */
export interface Approval extends ApprovalTerms {
  /** Who signed: a device, or the recovery key; 32 bytes. */
  readonly by: Uint8Array
  readonly wire: Uint8Array
}

const shape = z.looseObject({
  ...signedFields,
  at: TimeMs,
  did: Did,
  device: bytesOf(32),
  peer: bytesOf(PEER_ID_BYTES),
  history: z.boolean(),
  epochs: z.record(CircleId, Sequence),
})

export const signApproval = (terms: ApprovalTerms, key: Ed25519Key): Approval =>
  parseApproval(
    signObject(
      LABELS.deviceApproval,
      {
        at: terms.atMs,
        did: terms.did,
        device: terms.device,
        peer: peerIdBytes(terms.peer),
        history: terms.history,
        epochs: { ...terms.epochs },
      },
      key,
    ).wire,
  )

/** @param verify - false for one that was verified when it was stored. @throws `crypto/*`. */
export function parseApproval(wire: Uint8Array, verify = true): Approval {
  const { payload } = openObject(LABELS.deviceApproval, wire, shape, {
    maxBytes: APPROVAL_MAX_BYTES,
    crit: ['did', 'device', 'peer', 'history', 'epochs'],
    verify,
  })
  const { did, device, at, history, epochs, by } = payload
  return { did, device, atMs: at, peer: peerIdFromBytes(payload.peer), history, epochs, by, wire }
}

/** Whether it says something about this device: by a device that was there before it, or by the recovery key.
 *  @param recovery - public half of the recovery key that signs, 32 bytes. */
export function countsAsApproval(
  approval: Approval,
  device: Uint8Array,
  document: IdentityDocument,
  recovery: Uint8Array,
): boolean {
  if (approval.did !== document.did || !sameBytes(approval.device, device)) return false
  if (sameBytes(approval.by, recovery)) return true
  const place = (ed: Uint8Array): number => document.devices.findIndex(one => sameBytes(one.ed, ed))
  return deviceOf(document, approval.by) !== null && place(approval.by) < place(device)
}

/** Of two approvals of one device the one that stands, the same whichever comes first: by the recovery key, else the one that hands over
 *  less, else the greater bytes. @param recovery - as above. */
export function standingApproval(
  a: Approval | null,
  b: Approval | null,
  recovery: Uint8Array,
): Approval | null {
  if (a === null || b === null) return a ?? b
  const [forA, forB] = [sameBytes(a.by, recovery), sameBytes(b.by, recovery)]
  if (forA !== forB) return forA ? a : b
  if (a.history !== b.history) return a.history ? b : a
  return toHex(a.wire) >= toHex(b.wire) ? a : b
}
