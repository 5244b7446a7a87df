/** The standing statement `vivim/v1/standing`: a device lets a node act for a DID, also while the keys are locked. */
import { z } from 'zod'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { openObject, signedFields, signObject } from '../crypto/signed.ts'
import { sameBytes } from '../kernel/bytes.ts'
import { Did } from '../model/id.ts'
import { deviceOf, type IdentityDocument } from './document.ts'
import { bytesOf, CLOCK_SKEW_MS, Sequence, TimeMs } from './field.ts'
import { PEER_ID_BYTES, peerIdBytes, peerIdFromBytes } from './peer-id.ts'
import { documentTime } from './succession.ts'

export const STANDING_MAX_BYTES = 4 * 1024
/** A statement counts for at most 90 days. */
export const STANDING_MAX_LIFE_MS = 90 * 86_400_000

/** What a node may do for a DID: send what was sealed, receive and acknowledge, keep as a mailbox. */
export const StandingRight = z.enum(['deliver', 'receive', 'keep'])
export type StandingRight = z.infer<typeof StandingRight>

/** A statement whose signature holds; `judgeStanding` says whether it counts. */
export interface Standing {
  readonly did: Did
  /** 32 bytes, the device that signed. */
  readonly by: Uint8Array
  readonly seq: number
  readonly atMs: number
  readonly expiresAtMs: number
  /** 32 bytes, hash of the identity document that lists the device. */
  readonly document: Uint8Array
  /** Peer id of the node, as text. */
  readonly peer: string
  readonly rights: readonly StandingRight[]
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly wire: Uint8Array
}

const shape = z.looseObject({
  ...signedFields,
  at: TimeMs,
  seq: Sequence,
  exp: TimeMs,
  did: Did,
  doc: bytesOf(32),
  peer: bytesOf(PEER_ID_BYTES),
  // A right that is not known here is kept in the object and gives nothing.
  rights: z.array(z.string().max(64)).max(16),
})

/** @throws `crypto/bad-encoding` for a peer id that is none. */
export const makeStanding = (
  fields: {
    readonly document: IdentityDocument
    readonly peer: string
    readonly rights: readonly StandingRight[]
    readonly seq: number
    readonly atMs: number
    /** `STANDING_MAX_LIFE_MS` unless given. */
    readonly lifeMs?: number
  },
  deviceKey: Ed25519Key,
): Standing =>
  parseStanding(
    signObject(
      LABELS.standing,
      {
        at: fields.atMs,
        seq: fields.seq,
        exp: fields.atMs + (fields.lifeMs ?? STANDING_MAX_LIFE_MS),
        did: fields.document.did,
        doc: fields.document.hash,
        peer: peerIdBytes(fields.peer),
        rights: [...fields.rights],
      },
      deviceKey,
    ).wire,
  )

/** Verify a statement's form and signature. @throws `crypto/*`. */
export function parseStanding(wire: Uint8Array): Standing {
  const { payload, hash } = openObject(LABELS.standing, wire, shape, {
    maxBytes: STANDING_MAX_BYTES,
    crit: ['exp', 'did', 'doc', 'peer', 'rights'],
  })
  return {
    did: payload.did,
    by: payload.by,
    seq: payload.seq,
    atMs: payload.at,
    expiresAtMs: payload.exp,
    document: payload.doc,
    peer: peerIdFromBytes(payload.peer),
    rights: payload.rights.filter(right => StandingRight.safeParse(right).success) as StandingRight[],
    hash,
    wire,
  }
}

/** Why a statement does not count, or `null` when it does.
 *  @param document - the one it was shown with, or a newer one of the same DID that is known already.
 *  @param peer - peer id at the other end of the connection. */
export function judgeStanding(
  standing: Standing,
  document: IdentityDocument,
  peer: string,
  nowMs: number,
): 'other-did' | 'other-peer' | 'not-a-device' | 'ahead' | 'expired' | 'too-long' | null {
  if (standing.did !== document.did) return 'other-did'
  if (standing.peer !== peer) return 'other-peer'
  if (standing.expiresAtMs - standing.atMs > STANDING_MAX_LIFE_MS) return 'too-long'
  if (standing.atMs > nowMs + CLOCK_SKEW_MS) return 'ahead'
  if (nowMs >= standing.expiresAtMs) return 'expired'
  const time = documentTime(document, nowMs)
  if (time !== 'current') return time
  return deviceOf(document, standing.by) === null ? 'not-a-device' : null
}

/** Whether the statement names exactly this document. */
export const standingNames = (standing: Standing, document: IdentityDocument): boolean =>
  sameBytes(standing.document, document.hash)
