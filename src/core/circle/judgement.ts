/** Which entries of a circle had the right to be made, each judged by what its signer knew. */

import { deviceOf, type IdentityDocument } from '../identity/document.ts'
import { decideDocument } from '../identity/succession.ts'
import { toHex } from '../kernel/bytes.ts'
import type { Did } from '../model/id.ts'
import type { Entry, Introduction } from './entry.ts'
import { type EntryGraph, PlaceSet } from './entry-graph.ts'
import { Memberships, RANK, type Role } from './memberships.ts'
import { listsDevice, settleDocuments, type Testimony } from './testimony.ts'

/** Why an entry has no effect. */
export type Fault =
  | 'other-circle'
  | 'another-beginning'
  | 'not-a-member'
  | 'not-allowed'
  | 'unknown-document'
  | 'not-a-device'
  | 'revoked-device'
  | 'removed'
  | 'demoted'
  | 'closed'
  | 'already-member'
  | 'already-so'
  | 'no-epoch'
  | 'older-document'
  | 'conflicting-document'
  | 'too-many-documents'
  | 'not-understood'

/** More documents than this a person makes in no lifetime; a thief of their key must not slow everybody down. Those by the recovery
 *  key are not counted, so that the person has the last word. */
const MAX_DOCUMENTS = 1000

/** The person that an entry brings, if it brings one. */
const personOf = (entry: Entry): Introduction | null => ('person' in entry ? entry.person : null)

/** The entries of a graph, judged: places are those of the graph. */
export class Judgement {
  readonly graph: EntryGraph
  /** Null for an entry that has its effect. */
  readonly faults: (Fault | null)[] = []
  /** Places of the entries that have their effect. */
  readonly effects = new PlaceSet()
  /** Whether an entry has its effect that is not known here. */
  notUnderstood = false
  /** Place of the entry that began the circle. */
  root: number | null = null
  readonly memberships: Memberships
  /** Places of the effective entries that brought a document of a person which none of their ancestors had brought. */
  readonly introductions = new Map<Did, number[]>()
  /** The last card that an effective entry brought of a person. */
  readonly cards = new Map<Did, string>()
  readonly #circle: string
  /** Places by hash of the document brought. */
  readonly #carriers = new Map<string, number[]>()

  /** @param ended - places that something which did not know of them took out, with what it was. */
  constructor(circle: string, graph: EntryGraph, ended: ReadonlyMap<number, Fault>) {
    this.graph = graph
    this.memberships = new Memberships(graph)
    this.#circle = circle
    for (const place of graph.entries.keys()) this.take(place, ended.get(place) ?? this.judge(place))
  }

  /** The entry in a place. */
  entry(place: number): Entry {
    return this.graph.entries[place] as Entry
  }

  /** Places with an effect, in order. */
  *effective(): Generator<number> {
    for (const [place, fault] of this.faults.entries()) if (fault === null) yield place
  }

  /** What is known of a person: at the end, or by the ancestors of a place, or by those and the place itself. */
  testimony(did: Did, until?: number, inclusive = false): Testimony | null {
    return settleDocuments(this.#documents(did, until, inclusive))
  }

  #documents(did: Did, until?: number, inclusive = false): IdentityDocument[] {
    const known = (this.introductions.get(did) ?? []).filter(
      place => until === undefined || this.graph.isAncestor(place, until) || (inclusive && place === until),
    )
    return known.flatMap(place => personOf(this.entry(place))?.document ?? [])
  }

  /** Write down the judgement of the next place. */
  take(place: number, fault: Fault | null): void {
    this.faults.push(fault)
    if (fault !== null) return
    const entry = this.entry(place)
    this.effects.add(place)
    this.notUnderstood ||= entry.op === 'unknown'
    this.memberships.take(place, entry)
    const person = personOf(entry)
    if (person === null) return
    const { did } = person.document
    const hash = toHex(person.document.hash)
    if (this.#carrier(hash, place) === undefined) {
      push(this.introductions, did, place)
      push(this.#carriers, hash, place)
    }
    if (person.card !== null) this.cards.set(did, person.card)
    if (entry.op === 'create') this.root = place
  }

  /** Judge an entry by its ancestors, which were judged before. */
  judge(place: number): Fault | null {
    const entry = this.entry(place)
    if (entry.circle !== this.#circle) return 'other-circle'
    // Only the owner can make a second beginning, since the id commits to them: the smallest hash comes first and counts.
    if (entry.op === 'create') return this.root === null ? null : 'another-beginning'
    const role = this.memberships.role(entry.did, place)
    if (role === null) return 'not-a-member'
    if (this.memberships.closing(place) !== null) return 'closed'
    return this.#judgeDevice(place, entry) ?? this.#judgeRight(place, entry, role)
  }

  #judgeDevice(place: number, entry: Entry): Fault | null {
    const known = this.testimony(entry.did, place)
    if (known === null) return 'unknown-document'
    if (entry.op === 'document') {
      const decision = decideDocument(known.document, entry.person.document)
      if (decision === 'accept') return this.#hasRoom(entry.person.document) ? null : 'too-many-documents'
      if (decision === 'foreign') return 'conflicting-document'
      if (decision === 'conflict') return this.#judgeConflict(place, entry, entry.person.document)
      if (decision !== 'same') return 'older-document'
    }
    const named = this.#namedDocument(place, entry)
    if (named === null) return 'unknown-document'
    if (deviceOf(named, entry.by) === null) return 'not-a-device'
    return listsDevice(known, entry.by) ? null : 'revoked-device'
  }

  /** A contradicting document is heard, so that neither adds a device, when a device that both list brings it. */
  #judgeConflict(place: number, entry: Entry, document: IdentityDocument): Fault | null {
    const settled = settleDocuments([...this.#documents(entry.did, place), document])
    if (settled === null || !listsDevice(settled, entry.by)) return 'conflicting-document'
    return this.#hasRoom(document) ? null : 'too-many-documents'
  }

  #hasRoom(document: IdentityDocument): boolean {
    return document.byRecovery || (this.introductions.get(document.did)?.length ?? 0) < MAX_DOCUMENTS
  }

  /** Place of an ancestor that brought this document. */
  #carrier(hash: string, place: number): number | undefined {
    return this.#carriers.get(hash)?.find(at => this.graph.isAncestor(at, place))
  }

