/** The scan: every leaf, folded, past every rule, in chunks of bounded size, with each match brought back to its place. It either
 *  sees all of it or throws. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../kernel/env.ts'
import { type ErrorDetails, VivimError } from '../kernel/errors.ts'
import { type Engine, makeEngine } from './engine.ts'
import { type Folded, fold, unfold } from './folded.ts'
import type { Leaf } from './leaving.ts'
import type { Detector, Hit } from './rule.ts'
import { ANY, type Kind } from './view.ts'
import { MAX_DEPTH, viewsOf } from './views.ts'

/** Longest text that a rule sees at once, in UTF-16 units. */
const CHUNK_LENGTH = 128 * 1024
/** What a chunk shares with the next on either side: no value that a rule looks for is longer. */
const MARGIN_LENGTH = 16 * 1024
/** More matches than this in one copy is no text that anybody could check. */
const MAX_HITS = 100_000

/** How long the scan may take; what is slower than this by far is an attack or a defect. */
export interface Budget {
  clock: Clock
  /** For small copies, in ms. */
  baseMs: number
  /** In addition for every million units of text, in ms. */
  perMillionMs: number
  signal?: AbortSignal | undefined
}

/** A match in a leaf's own text. */
export interface Found extends Hit {
  /** The folded text that was matched, decoded where what stands there is exactly one value in another form. */
  value: string
  /** What a rule saw where `value` is a run of which this is a part, decoded. */
  inner?: string
}

export const failed = (why: string, details: ErrorDetails = {}, cause?: unknown): VivimError =>
  new VivimError('filter/failed', `the content filter failed: ${why}`, details, { cause })

/** Shorter values are words as often as not. */
const MIN_KNOWN_LENGTH = 8
/** So many different secrets are a dump, not a conversation. */
const MAX_KNOWN = 5_000

/** Look for secrets that were found by their surroundings wherever else they stand. @returns as `scanLeaves`, both together.
 *  @throws `filter/failed`. */
export async function scanKnown(
  leaves: readonly Leaf[],
  found: readonly Found[][],
  budget: Budget,
): Promise<Found[][]> {
  const known = new Map<string, Hit>()
  for (const hit of found.flat())
    if (hit.severity === 'secret') {
      // Encoded, it may stand elsewhere in lines or with escapes.
      for (const value of new Set([hit.inner ?? hit.value, hit.value]))
        if (value.length >= MIN_KNOWN_LENGTH && !known.has(value)) known.set(value, hit)
    }
  if (known.size === 0) return found.map(hits => [...hits])
  if (known.size > MAX_KNOWN) throw failed(`more than ${MAX_KNOWN} different secrets`, { limit: MAX_KNOWN })
  const detectors = [...known].map(
    ([value, { rule, severity }]): Detector => ({
      versions: [],
      needs: [value],
      scan: (_, places) => places.map(start => ({ start, end: start + value.length, rule, severity })),
    }),
  )
  const again = await scanLeaves(leaves, makeEngine(detectors), budget)
  return found.map((hits, leaf) => [...hits, ...(again[leaf] ?? [])])
}

/** A stretch of folded text that goes into a chunk. */
interface Piece {
  leaf: number
  folded: Folded
  before: string
  /** The piece is `folded.text.slice(from, to)`. */
  from: number
  to: number
  /** Only matches that begin in this range of the folded text are this piece's to report: another piece sees the rest. */
  ownFrom: number
  ownTo: number
}

/** @returns for each leaf its matches, in no order, overlapping where rules overlap. @throws `filter/failed`. */
export async function scanLeaves(
  leaves: readonly Leaf[],
  engine: Engine,
  budget: Budget,
): Promise<Found[][]> {
  const found: Found[][] = leaves.map(() => [])
  const total = leaves.reduce((sum, { text, before }) => sum + text.length + before.length, 0)
  const startedMs = budget.clock.nowMs()
  const limitMs = budget.baseMs + (total / 1e6) * budget.perMillionMs
  let hits = 0
  for (const pieces of chunksOf(leaves)) {
    hits += scanChunk(pieces, engine, found)
    if (hits > MAX_HITS) throw failed(`more than ${MAX_HITS} findings`, { limit: MAX_HITS })
    if (budget.signal?.aborted) throw failed('the call was given up', {}, budget.signal.reason)
    if (budget.clock.nowMs() - startedMs > limitMs)
      throw failed('it took too long', { limitMs: Math.round(limitMs) })
    await setImmediate()
  }
  return found
}

