/** Entries of a circle's log, `vivim/v1/circle`, as they are read (docs/protocol.md section 7). What an entry may do is the reducer's
 *  to say. */
import { z } from 'zod'
import { LABELS } from '../crypto/labels.ts'
import { knowsCritical, signedFields, verifyObject } from '../crypto/signed.ts'
import { CARD_MAX_CHARS, parseCard } from '../identity/card.ts'
import {
  DOCUMENT_MAX_BYTES,
  deviceOf,
  type IdentityDocument,
  parseDocument,
  readKeptDocument,
} from '../identity/document.ts'
import { bytesOf, bytesUpTo, TimeMs } from '../identity/field.ts'
import { toHex } from '../kernel/bytes.ts'
import { hasCode, isVerdict, VivimError } from '../kernel/errors.ts'
import { type CircleId, Did } from '../model/id.ts'
import { CIRCLE_ID_BYTES, CREATE_SALT_BYTES, circleIdFromBytes, circleIdOf } from './circle-id.ts'
import type { EpochCommitment } from './epoch.ts'

export const ENTRY_MAX_BYTES = 128 * 1024
/** An entry names at most this many heads; with more, the rest is named by the next. */
export const MAX_PREV = 64
export const CIRCLE_NAME_MAX_CHARS = 200
const DESCRIPTION_MAX_CHARS = 2000

/** SHA-256 of an entry in hex: 64 characters. */
export type EntryHash = string

/** What those who come later get of what was shared before: nothing, what nobody had received yet, or everything that is live. */
export const History = z.enum(['none', 'now', 'all'])
export type History = z.infer<typeof History>

/** What somebody may be made by an `add`. */
export const AddedRole = z.enum(['admin', 'member', 'reader'])
export type AddedRole = z.infer<typeof AddedRole>

/** What every entry tells, also one of a kind that is not known here. */
export interface EntryHead {
  readonly hash: EntryHash
  readonly wire: Uint8Array
  readonly circle: CircleId
  /** 32 bytes, the device that signed. */
  readonly by: Uint8Array
  readonly did: Did
  /** Hash of the identity document that lists the device, hex. */
  readonly document: string
  readonly atMs: number
  /** The entries that the signer knew nothing after, ascending. */
  readonly prev: readonly EntryHash[]
}

/** A person as an entry brings them: verified document and, where there is a good one, card. */
export interface Introduction {
  readonly document: IdentityDocument
  readonly card: string | null
}

export type EntryAct =
  | {
      readonly op: 'create'
      readonly name: string
      readonly history: History
      readonly person: Introduction
      readonly epoch: EpochCommitment
    }
  | {
      readonly op: 'add'
      readonly role: AddedRole
      readonly person: Introduction
      /** Null keeps the epoch, which only a circle with history `all` allows. */
      readonly epoch: EpochCommitment | null
    }
  | { readonly op: 'remove'; readonly target: Did; readonly epoch: EpochCommitment }
  | { readonly op: 'role'; readonly target: Did; readonly role: AddedRole }
  | { readonly op: 'rotate'; readonly epoch: EpochCommitment }
  | { readonly op: 'rename'; readonly name: string }
  | { readonly op: 'describe'; readonly text: string }
  | { readonly op: 'history'; readonly history: History }
  | { readonly op: 'leave' }
  | { readonly op: 'transfer'; readonly target: Did }
  | { readonly op: 'close' }
  | { readonly op: 'document'; readonly person: Introduction }
  /** Of a version, a critical field or an operation that is not known here. */
  | { readonly op: 'unknown'; readonly name: string }

/** An entry whose signature holds. */
export type Entry = EntryHead & EntryAct

const head = z.looseObject({
  by: signedFields.by,
  at: TimeMs,
  prev: z.array(bytesOf(32)).max(MAX_PREV),
  circle: bytesOf(CIRCLE_ID_BYTES),
  op: z.string().min(1).max(64),
  did: Did,
  doc: bytesOf(32),
})

const named = head.pick({ circle: true })

const epochField = z.looseObject({ commitment: bytesOf(32), audience: bytesOf(32) })
const documentField = bytesUpTo(DOCUMENT_MAX_BYTES)
const cardField = z.string().max(CARD_MAX_CHARS).nullable().optional()
const acts = {
  create: z.looseObject({
    salt: bytesOf(CREATE_SALT_BYTES),
    name: z.string().min(1).max(CIRCLE_NAME_MAX_CHARS),
    history: History,
    document: documentField,
    card: cardField,
    epoch: epochField,
  }),
  add: z.looseObject({
    member: z.looseObject({ did: Did, role: AddedRole }),
    document: documentField,
    card: cardField,
    epoch: epochField.nullable(),
  }),
  remove: z.looseObject({ member: z.looseObject({ did: Did }), epoch: epochField }),
  role: z.looseObject({ member: z.looseObject({ did: Did, role: AddedRole }) }),
  rotate: z.looseObject({ epoch: epochField }),
  rename: z.looseObject({ name: z.string().min(1).max(CIRCLE_NAME_MAX_CHARS) }),
  describe: z.looseObject({ text: z.string().max(DESCRIPTION_MAX_CHARS) }),
  history: z.looseObject({ history: History }),
  transfer: z.looseObject({ member: z.looseObject({ did: Did }) }),
  document: z.looseObject({ document: documentField, card: cardField }),
} as const
const CRITICAL = [
  'circle',
  'op',
  'did',
  'doc',
  'salt',
  'name',
  'text',
  'history',
  'document',
  'card',
  'epoch',
  'member',
]