  /** The document that the signer relies on, if they knew it. */
  #namedDocument(place: number, entry: Entry): IdentityDocument | null {
    const carrier = this.#carrier(entry.document, place)
    const document = carrier === undefined ? undefined : personOf(this.entry(carrier))?.document
    return document?.did === entry.did ? document : null
  }

  #judgeRight(place: number, entry: Entry, role: Role): Fault | null {
    switch (entry.op) {
      case 'create':
      case 'document':
        return null
      case 'leave':
        return role === 'owner' ? 'not-allowed' : null
      case 'transfer':
        return role === 'owner' && this.#isOtherMember(entry, entry.target, place) ? null : 'not-allowed'
      case 'close':
      case 'history':
        return role === 'owner' ? null : 'not-allowed'
      case 'unknown':
        return RANK[role] < RANK.admin ? 'not-understood' : null
      case 'rotate':
      case 'rename':
      case 'describe':
        return RANK[role] < RANK.admin ? 'not-allowed' : null
      case 'add':
        if (RANK[role] < RANK.admin) return 'not-allowed'
        if (this.memberships.role(entry.person.document.did, place) !== null) return 'already-member'
        return entry.epoch === null && this.memberships.history(place) !== 'all' ? 'no-epoch' : null
      case 'remove':
        return this.#outranks(entry.did, entry.target, place) ? null : 'not-allowed'
      case 'role':
        if (!this.#isOtherMember(entry, entry.target, place)) return 'not-allowed'
        if (!this.#outranks(entry.did, entry.target, place)) return 'not-allowed'
        return this.memberships.role(entry.target, place) === entry.role ? 'already-so' : null
    }
  }

  #isOtherMember(entry: Entry, target: Did, place: number): boolean {
    return target !== entry.did && this.memberships.role(target, place) !== null
  }

  /** The owner stands above everybody, an admin above those who are none and those who became one later. */
  #outranks(by: Did, target: Did, place: number): boolean {
    const own = this.memberships.seniority(by, place)
    return by !== target && Number.isFinite(own) && own < this.memberships.seniority(target, place)
  }
}

/** Write down what the next entry comes to. */
export function takeNext({ judgement, applied }: Judged, place: number, fault: Fault | null): void {
  judgement.take(place, fault)
  const { op } = judgement.entry(place)
  if (fault === null && (op === 'document' || CAN_TAKE_OUT.has(op))) applied.add(place)
}

function push<K>(lists: Map<K, number[]>, key: K, place: number): void {
  const list = lists.get(key)
  if (list) list.push(place)
  else lists.set(key, [place])
}

/** Judge a graph. What an entry did not know of can take it out: a later document that no longer lists its device, the removal or
 *  demotion of who signed it, the end of the circle. Entries are judged without that first; then what is taken out goes, and the
 *  rest is judged again. Who is taken out by whom follows seniority: the owner's entries go first, then those of the admins in
 *  their order, so that of people who remove each other the senior stays, and nothing that was taken out takes out anything. */
export function judgeEntries(circle: string, graph: EntryGraph): Judged {
  let judgement = new Judgement(circle, graph, new Map())
  const ended = new Map<number, Fault>()
  const { revisions, places } = endedPlaces(judgement)
  for (const place of places) ended.set(place, 'revoked-device')
  if (ended.size > 0) judgement = new Judgement(circle, graph, ended)
  const bySigner = new Map<Did, number[]>()
  for (const [place, { did }] of graph.entries.entries()) push(bySigner, did, place)
  const applied = new PlaceSet()
  for (let groups = strokes(judgement, applied); groups.length > 0; groups = strokes(judgement, applied)) {
    for (const group of groups) {
      const before = ended.size
      for (const place of group) {
        applied.add(place)
        for (const [other, fault] of takenOut(judgement, bySigner, place)) ended.set(other, fault)
      }
      if (ended.size === before) continue
      judgement = new Judgement(circle, graph, ended)
      break
    }
  }
  for (const place of revisions) applied.add(place)
  return { judgement, applied, someEnded: ended.size > 0 }
}

