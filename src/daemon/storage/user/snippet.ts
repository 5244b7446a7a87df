/** Where the words of a query stand in a text: how much of it is about them, and the piece that shows it best. */
import type { Term } from './query.ts'
import { type Word, words } from './script.ts'

/** Stand around each match in a snippet, and for what was cut off. */
export const SNIPPET_MARKS = { before: '«', after: '»', cut: '…' } as const
/** UTF-16 units shown before the first match of a snippet, and in all. */
const LEAD_UNITS = 40
const SNIPPET_UNITS = 160
/** A text is looked through in pieces of this many UTF-16 units, until one holds a match. */
const PIECE_UNITS = 16_384

export interface Found {
  snippet: string
  /** From 0 to 1: higher where all terms occur, often, in a short text. */
  density: number
}

interface Place {
  start: number
  end: number
  term: number
}

/** @returns null when none of the terms stands in the text. */
export function lookFor(terms: readonly Term[], text: string): Found | null {
  for (let from = 0; from < text.length; from += PIECE_UNITS) {
    const piece = text.slice(from, from + PIECE_UNITS + SNIPPET_UNITS)
    const cut = words(piece)
    const places = placesOf(terms, cut)
    if (places.length > 0)
      return {
        snippet: snippetOf(piece, cut, places, {
          before: from > 0,
          after: from + piece.length < text.length,
        }),
        density: from === 0 ? densityOf(terms.length, places, cut.length) : 0,
      }
  }
  return null
}

/** The beginning of a text, where there is nothing to mark. */
export const opening = (text: string): string =>
  text.length <= SNIPPET_UNITS
    ? text.trim()
    : `${text.slice(0, SNIPPET_UNITS).toWellFormed().trim()}${SNIPPET_MARKS.cut}`

function placesOf(terms: readonly Term[], cut: readonly Word[]): Place[] {
  const byFirst = new Map<string, number[]>()
  const beginnings: number[] = []
  terms.forEach((term, at) => {
    const [first = ''] = term.words
    if (term.isPrefix && term.words.length === 1) beginnings.push(at)
    else byFirst.set(first, [...(byFirst.get(first) ?? []), at])
  })
  const places: Place[] = []
  cut.forEach((word, at) => {
    for (const index of byFirst.get(word.folded) ?? []) {
      const length = lengthAt(terms[index] as Term, cut, at)
      if (length > 0) places.push({ start: word.start, end: (cut[at + length - 1] as Word).end, term: index })
    }
    for (const index of beginnings)
      if (word.folded.startsWith(terms[index]?.words[0] ?? ' '))
        places.push({ start: word.start, end: word.end, term: index })
  })
  return places
}

/** How many words from `at` on are the term, or 0. */
function lengthAt(term: Term, cut: readonly Word[], at: number): number {
  const last = term.words.length - 1
  const isThere = term.words.every((word, i) => {
    const there = cut[at + i]?.folded
    return there === word || (i === last && term.isPrefix && there?.startsWith(word))
  })
  return isThere ? term.words.length : 0
}

/** How often is soon often enough, and less in a longer text (BM25 without the rarity of words, since all must occur). */
function densityOf(terms: number, places: readonly Place[], length: number): number {
  const counts = new Array<number>(terms).fill(0)
  for (const { term } of places) counts[term] = (counts[term] ?? 0) + 1
  const damped = 1.2 * (0.25 + (0.75 * length) / 150)
  return counts.reduce((sum, count) => sum + count / (count + damped), 0) / terms
}

function snippetOf(
  text: string,
  cut: readonly Word[],
  places: readonly Place[],
  goesOn: { before: boolean; after: boolean },
): string {
  const first = bestPlace(places)
  const lead = Math.max(0, first.start - LEAD_UNITS)
  // Begins at a word, not inside of one.
  const from =
    lead === 0 ? 0 : Math.min(first.start, cut.find(word => word.start >= lead)?.start ?? first.start)
  const limit = from + SNIPPET_UNITS
  const lastWhole = cut.findLast(word => word.start >= from && word.end <= limit)
  const until = text.length <= limit ? text.length : Math.max(lastWhole?.end ?? 0, Math.min(first.end, limit))
  const { before, after, cut: more } = SNIPPET_MARKS
  let marked = ''
  let at = from
  for (const { start, end } of places) {
    if (start < at || start >= until) continue
    marked += `${text.slice(at, start)}${before}${text.slice(start, Math.min(end, until))}${after}`
    at = Math.min(end, until)
  }
  marked += text.slice(at, Math.max(at, until))
  const isCutBefore = from > 0 || goesOn.before
  const isCutAfter = until < text.length || goesOn.after
  return `${isCutBefore ? more : ''}${marked.toWellFormed().trim()}${isCutAfter ? more : ''}`
}

/** The one with the most different terms within a snippet's length after it; the first of those. */
function bestPlace(places: readonly Place[]): Place {
  let best = places[0] as Place
  let most = 0
  // Many matches are as good as the first hundred.
  for (const [at, place] of places.slice(0, 100).entries()) {
    const near = new Set<number>()
    for (let next = at; next < places.length; next++) {
      const other = places[next] as Place
      if (other.end > place.start + SNIPPET_UNITS - LEAD_UNITS) break
      near.add(other.term)
    }
    if (near.size > most) [best, most] = [place, near.size]
  }
  return best
}
