/** Entries of a circle's log as they are written: one maker an operation, each signed and read again (docs/protocol.md section 7). */
import type { CborValue } from '../crypto/cbor.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { signObject } from '../crypto/signed.ts'
import type { IdentityDocument } from '../identity/document.ts'
import { fromHex } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import type { CircleId, Did } from '../model/id.ts'
import { CREATE_SALT_BYTES, circleIdBytes, circleIdOf } from './circle-id.ts'
import { type AddedRole, type Entry, type EntryHash, type History, MAX_PREV, parseEntry } from './entry.ts'
import type { EpochCommitment } from './epoch.ts'

/** Who writes an entry, and after which. */
export interface EntryPlace {
  readonly circle: CircleId
  /** The signer's own document; for `document` entries the one that is brought. */
  readonly signer: IdentityDocument
  readonly prev: readonly EntryHash[]
  readonly atMs: number
}

function sign(place: EntryPlace, act: { [name: string]: CborValue | undefined }, key: Ed25519Key): Entry {
  const prev = [...place.prev].sort().slice(0, MAX_PREV).map(fromHex)
  const { signer, circle, atMs } = place
  return parseEntry(
    signObject(
      LABELS.circle,
      { at: atMs, prev, circle: circleIdBytes(circle), did: signer.did, doc: signer.hash, ...act },
      key,
    ).wire,
  )
}

const epochValue = ({ commitment, audience }: EpochCommitment): CborValue => ({ commitment, audience })

/** Begin a circle; its id is drawn here. @throws `crypto/bad-encoding` when a reader would refuse it, such as for a name too long. */
export function makeCreate(
  fields: {
    readonly signer: IdentityDocument
    readonly atMs: number
    readonly name: string
    readonly history: History
    readonly card: string | null
    readonly epoch: EpochCommitment
  },
  deviceKey: Ed25519Key,
  chance: Chance,
): Entry {
  const { signer, atMs, name, history, card, epoch } = fields
  const salt = chance.bytes(CREATE_SALT_BYTES)
  return sign(
    { circle: circleIdOf(signer.did, salt), signer, prev: [], atMs },
    { op: 'create', salt, name, history, document: signer.wire, card, epoch: epochValue(epoch) },
    deviceKey,
  )
}

/** Add a person. @param fields.epoch - null only where the circle's history is `all`. */
export const makeAdd = (
  place: EntryPlace,
  fields: {
    readonly document: IdentityDocument
    readonly role: AddedRole
    readonly card: string | null
    readonly epoch: EpochCommitment | null
  },
  deviceKey: Ed25519Key,
): Entry =>
  sign(
    place,
    {
      op: 'add',
      member: { did: fields.document.did, role: fields.role },
      document: fields.document.wire,
      card: fields.card,
      epoch: fields.epoch && epochValue(fields.epoch),
    },
    deviceKey,
  )

/** Take a person out, under a new epoch for those who are left. */
export const makeRemove = (
  place: EntryPlace,
  target: Did,
  epoch: EpochCommitment,
  deviceKey: Ed25519Key,
): Entry => sign(place, { op: 'remove', member: { did: target }, epoch: epochValue(epoch) }, deviceKey)

/** Give a member another role. */
export const makeRole = (place: EntryPlace, target: Did, role: AddedRole, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'role', member: { did: target, role } }, deviceKey)

/** Give the circle another name. @throws `crypto/bad-encoding` for one too long. */
export const makeRename = (place: EntryPlace, name: string, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'rename', name }, deviceKey)

/** Say what the circle is for; an empty text takes it back. @throws `crypto/bad-encoding` for one too long. */
export const makeDescribe = (place: EntryPlace, text: string, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'describe', text }, deviceKey)

/** Set what those who come later get of what was shared before. */
export const makeHistory = (place: EntryPlace, history: History, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'history', history }, deviceKey)

/** Leave. The next epoch is another's to make: who leaves must not know its secret. */
export const makeLeave = (place: EntryPlace, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'leave' }, deviceKey)

/** Give the circle to a member; the owner until then stays as an admin. */
export const makeTransfer = (place: EntryPlace, target: Did, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'transfer', member: { did: target } }, deviceKey)

/** End the circle for good. */
export const makeClose = (place: EntryPlace, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'close' }, deviceKey)

/** Start a new epoch for the same members. */
export const makeRotate = (place: EntryPlace, epoch: EpochCommitment, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'rotate', epoch: epochValue(epoch) }, deviceKey)

/** Bring one's own newer document, or a newer card with the same one. */
export const makeDocumentEntry = (place: EntryPlace, card: string | null, deviceKey: Ed25519Key): Entry =>
  sign(place, { op: 'document', document: place.signer.wire, card }, deviceKey)
