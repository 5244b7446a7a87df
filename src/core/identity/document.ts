/** The identity document `vivim/v1/identity`: which devices speak for a DID (docs/protocol.md section 2.1). */
import { z } from 'zod'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { sameSecret } from '../crypto/secret.ts'
import { openObject, signedFields, signObject } from '../crypto/signed.ts'
import { sameBytes, toHex } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { Did } from '../model/id.ts'
import {
  checkDevice,
  checkKemPublicKey,
  type Device,
  DeviceField,
  type RevokedDevice,
  RevokedField,
} from './device.ts'
import { didFromKey } from './did.ts'
import { bytesOf, bytesUpTo, Sequence, TimeMs } from './field.ts'
import { PEER_ID_BYTES, peerIdBytes, peerIdFromBytes } from './peer-id.ts'
import { RecoveryField, type RecoveryKeys, recoveryCommitment } from './recovery.ts'

export const DOCUMENT_MAX_BYTES = 64 * 1024
/** The document that a recovery-signed one carries inside itself must leave room for the rest. */
const ANCHOR_MAX_BYTES = 32 * 1024
export const MAX_DEVICES = 16
export const MAX_REVOKED = 64
export const MAX_PEERS = 16
/** A document counts for at most 400 days, so that a lost one cannot be shown for ever. */
export const DOCUMENT_MAX_LIFE_MS = 400 * 86_400_000
/** What one is made for. */
export const DOCUMENT_LIFE_MS = 365 * 86_400_000

/** A verified document. */
export interface IdentityDocument {
  readonly did: Did
  readonly seq: number
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly wire: Uint8Array
  readonly atMs: number
  readonly expiresAtMs: number
  /** Hash of the document before, or null. */
  readonly prev: Uint8Array | null
  /** As listed; ask `deviceOf` or `activeDevices`, which leave revoked ones out. */
  readonly devices: readonly Device[]
  readonly revoked: readonly RevokedDevice[]
  /** 32 bytes, SHA-256 of the recovery public keys. */
  readonly recovery: Uint8Array
  /** Whether the recovery key signed it: it then outranks every document that it did not sign. */
  readonly byRecovery: boolean
  /** Peer ids of the nodes where this person is at home. */
  readonly peers: readonly string[]
  /** Another DID to follow; counts only in a document by the recovery key. */
  readonly movedTo: Did | null
  /** The document by the identity key that one by the recovery key carries inside, wire form; null in all others. */
  readonly anchor: Uint8Array | null
}

/** What the maker of a document decides; the rest follows from the key. */
export interface DocumentFields {
  readonly did: Did
  readonly seq: number
  readonly atMs: number
  readonly expiresAtMs: number
  readonly prev: Uint8Array | null
  readonly devices: readonly Device[]
  readonly revoked: readonly RevokedDevice[]
  readonly recovery: Uint8Array
  readonly peers: readonly string[]
}

const payloadShape = z.looseObject({
  ...signedFields,
  at: TimeMs,
  seq: Sequence.min(1),
  did: Did,
  exp: TimeMs,
  prev: bytesOf(32).nullable(),
  devices: z.array(DeviceField).min(1).max(MAX_DEVICES),
  revoked: z.array(RevokedField).max(MAX_REVOKED),
  recovery: bytesOf(32),
  recoveryKeys: RecoveryField.optional(),
  anchor: bytesUpTo(ANCHOR_MAX_BYTES).optional(),
  peers: z.array(bytesOf(PEER_ID_BYTES)).max(MAX_PEERS),
  movedTo: Did.optional(),
})
const CRITICAL = [
  'did',
  'exp',
  'devices',
  'revoked',
  'recovery',
  'recoveryKeys',
  'anchor',
  'peers',
  'movedTo',
]

const payloadOf = (fields: DocumentFields) => ({
  at: fields.atMs,
  seq: fields.seq,
  did: fields.did,
  exp: fields.expiresAtMs,
  prev: fields.prev,
  devices: fields.devices.map(({ ed, kem, at }) => ({ ed, kem, at })),
  revoked: fields.revoked.map(({ ed, at }) => ({ ed, at })),
  recovery: fields.recovery,
  peers: fields.peers.map(peerIdBytes),
})

/** Make a document with the identity key. @throws `identity/invalid` when a reader would refuse it. */
export const signDocument = (fields: DocumentFields, identityKey: Ed25519Key): IdentityDocument =>
  parseDocument(signObject(LABELS.identity, payloadOf(fields), identityKey).wire)

/** Make a document with the recovery key; it outranks all that the identity key signed.
 *  @param anchor - a document of the same DID by the identity key, which proves the commitment to those who know none yet.
 *  @throws `identity/invalid` when a reader would refuse it. */
