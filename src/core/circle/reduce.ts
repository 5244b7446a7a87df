/** The one reducer of a circle: a set of entries in, the circle out. Pure; asks no clock, no key and nothing outside the set. */

import type { Device } from '../identity/device.ts'
import type { IdentityDocument } from '../identity/document.ts'
import { sameBytes, toHex } from '../kernel/bytes.ts'
import type { CircleId, Did } from '../model/id.ts'
import { type Entry, type EntryHash, type History, MAX_PREV } from './entry.ts'
import { EntryGraph, PlaceSet } from './entry-graph.ts'
import { audienceHash } from './epoch.ts'
import type { Fault, Judgement } from './judgement.ts'
import type { Role } from './memberships.ts'
import { type Judged, judgeEntries, judgeNext, takeNext } from './precedence.ts'
import { listsDevice } from './testimony.ts'

export interface CircleMember {
  readonly did: Did
  readonly role: Role
  readonly document: IdentityDocument
  /** Devices that may sign and are to be sealed to. */
  readonly devices: readonly Device[]
  readonly card: string | null
  /** Two of this person's documents contradict each other. */
  readonly alarm: boolean
  /** What they get of what was shared before: as it was set when they were added. */
  readonly history: History
}

/** Somebody who was a member and is none any more. */
export interface FormerMember {
  readonly did: Did
  readonly how: 'left' | 'removed'
  /** The entry that they went out by, and who signed it. */
  readonly exit: EntryHash
  readonly by: Did
  /** Where they are found, to tell them. */
  readonly card: string | null
}

export interface CircleEpoch {
  /** Hash of its entry. */
  readonly id: EntryHash
  /** For display: 1 more than the epochs that its maker knew. */
  readonly number: number
  /** 32 bytes each. */
  readonly commitment: Uint8Array
  readonly audience: Uint8Array
  readonly maker: Did
}

export interface CircleState {
  readonly circle: CircleId
  /** Null while the beginning is not here. */
  readonly name: string | null
  /** What it is for, or null. */
  readonly description: string | null
  readonly owner: Did | null
  /** For those who come next. */
  readonly history: History
  /** By DID, ascending. */
  readonly members: readonly CircleMember[]
  /** By DID, ascending. */
  readonly former: readonly FormerMember[]
  /** The entry by which the owner ended the circle, or null: after it nothing may be written or shared. */
  readonly closing: EntryHash | null
  /** By number, then by id. */
  readonly epochs: readonly CircleEpoch[]
  /** The epoch to share under, or null when an admin has to rotate first. */
  readonly sealing: CircleEpoch | null
  /** What a new entry names as `prev`, ascending, at most 64. */
  readonly heads: readonly EntryHash[]
  /** Entries without effect, by hash, ascending. */
  readonly invalid: readonly { readonly hash: EntryHash; readonly why: Fault }[]
  /** Entries that wait, and the ancestors that they wait for. */
  readonly waiting: readonly EntryHash[]
  readonly missing: readonly EntryHash[]
  /** An owner or admin did something that this version does not understand: nothing may be written or shared. */
  readonly upgrade: boolean
}

/** Reduce a circle. The result is the same for every order and with any duplicates; with entries missing it is the result for the part
 *  that is whole, and `missing` says what is lacking.
 *  @param entries - verified by `parseEntry`; signatures are not looked at again.
 *  @throws `crypto/too-large` over 20,000 different entries. */
export const reduceCircle = (circle: CircleId, entries: Iterable<Entry>): CircleState =>
  new CircleReduction(circle, entries).state

/** A circle that was reduced, ready for the next entry: one that knew of all before it is judged alone. What comes out is the same as
 *  reducing everything at once. */
