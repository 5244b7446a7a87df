/** How many columns text takes on a terminal, and cutting it to a number of them. */

/** East Asian wide and full-width ranges and pictographs; close enough for tables, without a table of Unicode. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}|\ufe0f/u
const COMBINING = /^[\p{Mn}\p{Me}]+$/u

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

const widthOfGrapheme = (grapheme: string): number =>
  COMBINING.test(grapheme) ? 0 : WIDE.test(grapheme) ? 2 : 1

/** Columns of one line of printable text without escape sequences. */
export function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII needs no segmenter.
  if (/^[\u0000-\u007e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment)
  return width
}

/** At most `width` columns; an ellipsis stands for what was cut. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let out = ''
  let taken = 0
  for (const { segment } of graphemes.segment(text)) {
    taken += widthOfGrapheme(segment)
    if (taken > width - 1) break
    out += segment
  }
  return `${out}…`
}

export const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)))