export const signDocumentByRecovery = (
  fields: DocumentFields & { readonly movedTo?: Did },
  keys: RecoveryKeys,
  anchor: IdentityDocument,
): IdentityDocument =>
  parseDocument(
    signObject(
      LABELS.identity,
      {
        ...payloadOf(fields),
        recoveryKeys: { ed: keys.publicKeys.ed, kem: keys.publicKeys.kem },
        anchor: anchor.wire,
        movedTo: fields.movedTo,
      },
      keys.sign,
    ).wire,
  )

/** The document by the identity key that vouches for the recovery key: this one itself, or the one that it carries. */
export const anchorOf = (document: IdentityDocument): IdentityDocument =>
  document.anchor === null ? document : parseDocument(document.anchor)

const invalid = (why: string): VivimError => new VivimError('identity/invalid', `identity document: ${why}`)

/** Verify a document by itself: signature by the identity or the recovery key, commitment, devices, limits. Whether it is
 *  newer than a known one is `decideDocument`'s to say, whether it counts now is `documentTime`'s.
 *  @throws `identity/invalid`, `crypto/bad-signature`, `crypto/bad-encoding`, `crypto/too-large`, `crypto/unknown-critical`. */
export const parseDocument = (wire: Uint8Array): IdentityDocument => readDocument(wire, DOCUMENT_MAX_BYTES)

/** A document that stands inside something that was verified with it and kept since: its signatures are not looked at again.
 *  @throws as `parseDocument`. */
export const readKeptDocument = (wire: Uint8Array): IdentityDocument =>
  readDocument(wire, DOCUMENT_MAX_BYTES, false)

function readDocument(wire: Uint8Array, maxBytes: number, verify = true): IdentityDocument {
  const options = { maxBytes, crit: CRITICAL, verify }
  const { payload, hash } = openObject(LABELS.identity, wire, payloadShape, options)
  const { did, seq, at, exp, prev, recovery, peers } = payload
  const byRecovery = payload.recoveryKeys !== undefined
  if (exp <= at || exp - at > DOCUMENT_MAX_LIFE_MS) throw invalid('it counts for no time or too long')
  checkDevices(payload.devices, payload.revoked, payload.by)
  if (payload.recoveryKeys !== undefined) {
    const { ed, kem } = payload.recoveryKeys
    if (!sameBytes(payload.by, ed) || !sameSecret(recoveryCommitment({ ed, kem }), recovery))
      throw invalid('its recovery keys are not those it commits to')
    checkKemPublicKey(kem)
    // Without the identity key's own word for the commitment, anybody could recover anybody.
    const anchor = payload.anchor && readDocument(payload.anchor, ANCHOR_MAX_BYTES, verify)
    if (!anchor || anchor.byRecovery || anchor.did !== did || !sameBytes(anchor.recovery, recovery))
      throw invalid('nothing in it shows that the identity key chose this recovery key')
  } else if (payload.anchor !== undefined || didFromKey(payload.by) !== did)
    throw invalid('it is not signed by the key of its DID')
  return {
    did,
    seq,
    hash,
    wire,
    atMs: at,
    expiresAtMs: exp,
    prev,
    devices: payload.devices,
    revoked: payload.revoked,
    recovery,
    byRecovery,
    peers: peers.map(peerIdFromBytes),
    movedTo: byRecovery ? (payload.movedTo ?? null) : null,
    anchor: byRecovery ? (payload.anchor ?? null) : null,
  }
}

function checkDevices(devices: readonly Device[], revoked: readonly RevokedDevice[], by: Uint8Array): void {
  const seen = new Set<string>([toHex(by)])
  for (const device of devices) {
    checkDevice(device)
    const id = toHex(device.ed)
    if (seen.has(id)) throw invalid('a device stands twice, or has the key that signed the document')
    seen.add(id)
  }
  if (new Set(revoked.map(device => toHex(device.ed))).size !== revoked.length)
    throw invalid('a device is revoked twice')
}

const isRevoked = (document: IdentityDocument, ed: Uint8Array): boolean =>
  document.revoked.some(device => sameBytes(device.ed, ed))

/** The device with this signing key. @returns null when it is not listed or is revoked. */
export function deviceOf(document: IdentityDocument, ed: Uint8Array): Device | null {
  const device = document.devices.find(candidate => sameBytes(candidate.ed, ed))
  return device && !isRevoked(document, ed) ? device : null
}

/** Devices that may sign and be sealed to. */
export const activeDevices = (document: IdentityDocument): Device[] =>
  document.devices.filter(device => !isRevoked(document, device.ed))
