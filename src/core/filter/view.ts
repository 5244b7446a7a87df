/** A view: what a text says to somebody who decodes it, with the way back to where it stands. */
import type { Match } from './rule.ts'

export type Kind = 'unescaped' | 'unsoftened' | 'joined' | 'decoded'

export interface View {
  text: string
  /** Where a range of the view stands in the text that it is a view of; null where it holds nothing that the view adds. Where it
   *  is not certain, what was found in the text itself counts more. */
  back(start: number, end: number): (Match & { isCertain: boolean }) | null
  /** Whether a range stands for a whole run of which it is only a part. */
  isWhole: boolean
  /** What may be undone after this. */
  next: readonly Kind[]
}

export const ANY: readonly Kind[] = ['unescaped', 'unsoftened', 'joined', 'decoded']

/** A part of a text with another in its place. */
export interface Edit extends Match {
  text: string
  /** Of the end of a line: it is as long as lines that a terminal breaks, or says itself that it goes on. */
  isBroken?: boolean
}

/** What surrounds an edit, on either side, in the view: names, quotes and the value. */
const AROUND = 400

/** A stretch of a view: kept text from `at` on, or an edit's. */
interface Piece {
  viewAt: number
  at: number
  edit: Edit | null
  /** The edit right before kept text. */
  after: Edit | null
}

/** The text with its edits made and with what is around them, one window a line. @param edits - in order, apart from each other */
export function edited(text: string, edits: readonly Edit[]): { view: string; pieces: Piece[] } {
  const pieces: Piece[] = []
  const out: string[] = []
  let length = 0
  let last: Edit | null = null
  const add = (part: string, at: number, edit: Edit | null): void => {
    if (part.length === 0 && edit === null) return
    pieces.push({ viewAt: length, at, edit, after: last })
    last = edit
    out.push(part)
    length += part.length
  }
  let done = -1
  for (const edit of edits) {
    const from = Math.max(0, edit.start - AROUND)
    if (done >= 0 && from > done + AROUND) {
      add(text.slice(done, done + AROUND), done, null)
      out.push('\n')
      length++
      last = null
      done = -1
    }
    const begin = done < 0 ? from : done
    add(text.slice(begin, edit.start), begin, null)
    add(edit.text, edit.start, edit)
    done = edit.end
  }
  if (done >= 0) add(text.slice(done, done + AROUND), done, null)
  return { view: out.join(''), pieces }
}

export function rangeIn(pieces: readonly Piece[], start: number, end: number): Match | null {
  const first = atOrBefore(pieces, start)
  const last = atOrBefore(pieces, end - 1)
  if (!first || !last) return null
  return {
    start: first.edit ? first.at : first.at + start - first.viewAt,
    end: last.edit ? last.edit.end : last.at + end - last.viewAt,
  }
}

export function viewOf(text: string, edits: readonly Edit[], next: readonly Kind[]): View | null {
  if (edits.length === 0) return null
  const { view, pieces } = edited(text, edits)
  return {
    text: view,
    isWhole: false,
    next,
    back: (start, end) => {
      const range = rangeIn(pieces, start, end)
      return range && { ...range, isCertain: true }
    },
  }
}

/** The last of sorted pieces that begins at an offset or before. */
export function atOrBefore<P extends { viewAt: number }>(
  pieces: readonly P[],
  offset: number,
): P | undefined {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((pieces[middle]?.viewAt ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return pieces[low]
}
