/** Who is in a circle and as what, at the end or as the signer of an entry saw it: joins, exits and changes of role, by their
 *  places in the graph. Knows nothing of signatures and rights: it is told only of entries that have their effect. */
import type { Did } from '../model/id.ts'
import type { AddedRole, Entry, History } from './entry.ts'
import { type EntryGraph, PlaceSet } from './entry-graph.ts'
import { Outdone } from './outdone.ts'

export type Role = 'owner' | AddedRole

export const RANK: { readonly [role in Role]: number } = { reader: 0, member: 1, admin: 2, owner: 3 }

const STRICTEST_FIRST: readonly History[] = ['none', 'now', 'all']

/** Before every place: what the owner has. */
const OWNER = -1

/** Where somebody came in, or was given a role while they were in. */
interface Assignment {
  readonly place: number
  readonly role: AddedRole
  readonly isJoin: boolean
}

/** One person's assignments by how many of their exits each knew of. Those count, where something is known, that knew of every exit
 *  known there; what knew of one that counts counts too. */
type Assignments = Map<number, Assignment[]>

/** What a person is where something is known. */
interface Position {
  /** The lowest of the roles that no later assignment knew of; null for who is not in. */
  readonly role: AddedRole | null
  /** The first of the places that made them an admin; null for who is none. */
  readonly adminSince: number | null
}

export class Memberships {
  readonly #graph: EntryGraph
  /** Assignments, and settings of the history; a beginning is both. */
  readonly #outdone: Outdone
  readonly #outdoneHistories: Outdone
  #beginner: Did | null = null
  readonly #assignments = new Map<Did, Assignments>()
  readonly #exits = new Map<Did, PlaceSet>()
  readonly #lastExits = new Map<Did, number>()
  readonly #allExits = new PlaceSet()
  readonly #transfers: number[] = []
  readonly #closings: number[] = []
  /** Places of `create` and `history` entries. */
  readonly #histories: number[] = []
  /** What was asked for one place; no longer right once something is taken. */
  #asked: { until: number | undefined; positions: Map<Did, Position>; owner?: Did | null } | null = null

  constructor(graph: EntryGraph) {
    this.#graph = graph
    this.#outdone = new Outdone(graph)
    this.#outdoneHistories = new Outdone(graph)
  }

  /** Come to the next place, or once more to the last one, where another entry may stand now. */
  enter(place: number): void {
    this.#asked = null
    this.#outdone.enter(place)
    this.#outdoneHistories.enter(place)
  }

  /** Take note of an entry that has its effect, in the place entered last. */
  take(place: number, entry: Entry): void {
    this.#asked = null
    if (entry.op === 'create') {
      this.#beginner = entry.did
      this.#assign(entry.did, { place, role: 'admin', isJoin: true })
      this.#setHistory(place)
    } else if (entry.op === 'add')
      this.#assign(entry.person.document.did, { place, role: entry.role, isJoin: true })
    else if (entry.op === 'remove') this.#exit(entry.target, place)
    else if (entry.op === 'leave') this.#exit(entry.did, place)
    else if (entry.op === 'role') this.#assign(entry.target, { place, role: entry.role, isJoin: false })
    else if (entry.op === 'close') this.#closings.push(place)
    else if (entry.op === 'history') this.#setHistory(place)
    else if (entry.op === 'transfer') {
      this.#transfers.push(place)
      this.#assign(entry.did, { place, role: 'admin', isJoin: false })
    }
  }