/** Cut the leaves into pieces and gather these into chunks, one chunk in memory at a time. */
function* chunksOf(leaves: readonly Leaf[]): Generator<Piece[]> {
  let pieces: Piece[] = []
  let length = 0
  for (const [leaf, { text, before }] of leaves.entries()) {
    const folded = fold(text)
    const context = fold(before.slice(-MARGIN_LENGTH)).text
    const size = folded.text.length
    const step = CHUNK_LENGTH - 2 * MARGIN_LENGTH
    for (let from = 0; ; from += step) {
      const to = Math.min(size, from + CHUNK_LENGTH)
      const last = to === size
      const piece: Piece = {
        leaf,
        folded,
        before: from === 0 ? context : '',
        from,
        to,
        ownFrom: from === 0 ? 0 : from + MARGIN_LENGTH,
        ownTo: last ? size : to - MARGIN_LENGTH,
      }
      const pieceLength = piece.before.length + to - from + 1
      if (length > 0 && length + pieceLength > CHUNK_LENGTH + MARGIN_LENGTH) {
        yield pieces
        pieces = []
        length = 0
      }
      pieces.push(piece)
      length += pieceLength
      if (last) break
    }
  }
  if (pieces.length > 0) yield pieces
}

/** @returns how many matches there were. */
function scanChunk(pieces: readonly Piece[], engine: Engine, found: Found[][]): number {
  const starts: number[] = []
  let text = ''
  for (const { folded, before, from, to } of pieces) {
    starts.push(text.length + before.length)
    text += `${before}${folded.text.slice(from, to)}\n`
  }
  let matches: DeepHit[]
  try {
    const seams = new Set(starts.map((start, at) => start - (pieces[at]?.before.length ?? 0)))
    matches = deepScan(text, engine, { kinds: ANY, seams, seen: new Set() }, MAX_DEPTH)
  } catch (cause) {
    throw failed('a rule broke', {}, cause)
  }
  for (const match of matches) place(match, pieces, starts, found)
  return matches.length
}

/** A match in a text or in what it decodes to. */
interface DeepHit extends Hit {
  /** What the rule saw, where that is not what stands there. */
  seen?: string
  /** Whether the range is a run of which the value is a part. */
  isWhole?: boolean
}

interface Look {
  kinds: readonly Kind[]
  seams: ReadonlySet<number>
  seen: Set<string>
}

/** Look at a text and, down to a depth, at its views. */
function deepScan(text: string, engine: Engine, { kinds, seams, seen }: Look, depth: number): DeepHit[] {
  const hits: DeepHit[] = engine.scan(text)
  if (depth === 0) return hits
  const own = [...hits]
  const known = new Set(hits.map(nameOf))
  let taken: Uint8Array | null = null
  for (const view of viewsOf(text, kinds, seams, seen))
    for (const hit of deepScan(view.text, engine, { kinds: view.next, seams: NO_SEAMS, seen }, depth - 1)) {
      const place = view.back(hit.start, hit.end)
      if (!place) continue
      const { start, end, isCertain } = place
      if (!isCertain) {
        taken ??= takenBy(own, text.length)
        const counts = hit.severity === 'secret' ? SECRET : PERSONAL
        if (taken.subarray(start, end).some(there => there >= counts)) continue
      }
      const saw = hit.seen ?? view.text.slice(hit.start, hit.end)
      const found = { ...hit, start, end, seen: saw, isWhole: view.isWhole || hit.isWhole === true }
      // Most of what a view shows was seen without it.
      if (known.has(nameOf(found))) continue
      known.add(nameOf(found))
      hits.push(found)
    }
  return hits
}

const nameOf = ({ start, end, rule }: Hit): string => `${start} ${end} ${rule}`

const NO_SEAMS: ReadonlySet<number> = new Set()

const PERSONAL = 1
const SECRET = 2

/** At each place the gravest of what was found there. */
function takenBy(hits: readonly Hit[], length: number): Uint8Array {
  const taken = new Uint8Array(length)
  for (const { start, end } of hits.filter(({ severity }) => severity === 'personal'))
    taken.fill(PERSONAL, start, end)
  for (const { start, end } of hits.filter(({ severity }) => severity === 'secret'))
    taken.fill(SECRET, start, end)
  return taken
}

/** Give a match to every piece that it touches. */
function place(
  { seen, isWhole, ...match }: DeepHit,
  pieces: readonly Piece[],
  starts: readonly number[],
  found: Found[][],
): void {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= match.start) low = middle
    else high = middle - 1
  }
  for (let at = low; at < pieces.length; at++) {
    const piece = pieces[at]
    const start = starts[at]
    if (!piece || start === undefined || start >= match.end) return
    const shift = piece.from - start
    const from = Math.max(match.start + shift, piece.from)
    const to = Math.min(match.end + shift, piece.to)
    if (from >= to || from < piece.ownFrom || from >= piece.ownTo) continue
    found[piece.leaf]?.push({
      ...match,
      ...unfold(piece.folded, from, to),
      value: seen === undefined || isWhole ? piece.folded.text.slice(from, to) : seen,
      ...(seen !== undefined && isWhole ? { inner: seen } : {}),
    })
  }
}
