/** A circle for tests: people write entries to it as their nodes would, each knowing what they are told they know. */
import type { AddedRole, Entry, History } from '../../src/core/circle/entry.ts'
import { type AudienceMember, type EpochCommitment, makeEpoch } from '../../src/core/circle/epoch.ts'
import {
  makeAdd,
  makeClose,
  makeCreate,
  makeDescribe,
  makeDocumentEntry,
  makeHistory,
  makeLeave,
  makeRemove,
  makeRename,
  makeRole,
  makeRotate,
  makeTransfer,
} from '../../src/core/circle/new-entry.ts'
import { type CircleState, reduceCircle } from '../../src/core/circle/reduce.ts'
import type { SecretBytes } from '../../src/core/crypto/secret.ts'
import { activeDevices, type IdentityDocument } from '../../src/core/identity/document.ts'
import type { CircleId } from '../../src/core/model/id.ts'
import { type Person, START_MS, seededChance, type TestDevice } from './person.ts'

const chance = seededChance('circle')

export const audienceOf = (...documents: readonly IdentityDocument[]): AudienceMember[] =>
  documents.map(document => ({ did: document.did, devices: activeDevices(document) }))

export const membersOf = (state: CircleState): AudienceMember[] =>
  state.members.map(({ did, devices }) => ({ did, devices }))

/** Secrets of the epochs that `epochFor` drew, by commitment in hex. */
export const drawn = new Map<string, SecretBytes>()

export function epochFor(members: readonly AudienceMember[]): EpochCommitment {
  const { secret, epoch } = makeEpoch(members, chance)
  drawn.set(Buffer.from(epoch.commitment).toString('hex'), secret)
  return epoch
}

export const begin = (owner: Person, history: History = 'now', name = 'team'): Entry =>
  makeCreate(
    {
      signer: owner.document,
      atMs: START_MS,
      name,
      history,
      card: null,
      epoch: epochFor(audienceOf(owner.document)),
    },
    owner.device.sign,
    chance,
  )

/** Somebody who writes: by default with their first document and device. */
export interface Writer {
  person: Person
  document?: IdentityDocument
  device?: TestDevice
}

const placeFor = (writer: Writer, circle: CircleId, prev: readonly string[]) => ({
  circle,
  signer: writer.document ?? writer.person.document,
  prev,
  atMs: START_MS,
})
const keyOf = (writer: Writer) => (writer.device ?? writer.person.device).sign

/** Add `who`, knowing `known`; the epoch is for everybody whom the writer sees then. */
export function add(
  writer: Person | Writer,
  known: readonly Entry[],
  who: Person,
  { role = 'member', keep = false }: { role?: AddedRole; keep?: boolean } = {},
): Entry {
  const by = 'person' in writer ? writer : { person: writer }
  const state = reduceCircle((known[0] as Entry).circle, known)
  const epoch = keep ? null : epochFor([...membersOf(state), ...audienceOf(who.document)])
  return makeAdd(
    placeFor(by, state.circle, state.heads),
    { document: who.document, role, card: null, epoch },
    keyOf(by),
  )
}

export function rotate(writer: Person | Writer, known: readonly Entry[]): Entry {
  const by = 'person' in writer ? writer : { person: writer }
  const state = reduceCircle((known[0] as Entry).circle, known)
  return makeRotate(placeFor(by, state.circle, state.heads), epochFor(membersOf(state)), keyOf(by))
}

/** Where and with what the writer signs next, knowing `known`. */
function next(writer: Person | Writer, known: readonly Entry[]) {
  const by = 'person' in writer ? writer : { person: writer }
  const state = reduceCircle((known[0] as Entry).circle, known)
  return { state, place: placeFor(by, state.circle, state.heads), key: keyOf(by) }
}

/** Take `who` out, with an epoch for those whom the writer then sees. */
export function remove(writer: Person | Writer, known: readonly Entry[], who: Person): Entry {
  const { state, place, key } = next(writer, known)
  const left = membersOf(state).filter(({ did }) => did !== who.document.did)
  return makeRemove(place, who.document.did, epochFor(left), key)
}

export function giveRole(
  writer: Person | Writer,
  known: readonly Entry[],
  who: Person,
  role: AddedRole,
): Entry {
  const { place, key } = next(writer, known)
  return makeRole(place, who.document.did, role, key)
}

export function rename(writer: Person | Writer, known: readonly Entry[], name: string): Entry {
  const { place, key } = next(writer, known)
  return makeRename(place, name, key)
}

export function describe(writer: Person | Writer, known: readonly Entry[], text: string): Entry {
  const { place, key } = next(writer, known)
  return makeDescribe(place, text, key)
}

export function setHistory(writer: Person | Writer, known: readonly Entry[], history: History): Entry {
  const { place, key } = next(writer, known)
  return makeHistory(place, history, key)
}

export function leave(writer: Person | Writer, known: readonly Entry[]): Entry {
  const { place, key } = next(writer, known)
  return makeLeave(place, key)
}

export function transfer(writer: Person | Writer, known: readonly Entry[], to: Person): Entry {
  const { place, key } = next(writer, known)
  return makeTransfer(place, to.document.did, key)
}

export function close(writer: Person | Writer, known: readonly Entry[]): Entry {
  const { place, key } = next(writer, known)
  return makeClose(place, key)
}

/** Bring a newer document of the writer's own. */
export function revise(
  person: Person,
  known: readonly Entry[],
  document: IdentityDocument,
  device: TestDevice = person.device,
): Entry {
  const state = reduceCircle((known[0] as Entry).circle, known)
  return makeDocumentEntry(
    { circle: state.circle, signer: document, prev: state.heads, atMs: START_MS },
    null,
    device.sign,
  )
}
