/** The hash-linked graph of a circle's entries: one order for everybody, and who comes before whom. */
import { VivimError } from '../kernel/errors.ts'
import type { Entry, EntryHash } from './entry.ts'

/** A set of entries this large is no circle of people; the graph needs n²/16 bytes. */
export const MAX_CIRCLE_ENTRIES = 20_000

export interface EntryGraph {
  /** Entries all of whose ancestors are here, each after its ancestors; by longest path from the beginning, then by hash. */
  readonly entries: readonly Entry[]
  /** Places in `entries` of the direct predecessors of each entry. */
  readonly prev: readonly (readonly number[])[]
  /** Entries that wait for an ancestor, ascending. */
  readonly waiting: readonly EntryHash[]
  /** Ancestors that are not here, ascending. */
  readonly missing: readonly EntryHash[]
  /** Whether `entries[before]` is an ancestor of `entries[after]`; false for an entry and itself. */
  isAncestor(before: number, after: number): boolean
  /** How many of the marked places are ancestors of `entries[after]`. */
  countAncestors(marked: Uint32Array, after: number): number
}

/** A set of places, for `countAncestors`. */
export function markPlaces(places: Iterable<number>, size: number): Uint32Array {
  const marked = new Uint32Array((size >>> 5) + 1)
  for (const place of places) markPlace(marked, place)
  return marked
}

/** Put one more place into such a set. */
export function markPlace(marked: Uint32Array, place: number): void {
  marked[place >>> 5] = (marked[place >>> 5] ?? 0) | (1 << (place & 31))
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}

/** @param entries - in any order, with any duplicates. @throws `crypto/too-large` over 20,000 different entries. */
export function makeEntryGraph(entries: Iterable<Entry>): EntryGraph {
  const byHash = new Map<EntryHash, Entry>()
  for (const entry of entries) {
    byHash.set(entry.hash, entry)
    if (byHash.size > MAX_CIRCLE_ENTRIES)
      throw new VivimError('crypto/too-large', `a circle has at most ${MAX_CIRCLE_ENTRIES} entries`)
  }
  const depths = measureDepths(byHash)
  const sorted = [...byHash.values()]
    .filter(entry => depths.has(entry.hash))
    .sort((a, b) => (depths.get(a.hash) ?? 0) - (depths.get(b.hash) ?? 0) || (a.hash < b.hash ? -1 : 1))
  const places = new Map(sorted.map((entry, place) => [entry.hash, place]))
  const prev = sorted.map(entry => entry.prev.map(hash => places.get(hash) ?? 0))
  const ancestors = collectAncestors(prev)
  const waiting = [...byHash.keys()].filter(hash => !depths.has(hash)).sort()
  const missing = new Set(
    waiting.flatMap(hash => byHash.get(hash)?.prev ?? []).filter(hash => !byHash.has(hash)),
  )
  return {
    entries: sorted,
    prev,
    waiting,
    missing: [...missing].sort(),
    isAncestor: (before, after) =>
      before < after && (((ancestors[after]?.[before >>> 5] ?? 0) >>> (before & 31)) & 1) === 1,
    countAncestors(marked, after) {
      let count = 0
      const words = ancestors[after] ?? new Uint32Array(0)
      for (let at = 0; at < words.length; at++) count += bitCount((words[at] ?? 0) & (marked[at] ?? 0))
      return count
    },
  }
}

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

/** One bit a pair; the set of the entry in place n needs n bits, since its ancestors stand before it. */
function collectAncestors(prev: readonly (readonly number[])[]): Uint32Array[] {
  const sets: Uint32Array[] = []
  for (const [place, before] of prev.entries()) {
    const set = new Uint32Array((place >>> 5) + 1)
    for (const predecessor of before) {
      const inherited = sets[predecessor] ?? new Uint32Array(0)
      for (let at = 0; at < inherited.length; at++) set[at] = (set[at] ?? 0) | (inherited[at] ?? 0)
      set[predecessor >>> 5] = (set[predecessor >>> 5] ?? 0) | (1 << (predecessor & 31))
    }
    sets.push(set)
  }
  return sets
}