const bad = (why: string): VivimError => new VivimError('crypto/bad-encoding', `not a circle entry: ${why}`)

function shaped<S extends z.ZodType>(schema: S, payload: object): z.output<S> {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw bad(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}`)
}

/** Verify an entry by itself: signature, shape, the documents in it, and that those who speak for themselves do so with a device
 *  that the document lists. A kind that is not known here comes back as `unknown`.
 *  @throws `crypto/*`, `identity/invalid`. */
export const parseEntry = (wire: Uint8Array): Entry => readEntry(wire, parseDocument)

/** Read an entry that `parseEntry` verified before it was stored: signatures are not looked at again, its bytes are held against its hash.
 *  @throws `storage/corrupt`. */
export function readKeptEntry(wire: Uint8Array, hash: EntryHash): Entry {
  const entry = readEntry(wire, readKeptDocument)
  if (entry.hash !== hash)
    throw new VivimError('storage/corrupt', 'an entry of a circle is not what was stored', { hash })
  return entry
}

/** Which entry of which circle this says it is: nothing of it was checked. @throws `crypto/bad-encoding`, `crypto/too-large`. */
export function nameOfEntry(wire: Uint8Array): { circle: CircleId; hash: EntryHash } {
  const { payload, hash } = verifyObject(LABELS.circle, wire, ENTRY_MAX_BYTES, false)
  return { circle: circleIdFromBytes(shaped(named, payload).circle), hash: toHex(hash) }
}

type ReadDocument = (wire: Uint8Array) => IdentityDocument

function readEntry(wire: Uint8Array, read: ReadDocument): Entry {
  const { payload, hash } = verifyObject(LABELS.circle, wire, ENTRY_MAX_BYTES, read === parseDocument)
  const base = shaped(head, payload)
  const prev = base.prev.map(toHex)
  if (prev.some((hex, at) => at > 0 && hex <= (prev[at - 1] ?? ''))) throw bad('prev is not ascending')
  const common: EntryHead = {
    hash: toHex(hash),
    wire,
    circle: circleIdFromBytes(base.circle),
    by: base.by,
    did: base.did,
    document: toHex(base.doc),
    atMs: base.at,
    prev,
  }
  if (payload.v !== 1 || !knowsCritical(LABELS.circle, payload.crit, CRITICAL))
    return { ...common, op: 'unknown', name: base.op }
  try {
    return { ...common, ...readAct(base.op, payload, common, read) }
  } catch (error) {
    // A document of a newer version inside a known operation: just as little understood as a new operation.
    if (hasCode(error, 'crypto/unknown-critical')) return { ...common, op: 'unknown', name: base.op }
    throw error
  }
}

function readAct(op: string, payload: object, entry: EntryHead, read: ReadDocument): EntryAct {
  if ((op === 'create') !== (entry.prev.length === 0))
    throw bad(op === 'create' ? 'a beginning after something' : 'nothing before it')
  if (op === 'create') {
    const { salt, name, history, document, card, epoch } = shaped(acts.create, payload)
    if (circleIdOf(entry.did, salt) !== entry.circle) throw bad('the id of the circle is not of its maker')
    return { op, name, history, person: ownIntroduction(entry, read(document), card), epoch }
  }
  if (op === 'add') {
    const { member, document, card, epoch } = shaped(acts.add, payload)
    return { op, role: member.role, person: introduction(member.did, read(document), card), epoch }
  }
  if (op === 'remove') {
    const { member, epoch } = shaped(acts.remove, payload)
    return { op, target: member.did, epoch }
  }
  if (op === 'role') {
    const { member } = shaped(acts.role, payload)
    return { op, target: member.did, role: member.role }
  }
  if (op === 'rotate') return { op, epoch: shaped(acts.rotate, payload).epoch }
  if (op === 'rename') return { op, name: shaped(acts.rename, payload).name }
  if (op === 'describe') return { op, text: shaped(acts.describe, payload).text }
  if (op === 'history') return { op, history: shaped(acts.history, payload).history }
  if (op === 'transfer') return { op, target: shaped(acts.transfer, payload).member.did }
  if (op === 'leave' || op === 'close') return { op }
  if (op === 'document') {
    const { document, card } = shaped(acts.document, payload)
    return { op, person: ownIntroduction(entry, read(document), card) }
  }
  return { op: 'unknown', name: op }
}

function introduction(did: Did, document: IdentityDocument, card: string | null | undefined): Introduction {
  if (document.did !== did) throw bad('the document is of somebody else')
  return { document, card: card && isCardOf(did, card) ? card : null }
}

/** A person who brings their own document signs with a device in it. */
function ownIntroduction(
  entry: EntryHead,
  document: IdentityDocument,
  card: string | null | undefined,
): Introduction {
  const person = introduction(entry.did, document, card)
  if (toHex(person.document.hash) !== entry.document || deviceOf(person.document, entry.by) === null)
    throw bad('the document that it brings does not list the device that signed')
  return person
}

function isCardOf(did: Did, card: string): boolean {
  try {
    return parseCard(card).did === did
  } catch (error) {
    if (!isVerdict(error)) throw error
    return false
  }
}