export class CircleReduction {
  readonly #circle: CircleId
  readonly #judged: Judged
  readonly #epochs = new Map<number, CircleEpoch>()
  readonly #starting = new PlaceSet()
  /** What was worked out for the last state and still holds. */
  #known: {
    state?: CircleState
    members?: CircleMember[] | undefined
    sealing?: CircleEpoch | null | undefined
  } = {}

  /** @throws `crypto/too-large` over 20,000 different entries. */
  constructor(circle: CircleId, entries: Iterable<Entry>) {
    this.#circle = circle
    this.#judged = judgeEntries(circle, new EntryGraph(entries))
    for (const place of this.#judged.judgement.effective()) this.#noteEpoch(place)
  }

  has(hash: EntryHash): boolean {
    return this.#judged.judgement.graph.has(hash)
  }

  /** Some of its entries, each after its ancestors; those that wait at the end. */
  inOrder(some: Iterable<Entry>): Entry[] {
    const byHash = new Map([...some].map(entry => [entry.hash, entry]))
    const placed = this.#judged.judgement.graph.entries.filter(({ hash }) => byHash.has(hash))
    for (const { hash } of placed) byHash.delete(hash)
    return [...placed, ...byHash.values()]
  }

  /** Add an entry. @returns false, changing nothing, when everything has to be reduced anew with it. */
  add(entry: Entry): boolean {
    if (this.has(entry.hash)) return true
    const next = this.#judgeNext(entry)
    if (next === null) return false
    takeNext(this.#judged, next.place, next.fault)
    if (next.fault === null) this.#noteEpoch(next.place)
    const { members, sealing } = this.#known
    this.#known = {}
    // A contradiction raises an alarm of a member though it has no other effect.
    if (next.fault === null ? CHANGES_NOBODY.has(entry.op) : next.fault !== 'conflicting-document')
      this.#known = { members, ...(epochOf(entry) === null || next.fault !== null ? { sealing } : {}) }
    return true
  }

  /** Why an entry would have no effect, or null when it would have it; undefined when everything has to be reduced with it to know. */
  faultOf(entry: Entry): Fault | null | undefined {
    const next = this.#judgeNext(entry)
    if (next === null) return undefined
    this.#judged.judgement.graph.pop()
    return next.fault
  }

  /** The entry, put into the graph, and what it comes to; null where that cannot be told, and the graph is as before. */
  #judgeNext(entry: Entry): { place: number; fault: Fault | null } | null {
    const { graph } = this.#judged.judgement
    const place = graph.push(entry)
    if (place === null) return null
    const fault = judgeNext(this.#judged, place)
    if (fault !== undefined) return { place, fault }
    graph.pop()
    return null
  }

  #noteEpoch(place: number): void {
    const { judgement } = this.#judged
    const entry = judgement.entry(place)
    const epoch = epochOf(entry)
    if (epoch === null) return
    const number = 1 + judgement.graph.countAncestors(this.#starting, place)
    const { commitment, audience } = epoch
    this.#epochs.set(place, { id: entry.hash, number, commitment, audience, maker: entry.did })
    this.#starting.add(place)
  }

  get state(): CircleState {
    this.#known.state ??= this.#describe()
    return this.#known.state
  }

  #describe(): CircleState {
    const { judgement } = this.#judged
    const { graph, memberships } = judgement
    const closing = memberships.closing()
    this.#known.members ??= reduceMembers(judgement)
    const { members } = this.#known
    if (this.#known.sealing === undefined)
      this.#known.sealing = closing !== null ? null : chooseSealing(judgement, members, this.#epochs)
    return {
      circle: this.#circle,
      ...namesOf(judgement),
      owner: memberships.owner(),
      history: memberships.history(),
      members,
      former: reduceFormer(judgement),
      closing: closing === null ? null : judgement.entry(closing).hash,
      epochs: [...this.#epochs.values()].sort((a, b) => a.number - b.number || (a.id < b.id ? -1 : 1)),
      sealing: this.#known.sealing,
      heads: reduceHeads(judgement),
      invalid: judgement.faults
        .flatMap((why, place) => (why === null ? [] : [{ hash: judgement.entry(place).hash, why }]))
        .sort((a, b) => (a.hash < b.hash ? -1 : 1)),
      waiting: graph.waiting,
      missing: graph.missing,
      upgrade: judgement.notUnderstood,
    }
  }
}

/** Of these the members and their devices are the same afterwards. */
const CHANGES_NOBODY: ReadonlySet<Entry['op']> = new Set([
  'rename',
  'describe',
  'history',
  'rotate',
  'unknown',
])

/** The last name and the last description that were given: by longest path, then by hash. */
function namesOf(judgement: Judgement): { name: string | null; description: string | null } {
  let name: string | null = null
  let description: string | null = null
  for (let place = judgement.faults.length - 1; place >= 0; place--) {
    if (judgement.faults[place] !== null) continue
    const entry = judgement.entry(place)
    if (entry.op === 'create' || entry.op === 'rename') name ??= entry.name
    else if (entry.op === 'describe') description ??= entry.text
    if (name !== null && description !== null) break
  }
  return { name, description: description || null }
}

/** The member whose device this is, by its 32-byte signing key. */
export const memberOfDevice = (state: CircleState, ed: Uint8Array): CircleMember | null =>
  state.members.find(member => member.devices.some(device => sameBytes(device.ed, ed))) ?? null

function reduceMembers(judgement: Judgement): CircleMember[] {
  const members: CircleMember[] = []
  // A contradiction counts also where the entry that brought it has no other effect.
  const contradicted = new Set<Did>()
  for (const [place, fault] of judgement.faults.entries())
    if (fault === 'conflicting-document') contradicted.add(judgement.entry(place).did)
  for (const did of judgement.memberships.everybody()) {
    const role = judgement.memberships.role(did)
    const testimony = judgement.testimony(did)
    if (role === null || testimony === null) continue
    members.push({
      did,
      role,
      ...testimony,
      card: judgement.cards.get(did) ?? null,
      alarm: testimony.alarm || contradicted.has(did),
      history: judgement.memberships.historyAtJoin(did),
    })
  }
  return members
}

function reduceFormer(judgement: Judgement): FormerMember[] {
  return judgement.memberships.everybody().flatMap(did => {
    const place = judgement.memberships.lastExit(did)
    if (place === null) return []
    const { op, hash, did: by } = judgement.entry(place)
    return [
      {
        did,
        how: op === 'leave' ? ('left' as const) : ('removed' as const),
        exit: hash,
        by,
        card: judgement.cards.get(did) ?? null,
      },
    ]
  })
}

const epochOf = (entry: Entry) => ('epoch' in entry ? entry.epoch : null)

/** Checking an audience costs a hash over all devices: of epochs that nobody replaced, only so many of the newest are looked at. */
const MAX_EPOCHS_TRIED = 256

/** An epoch may seal while its people are exactly the members and none of its devices is revoked. One that was made knowing of another
 *  takes its place; of several that knew nothing of each other the smallest id counts. */
function chooseSealing(
  judgement: Judgement,
  members: readonly CircleMember[],
  epochs: ReadonlyMap<number, CircleEpoch>,
): CircleEpoch | null {
  const joins = members.map(({ did }) => judgement.memberships.joins(did))
  const accepted: number[] = []
  let left = MAX_EPOCHS_TRIED
  for (const place of [...epochs.keys()].reverse()) {
    if (accepted.some(later => judgement.graph.isAncestor(place, later))) continue
    if (!isForAll(judgement, joins, place)) continue
    if (left-- === 0) break
    if (isAsItSays(judgement, members, place)) accepted.push(place)
  }
  return accepted
    .flatMap(place => epochs.get(place) ?? [])
    .reduce<CircleEpoch | null>(
      (least, epoch) => (least === null || epoch.id < least.id ? epoch : least),
      null,
    )
}

/** Whether every member was there when the epoch began, or was let into it later by an `add` that kept it; and nobody went out since.
 *  @param joins - of each member. */
function isForAll(judgement: Judgement, joins: readonly (readonly number[])[], place: number): boolean {
  const { graph, memberships } = judgement
  if (!memberships.knowsEveryExit(place)) return false
  return joins.every(places =>
    places.some(joined => {
      if (joined === place || graph.isAncestor(joined, place)) return true
      return epochOf(judgement.entry(joined)) === null && graph.isAncestor(place, joined)
    }),
  )
}

/** Whether the epoch's audience is that of the people whom its maker knew, and no device of anybody was taken out since. */
function isAsItSays(judgement: Judgement, members: readonly CircleMember[], place: number): boolean {
  const { graph } = judgement
  const there: { did: Did; devices: readonly Device[] }[] = []
  for (const { did, devices, document } of members) {
    const joined = judgement.memberships.joins(did)
    const isThere = joined.some(at => at === place || graph.isAncestor(at, place))
    // Who was let in later has been known since then.
    const since = isThere ? [place] : joined
    // A device that came after the epoch may have got its key: one that was taken out since ends it, whenever it came.
    if (!since.some(at => knowsRevoked(judgement.testimony(did, at, true)?.document, document))) return false
    if (!isThere) continue
    const then = judgement.testimony(did, place, true)
    if (then === null || !then.devices.every(device => listsDevice({ devices }, device.ed))) return false
    there.push({ did, devices: then.devices })
  }
  const epoch = epochOf(judgement.entry(place))
  return epoch !== null && toHex(audienceHash(there)) === toHex(epoch.audience)
}

/** Whether no device of a person was taken out since a document. */
const knowsRevoked = (then: IdentityDocument | undefined, now: IdentityDocument): boolean =>
  then !== undefined && now.revoked.every(({ ed }) => then.revoked.some(gone => sameBytes(gone.ed, ed)))

/** Effective entries that no effective entry knew of. */
function reduceHeads(judgement: Judgement): EntryHash[] {
  const { graph } = judgement
  const known = new Set<number>()
  const heads: EntryHash[] = []
  for (let place = graph.entries.length - 1; place >= 0; place--) {
    const effective = judgement.faults[place] === null
    if (effective && !known.has(place)) heads.push(judgement.entry(place).hash)
    if (effective || known.has(place)) for (const before of graph.prev[place] ?? []) known.add(before)
  }
  return heads.sort().slice(0, MAX_PREV)
}
