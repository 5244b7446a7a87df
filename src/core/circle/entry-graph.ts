/** The hash-linked graph of a circle's entries: one order for everybody, and who comes before whom. */
import { VivimError } from '../kernel/errors.ts'
import type { Entry, EntryHash } from './entry.ts'

/** A set of entries this large is no circle of people; the graph needs n²/16 bytes. */
export const MAX_CIRCLE_ENTRIES = 20_000

/** Places in a graph; grows with what is put in. */
export class PlaceSet {
  #words = new Uint32Array(8)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** One bit a place, of the lowest first. */
  get words(): Uint32Array {
    return this.#words
  }

  has(place: number): boolean {
    return (((this.#words[place >>> 5] ?? 0) >>> (place & 31)) & 1) === 1
  }

  add(place: number): void {
    if (this.has(place)) return
    if (place >>> 5 >= this.#words.length) {
      const wider = new Uint32Array(Math.max((place >>> 5) + 1, this.#words.length * 2))
      wider.set(this.#words)
      this.#words = wider
    }
    this.#words[place >>> 5] = (this.#words[place >>> 5] ?? 0) | (1 << (place & 31))
    this.#size++
  }
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}

export class EntryGraph {
  /** Entries all of whose ancestors are here, each after its ancestors; by longest path from the beginning, then by hash. What was pushed
   *  later stands at the end. */
  readonly entries: Entry[]
  /** Places in `entries` of the direct predecessors of each entry. */
  readonly prev: number[][]
  /** Entries that wait for an ancestor, ascending. */
  readonly waiting: readonly EntryHash[]
  /** Ancestors that are not here, ascending. */
  readonly missing: readonly EntryHash[]
  readonly #places: Map<EntryHash, number>
  readonly #waiting: ReadonlySet<EntryHash>
  readonly #missing: ReadonlySet<EntryHash>
  /** One bit a pair; the set of the entry in place n needs n bits, since its ancestors stand before it. */
  readonly #ancestors: Uint32Array[] = []

  /** @param entries - in any order, with any duplicates. @throws `crypto/too-large` over 20,000 different entries. */
  constructor(entries: Iterable<Entry>) {
    const byHash = new Map<EntryHash, Entry>()
    for (const entry of entries) {
      byHash.set(entry.hash, entry)
      if (byHash.size > MAX_CIRCLE_ENTRIES)
        throw new VivimError('crypto/too-large', `a circle has at most ${MAX_CIRCLE_ENTRIES} entries`)
    }
    const depths = measureDepths(byHash)
    this.entries = [...byHash.values()]
      .filter(entry => depths.has(entry.hash))
      .sort((a, b) => (depths.get(a.hash) ?? 0) - (depths.get(b.hash) ?? 0) || (a.hash < b.hash ? -1 : 1))
    this.#places = new Map(this.entries.map((entry, place) => [entry.hash, place]))
    this.prev = this.entries.map(entry => entry.prev.map(hash => this.#places.get(hash) ?? 0))
    for (const [place, before] of this.prev.entries())
      this.#ancestors.push(this.#collectAncestors(place, before))
    this.#waiting = new Set([...byHash.keys()].filter(hash => !depths.has(hash)))
    this.waiting = [...this.#waiting].sort()
    this.#missing = new Set(
      this.waiting.flatMap(hash => byHash.get(hash)?.prev ?? []).filter(hash => !byHash.has(hash)),
    )
    this.missing = [...this.#missing].sort()
  }

  /** Whether an entry is here, waiting or not. */
  has(hash: EntryHash): boolean {
    return this.#places.has(hash) || this.#waiting.has(hash)
  }

  /** Whether `entries[before]` is an ancestor of `entries[after]`; false for an entry and itself. */
  isAncestor(before: number, after: number): boolean {
    return before < after && (((this.#ancestors[after]?.[before >>> 5] ?? 0) >>> (before & 31)) & 1) === 1
  }

  /** How many of these places are ancestors of `entries[after]`. */
  countAncestors(places: PlaceSet, after: number): number {
    const words = this.#ancestors[after] ?? NOBODY
    const marked = places.words
    const end = Math.min(words.length, marked.length)
    let count = 0
    for (let at = 0; at < end; at++) {
      const both = (words[at] ?? 0) & (marked[at] ?? 0)
      if (both !== 0) count += bitCount(both)
    }
    return count
  }

  /** Put one more entry at the end. @returns its place, or null, changing nothing, when it is here, would have to wait, or something waits for it. */
  push(entry: Entry): number | null {
    if (this.has(entry.hash) || this.#missing.has(entry.hash)) return null
    if (this.entries.length + this.#waiting.size >= MAX_CIRCLE_ENTRIES) return null
    const before: number[] = []
    for (const hash of entry.prev) {
      const place = this.#places.get(hash)
      if (place === undefined) return null
      before.push(place)
    }
    const place = this.entries.push(entry) - 1
    this.prev.push(before)
    this.#places.set(entry.hash, place)
    this.#ancestors.push(this.#collectAncestors(place, before))
    return place
  }

  /** Take the entry that was pushed last out again. */
  pop(): void {
    const entry = this.entries.pop()
    if (entry === undefined) return
    this.prev.pop()
    this.#places.delete(entry.hash)
    this.#ancestors.pop()
  }

  #collectAncestors(place: number, before: readonly number[]): Uint32Array {
    const set = new Uint32Array((place >>> 5) + 1)
    for (const predecessor of before.toSorted((a, b) => b - a)) {
      // What a later one knew of brings nothing more.
      if ((((set[predecessor >>> 5] ?? 0) >>> (predecessor & 31)) & 1) === 1) continue
      const inherited = this.#ancestors[predecessor] ?? NOBODY
      for (let at = 0; at < inherited.length; at++) set[at] = (set[at] ?? 0) | (inherited[at] ?? 0)
      set[predecessor >>> 5] = (set[predecessor >>> 5] ?? 0) | (1 << (predecessor & 31))
    }
    return set
  }
}

const NOBODY = new Uint32Array(0)

/** One entry and all that it knew of, in the order given: what somebody may be told who is told of that entry and nothing after. */
export function upTo(entries: readonly Entry[], last: EntryHash): Entry[] {
  const byHash = new Map(entries.map(entry => [entry.hash, entry]))
  const known = new Set<EntryHash>()
  const open = [last]
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    if (known.has(hash)) continue
    known.add(hash)
    open.push(...(byHash.get(hash)?.prev ?? []))
  }
  return entries.filter(({ hash }) => known.has(hash))
}

/** Longest path from a beginning, for every entry whose ancestors are all here. */
function measureDepths(byHash: ReadonlyMap<EntryHash, Entry>): Map<EntryHash, number> {
  const successors = new Map<EntryHash, Entry[]>()
  const open = new Map<EntryHash, number>()
  const depths = new Map<EntryHash, number>()
  const ready: Entry[] = []
  for (const entry of byHash.values()) {
    open.set(entry.hash, entry.prev.length)
    if (entry.prev.length === 0) ready.push(entry)
    for (const hash of entry.prev) {
      const known = successors.get(hash)
      if (known) known.push(entry)
      else successors.set(hash, [entry])
    }
  }
  for (let entry = ready.pop(); entry !== undefined; entry = ready.pop()) {
    depths.set(
      entry.hash,
      entry.prev.reduce((most, hash) => Math.max(most, (depths.get(hash) ?? 0) + 1), 0),
    )
    for (const successor of successors.get(entry.hash) ?? []) {
      const left = (open.get(successor.hash) ?? 0) - 1
      open.set(successor.hash, left)
      if (left === 0) ready.push(successor)
    }
  }
  return depths
}
