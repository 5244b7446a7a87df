/** Which statements of a circle a later one took the place of, for who knew the ancestors of an entry: of those that belong together,
 *  such as the roles of one person, all that another of them knew of. */
import type { EntryGraph } from './entry-graph.ts'

const NONE = new Uint32Array(0)

export class Outdone {
  readonly #graph: EntryGraph
  /** By place, one bit a place: what the ancestors say is outdone, and what they and the entry itself say. The same array where nothing
   *  comes together. */
  readonly #before: Uint32Array[] = []
  readonly #after: Uint32Array[] = []
  #all: Uint32Array = NONE

  constructor(graph: EntryGraph) {
    this.#graph = graph
  }

  /** Come to the next place, or once more to the last one, where another entry may stand now. */
  enter(place: number): void {
    const sets = new Set((this.#graph.prev[place] ?? []).map(before => this.#after[before] ?? NONE))
    const [only] = sets
    const known = sets.size > 1 ? union([...sets]) : (only ?? NONE)
    this.#before[place] = known
    this.#after[place] = known
  }

  /** Take note of a statement in the place entered last. @param others - places of those before it that it belongs together with. */
  take(place: number, others: readonly number[]): void {
    const outdone = others.filter(other => this.#graph.isAncestor(other, place))
    if (outdone.length === 0) return
    const set = union([new Uint32Array((place >>> 5) + 1), this.#after[place] ?? NONE])
    for (const other of outdone) set[other >>> 5] = (set[other >>> 5] ?? 0) | (1 << (other & 31))
    this.#after[place] = set
    this.#all = union([this.#all, set])
  }

  /** Whether the statement in a place is outdone: at the end, or for who knew the ancestors of `until`. */
  has(place: number, until: number | undefined): boolean {
    const set = until === undefined ? this.#all : (this.#before[until] ?? NONE)
    return (((set[place >>> 5] ?? 0) >>> (place & 31)) & 1) === 1
  }
}

function union(sets: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(Math.max(...sets.map(({ length }) => length)))
  for (const set of sets) for (let at = 0; at < set.length; at++) all[at] = (all[at] ?? 0) | (set[at] ?? 0)
  return all
}
