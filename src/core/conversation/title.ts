/** Titles for exports that have none: the beginning of the first question. */

const LONGEST = 50

/** A text on one line. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** The first 50 characters (code points) on one line, or null for blank text. */
export function titleFrom(text: string): string | null {
  // White space may be long; nobody's title begins after this much of it.
  const characters = [...oneLine(text.slice(0, 1000))]
  return characters.slice(0, LONGEST).join('').trimEnd().toWellFormed() || null
}
