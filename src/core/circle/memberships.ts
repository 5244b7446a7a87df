/** Who is in a circle and as what, at the end or as the signer of an entry saw it: joins, exits and changes of role, by their
 *  places in the graph. Knows nothing of signatures and rights: it is told only of entries that have their effect. */
import type { Did } from '../model/id.ts'
import type { AddedRole, Entry, History } from './entry.ts'
import { type EntryGraph, PlaceSet } from './entry-graph.ts'

export type Role = 'owner' | AddedRole

export const RANK: { readonly [role in Role]: number } = { reader: 0, member: 1, admin: 2, owner: 3 }

const STRICTEST_FIRST: readonly History[] = ['none', 'now', 'all']

/** Where somebody was given a role. */
interface Assignment {
  readonly place: number
  readonly role: AddedRole
}

/** Places of exits, ascending, also as a set. */
interface Exits {
  readonly places: number[]
  readonly marked: PlaceSet
}

const noExits = (): Exits => ({ places: [], marked: new PlaceSet() })

/** Before every place: what the owner has. */
const OWNER = -1

export class Memberships {
  readonly #graph: EntryGraph
  #beginner: Did | null = null
  readonly #joins = new Map<Did, number[]>()
  readonly #exits = new Map<Did, Exits>()
  readonly #allExits: Exits = noExits()
  /** Places of `role` entries by whom they are about, of `transfer` entries by who signed them. */
  readonly #changes = new Map<Did, number[]>()
  readonly #transfers: number[] = []
  readonly #closings: number[] = []
  /** Places of `create` and `history` entries. */
  readonly #histories: number[] = []

  constructor(graph: EntryGraph) {
    this.#graph = graph
  }

  /** Take note of an entry that has its effect. In the order of places. */
  take(place: number, entry: Entry): void {
    if (entry.op === 'create') {
      this.#beginner = entry.did
      push(this.#joins, entry.did, place)
      this.#histories.push(place)
    } else if (entry.op === 'add') push(this.#joins, entry.person.document.did, place)
    else if (entry.op === 'remove') this.#exit(entry.target, place)
    else if (entry.op === 'leave') this.#exit(entry.did, place)
    else if (entry.op === 'role') push(this.#changes, entry.target, place)
    else if (entry.op === 'close') this.#closings.push(place)
    else if (entry.op === 'history') this.#histories.push(place)
    else if (entry.op === 'transfer') {
      this.#transfers.push(place)
      push(this.#changes, entry.did, place)
    }
  }

  #exit(did: Did, place: number): void {
    const exits = this.#exits.get(did) ?? noExits()
    this.#exits.set(did, exits)
    for (const each of [exits, this.#allExits]) {
      each.places.push(place)
      each.marked.add(place)
    }
  }

  /** Everybody who ever was a member, ascending. */
  everybody(): Did[] {
    return [...this.#joins.keys()].sort()
  }

  #seen(place: number, until: number | undefined): boolean {
    return until === undefined || this.#graph.isAncestor(place, until)
  }

  /** Places by which a person is a member: joins that knew of every exit of theirs, so that an exit outweighs a join made at the same time. */
  joins(did: Did, until?: number): number[] {
    const joins = this.#joins.get(did) ?? []
    const exits = this.#exits.get(did)
    const lastExit = exits?.places.findLast(place => this.#seen(place, until))
    if (exits === undefined || lastExit === undefined) return joins.filter(place => this.#seen(place, until))
    const count = until === undefined ? exits.places.length : this.#graph.countAncestors(exits.marked, until)
    // No join before the last exit can have known of it.
    return joins
      .slice(joins.findLastIndex(place => place < lastExit) + 1)
      .filter(place => this.#seen(place, until) && this.#graph.countAncestors(exits.marked, place) === count)
  }

  /** Whether nobody went out who is still in by what an entry in this place knew. */
  knowsEveryExit(place: number): boolean {
    const { places, marked } = this.#allExits
    return this.#graph.countAncestors(marked, place) + Number(marked.has(place)) === places.length
  }

  /** Place of the last exit of somebody who went out and is not back, or null. */
  lastExit(did: Did): number | null {
    return this.joins(did).length > 0 ? null : (this.#exits.get(did)?.places.at(-1) ?? null)
  }

  /** Place of the entry that ended the circle, or null. */
  closing(until?: number): number | null {
    return this.#closings.find(place => this.#seen(place, until)) ?? null
  }

  /** What those get who come: of settings made without knowing of each other the strictest. */
  history(until?: number): History {
    const seen = this.#histories.filter(place => this.#seen(place, until))
    const last = seen.filter(place => !seen.some(later => this.#graph.isAncestor(place, later)))
    const set = last.map(place => historyOf(this.#graph.entries[place]))
    return STRICTEST_FIRST.find(history => set.includes(history)) ?? 'now'
  }

  /** What somebody got who came: of joins made without knowing of each other the strictest. */
  historyAtJoin(did: Did): History {
    const set = this.joins(did).map(place => this.history(place))
    return STRICTEST_FIRST.find(history => set.includes(history)) ?? 'none'
  }

  /** Who began the circle, or who was given it since: each transfer by who was owner then, to who is a member. */
  owner(until?: number): Did | null {
    let owner = this.#beginner
    for (const place of this.#transfers) {
      const entry = this.#graph.entries[place]
      if (entry?.op !== 'transfer' || entry.did !== owner || !this.#seen(place, until)) continue
      if (this.joins(entry.target, until).length > 0) owner = entry.target
    }
    return owner
  }

  /** A person's role, or null. Of roles given without knowing of each other the lowest counts. */
  role(did: Did, until?: number): Role | null {
    const joins = this.joins(did, until)
    if (joins.length === 0) return null
    if (this.owner(until) === did) return 'owner'
    let lowest: AddedRole | null = null
    for (const { role } of this.#assignments(did, joins, until))
      if (lowest === null || RANK[role] < RANK[lowest]) lowest = role
    return lowest
  }

  /** The order of owner and admins: who stands before whom may remove and demote them. The place where an admin became one, less
   *  than any for the owner, more than any for everybody else. */
  seniority(did: Did, until?: number): number {
    const role = this.role(did, until)
    if (role === 'owner') return OWNER
    if (role !== 'admin') return Number.POSITIVE_INFINITY
    return Math.min(
      ...this.#assignments(did, this.joins(did, until), until).flatMap(given =>
        given.role === 'admin' ? [given.place] : [],
      ),
    )
  }

  /** Where the roles of a member were given that no later giving knew of. */
  #assignments(did: Did, joins: readonly number[], until: number | undefined): Assignment[] {
    const given: Assignment[] = []
    for (const place of joins) {
      const entry = this.#graph.entries[place]
      given.push({ place, role: entry?.op === 'add' ? entry.role : 'admin' })
    }
    for (const place of this.#changes.get(did) ?? []) {
      const entry = this.#graph.entries[place]
      if (!this.#seen(place, until) || !joins.some(join => this.#graph.isAncestor(join, place))) continue
      given.push({ place, role: entry?.op === 'role' ? entry.role : 'admin' })
    }
    given.sort((a, b) => b.place - a.place)
    const last: Assignment[] = []
    for (const each of given)
      if (!last.some(({ place }) => this.#graph.isAncestor(each.place, place))) last.push(each)
    return last
  }
}

const historyOf = (entry: Entry | undefined): History | null =>
  entry?.op === 'create' || entry?.op === 'history' ? entry.history : null

function push<K>(lists: Map<K, number[]>, key: K, place: number): void {
  const list = lists.get(key)
  if (list) list.push(place)
  else lists.set(key, [place])
}
