/** Which entries of a circle had the right to be made, each judged by what its signer knew. */

import { deviceOf, type IdentityDocument } from '../identity/document.ts'
import { decideDocument } from '../identity/succession.ts'
import type { Did } from '../model/id.ts'
import type { Entry, Introduction } from './entry.ts'
import { type EntryGraph, PlaceSet } from './entry-graph.ts'
import { Introductions } from './introductions.ts'
import { Memberships, RANK, type Role } from './memberships.ts'
import { listsDevice, type Testimony } from './testimony.ts'

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

/** The person that an entry brings, if it brings one. */
export const personOf = (entry: Entry): Introduction | null => ('person' in entry ? entry.person : null)

/** Places that something which did not know of them took out, with what it was: those that had an effect, and those that had none for
 *  another reason, which may go when something else is taken out. */
export interface TakenOut {
  readonly ended: Map<number, Fault>
  readonly barred: Map<number, Fault>
}

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
  readonly introductions: Introductions
  /** The last card that an effective entry brought of a person. */
  readonly cards = new Map<Did, string>()
  readonly #circle: string

  constructor(circle: string, graph: EntryGraph, { ended, barred }: TakenOut) {
    this.graph = graph
    this.memberships = new Memberships(graph)
    this.introductions = new Introductions(graph)
    this.#circle = circle
    for (const place of graph.entries.keys()) {
      const fault = this.judge(place)
      this.take(place, ended.get(place) ?? fault ?? barred.get(place) ?? null)
    }
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
    return this.introductions.testimony(did, until, inclusive)
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
    this.introductions.take(place, person.document)
    if (person.card !== null) this.cards.set(person.document.did, person.card)
    if (entry.op === 'create') this.root = place
  }

  /** Judge an entry by its ancestors, which were judged before. */
  judge(place: number): Fault | null {
    this.memberships.enter(place)
    const entry = this.entry(place)
    if (entry.circle !== this.#circle) return 'other-circle'
    // Only the owner can make a second beginning, since the id commits to them: the smallest hash comes first and counts.
    if (entry.op === 'create') return this.root === null ? null : 'another-beginning'
    const role = this.memberships.role(entry.did, place)
    if (role === null) return 'not-a-member'
    if (this.memberships.closing(place) !== null) return 'closed'
    const fault = this.#judgeDevice(place, entry) ?? this.#judgeRight(place, entry, role)
    const person = personOf(entry)
    // Counted where it would have its effect alone.
    return fault === null && person !== null && !this.introductions.hasRoom(person.document)
      ? 'too-many-documents'
      : fault
  }

  #judgeDevice(place: number, entry: Entry): Fault | null {
    const known = this.testimony(entry.did, place)
    if (known === null) return 'unknown-document'
    if (entry.op === 'document') {
      const decision = decideDocument(known.document, entry.person.document)
      if (decision === 'accept') return null
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
    const settled = this.introductions.testimonyWith(document, place)
    return settled !== null && listsDevice(settled, entry.by) ? null : 'conflicting-document'
  }

  /** The document that the signer relies on, if they knew it. */
  #namedDocument(place: number, entry: Entry): IdentityDocument | null {
    const document = this.introductions.carried(entry.document, place)
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