/** A judgement, and what a later entry must have known of so that it says nothing about those judged before. */
export interface Judged {
  readonly judgement: Judgement
  /** Places of what could take others out, also where it was itself taken out afterwards. */
  readonly applied: PlaceSet
  /** Whether anything was taken out. */
  readonly someEnded: boolean
}

/** What the next entry comes to, already in the graph in that place, or undefined when all have to be judged again for it. Nothing
 *  that was judged changes for an entry that knew of everything, or that has no effect itself. */
export function judgeNext(
  { judgement, applied, someEnded }: Judged,
  place: number,
): Fault | null | undefined {
  const { graph } = judgement
  const entry = judgement.entry(place)
  if (entry.op === 'create' && judgement.root !== null) return undefined
  const knows = (places: PlaceSet): boolean => graph.countAncestors(places, place) === places.size
  if (someEnded && (CAN_TAKE_OUT.has(entry.op) || personOf(entry) !== null || !knows(applied)))
    return undefined
  const fault = judgement.judge(place)
  return fault !== null || knows(judgement.effects) ? fault : undefined
}

/** Effective entries that take others out and did not yet: a group a signer, the most senior first. */
function strokes(judgement: Judgement, applied: PlaceSet): number[][] {
  const groups = new Map<string, { seniority: number; places: number[] }>()
  for (const place of judgement.effective()) {
    const { op, did } = judgement.entry(place)
    if (applied.has(place) || !CAN_TAKE_OUT.has(op)) continue
    const seniority = judgement.memberships.seniority(did, place)
    const group = groups.get(`${seniority} ${did}`) ?? { seniority, places: [] }
    groups.set(`${seniority} ${did}`, group)
    group.places.push(place)
  }
  return [...groups.values()]
    .sort((a, b) => (a.seniority === b.seniority ? 0 : a.seniority - b.seniority))
    .map(({ places }) => places)
}

/** What one entry takes out: what it knew nothing of, and what knew nothing of it. */
function* takenOut(
  judgement: Judgement,
  bySigner: ReadonlyMap<Did, readonly number[]>,
  place: number,
): Generator<[number, Fault]> {
  const { graph } = judgement
  const entry = judgement.entry(place)
  const isAside = (other: number): boolean =>
    other !== place &&
    judgement.faults[other] === null &&
    !graph.isAncestor(other, place) &&
    !graph.isAncestor(place, other)
  if (entry.op === 'close') {
    for (const other of judgement.effective())
      if (isAside(other) && !MAY_STAY_AFTER_CLOSE.has(judgement.entry(other).op)) yield [other, 'closed']
  } else if (entry.op === 'remove' || entry.op === 'leave') {
    for (const other of bySigner.get(entry.op === 'remove' ? entry.target : entry.did) ?? [])
      if (isAside(other)) yield [other, 'removed']
  } else if (entry.op === 'role' && RANK[entry.role] < RANK.admin) {
    for (const other of bySigner.get(entry.target) ?? [])
      if (isAside(other) && !MAY_STAY_AFTER_DEMOTION.has(judgement.entry(other).op)) yield [other, 'demoted']
  }
}

const CAN_TAKE_OUT: ReadonlySet<Entry['op']> = new Set(['remove', 'leave', 'role', 'close'])
const MAY_STAY_AFTER_CLOSE: ReadonlySet<Entry['op']> = new Set(['close', 'remove', 'leave', 'document'])
const MAY_STAY_AFTER_DEMOTION: ReadonlySet<Entry['op']> = new Set(['leave', 'document'])

/** Effective `document` entries, and places signed by a device that one of the same person ended without being their descendant. */
function endedPlaces(judgement: Judgement): { revisions: readonly number[]; places: ReadonlySet<number> } {
  const { graph } = judgement
  const documents = new Map<string, IdentityDocument>()
  const bySigner = new Map<Did, Map<string, number[]>>()
  const revisions: number[] = []
  for (const place of judgement.effective()) {
    const entry = judgement.entry(place)
    const person = personOf(entry)
    if (person) documents.set(toHex(person.document.hash), person.document)
    if (entry.op === 'document') revisions.push(place)
    const devices = bySigner.get(entry.did) ?? new Map<string, number[]>()
    bySigner.set(entry.did, devices)
    push(devices, toHex(entry.by), place)
  }
  const ended = new Set<number>()
  for (const revision of revisions) {
    const document = personOf(judgement.entry(revision))?.document
    if (!document) continue
    for (const places of bySigner.get(document.did)?.values() ?? []) {
      const by = judgement.entry(places[0] as number).by
      if (deviceOf(document, by) !== null) continue
      for (const place of places) {
        const named = documents.get(judgement.entry(place).document)
        if (graph.isAncestor(place, revision) || !named) continue
        if (decideDocument(named, document) === 'accept') ended.add(place)
      }
    }
  }
  return { revisions, places: ended }
}