  #assign(did: Did, assignment: Assignment): void {
    const all: Assignments = this.#assignments.get(did) ?? new Map()
    this.#assignments.set(did, all)
    const exits = this.#exitsSeen(did, assignment.place)
    const others = all.get(exits) ?? []
    all.set(exits, others)
    this.#outdone.take(
      assignment.place,
      others.map(({ place }) => place),
    )
    others.push(assignment)
  }

  #setHistory(place: number): void {
    this.#outdoneHistories.take(place, this.#histories)
    this.#histories.push(place)
  }

  #exit(did: Did, place: number): void {
    const exits = this.#exits.get(did) ?? new PlaceSet()
    this.#exits.set(did, exits)
    exits.add(place)
    this.#allExits.add(place)
    this.#lastExits.set(did, place)
  }

  #exitsSeen(did: Did, until: number | undefined): number {
    const exits = this.#exits.get(did)
    if (exits === undefined) return 0
    return until === undefined ? exits.size : this.#graph.countAncestors(exits, until)
  }

  /** Everybody who ever was a member, ascending. */
  everybody(): Did[] {
    return [...this.#assignments.keys()].sort()
  }

  #seen(place: number, until: number | undefined): boolean {
    return until === undefined || this.#graph.isAncestor(place, until)
  }

  /** Those that count. */
  #counting(did: Did, until: number | undefined): readonly Assignment[] {
    return this.#assignments.get(did)?.get(this.#exitsSeen(did, until)) ?? []
  }

  #ask(until: number | undefined) {
    if (this.#asked === null || this.#asked.until !== until) this.#asked = { until, positions: new Map() }
    return this.#asked
  }

  #position(did: Did, until: number | undefined): Position {
    const { positions } = this.#ask(until)
    const known = positions.get(did)
    if (known !== undefined) return known
    let lowest: AddedRole | null = null
    let adminSince: number | null = null
    for (const { place, role } of this.#counting(did, until)) {
      if (this.#outdone.has(place, until) || !this.#seen(place, until)) continue
      if (lowest === null || RANK[role] < RANK[lowest]) lowest = role
      if (role === 'admin') adminSince ??= place
    }
    const position = { role: lowest, adminSince }
    positions.set(did, position)
    return position
  }

  /** Places by which a person is a member: joins that knew of every exit of theirs, so that an exit outweighs a join made at the same time. */
  joins(did: Did, until?: number): number[] {
    return this.#counting(did, until).flatMap(({ place, isJoin }) =>
      isJoin && this.#seen(place, until) ? [place] : [],
    )
  }

  /** Whether nobody went out who is still in by what an entry in this place knew. */
  knowsEveryExit(place: number): boolean {
    const exits = this.#allExits
    return this.#graph.countAncestors(exits, place) + Number(exits.has(place)) === exits.size
  }

  /** Place of the last exit of somebody who went out and is not back, or null. */
  lastExit(did: Did): number | null {
    return this.joins(did).length > 0 ? null : (this.#lastExits.get(did) ?? null)
  }

  /** Place of the entry that ended the circle, or null. */
  closing(until?: number): number | null {
    return this.#closings.find(place => this.#seen(place, until)) ?? null
  }

  /** What those get who come: of settings made without knowing of each other the strictest. */
  history(until?: number): History {
    const last = this.#histories.filter(
      place => !this.#outdoneHistories.has(place, until) && this.#seen(place, until),
    )
    const set = new Set(last.map(place => historyOf(this.#graph.entries[place])))
    return STRICTEST_FIRST.find(history => set.has(history)) ?? 'now'
  }

  /** What somebody got who came: of joins made without knowing of each other the strictest. */
  historyAtJoin(did: Did): History {
    const set = new Set(this.joins(did).map(place => this.history(place)))
    return STRICTEST_FIRST.find(history => set.has(history)) ?? 'none'
  }

  /** Who began the circle, or who was given it since: each transfer by who was owner then, to who is a member. */
  owner(until?: number): Did | null {
    const asked = this.#ask(until)
    if (asked.owner !== undefined) return asked.owner
    let owner = this.#beginner
    for (const place of this.#transfers) {
      const entry = this.#graph.entries[place]
      if (entry?.op !== 'transfer' || entry.did !== owner || !this.#seen(place, until)) continue
      if (this.#position(entry.target, until).role !== null) owner = entry.target
    }
    asked.owner = owner
    return owner
  }

  /** A person's role, or null. Of roles given without knowing of each other the lowest counts. */
  role(did: Did, until?: number): Role | null {
    const { role } = this.#position(did, until)
    return role !== null && this.owner(until) === did ? 'owner' : role
  }

  /** The order of owner and admins: who stands before whom may remove and demote them. The place where an admin became one, less
   *  than any for the owner, more than any for everybody else. */
  seniority(did: Did, until?: number): number {
    const role = this.role(did, until)
    if (role === 'owner') return OWNER
    return (role === 'admin' ? this.#position(did, until).adminSince : null) ?? Number.POSITIVE_INFINITY
  }
}

const historyOf = (entry: Entry | undefined): History | null =>
  entry?.op === 'create' || entry?.op === 'history' ? entry.history : null
