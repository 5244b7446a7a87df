/** Secrets in tables: a column whose heading says so, in Markdown and in comma-separated text, as password managers export it. */
import type { Match, Rule } from '../rule.ts'
import { isSample, isScrambled, isStandIn } from './sample.ts'

const HEADING =
  /^["'*`\s]{0,6}(?:(?:user |login |db |wifi |admin |login_)?(?:password|passwd|passwort|passphrase|pwd|pass)|(?:api |client |access |secret |auth )?(?:secret|token|api[ _-]?key|access[ _-]?key)(?: key)?|secret access key|login_password|login_totp|mot de passe|contraseña|senha)["'*`\s]{0,6}$/i
/** More rows than this are read in the next table only. */
const MAX_ROWS = 2_000
const MAX_LINE_LENGTH = 4_000

interface Cell extends Match {
  text: string
}

/** The cells of a line, quotes and blanks around them left out. */
function cellsOf(text: string, start: number, end: number, separator: string): Cell[] {
  const cells: Cell[] = []
  let from = start
  let isQuoted = false
  for (let at = start; at <= end; at++) {
    const char = text[at] ?? ''
    if (char === '"' && separator !== '|') isQuoted = !isQuoted
    if (at < end && (isQuoted || char !== separator)) continue
    let first = from
    let last = at
    while (first < last && /[\s"'`*]/.test(text[first] ?? '')) first++
    while (last > first && /[\s"'`*]/.test(text[last - 1] ?? '')) last--
    cells.push({ start: first, end: last, text: text.slice(first, last) })
    from = at + 1
  }
  return cells
}

const endOfLine = (text: string, at: number): number => {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

/** Two names or more, none of them empty but for the edges that bars make. */
const isHeading = (cells: readonly Cell[], separator: string): boolean =>
  cells.length > (separator === '|' ? 2 : 1) &&
  cells.every(({ text }, at) =>
    text.length === 0
      ? separator === '|' && (at === 0 || at === cells.length - 1)
      : text.length < 40 && /^[\p{L}\p{N} _./#=-]+$/u.test(text),
  )

/** Whether the cell around a place, up to separators, is a heading: most names stand elsewhere. */
function isInHeading(text: string, place: number): boolean {
  let start = place
  while (start > 0 && place - start < 30 && !isEdge(text.charCodeAt(start - 1))) start--
  let end = place
  while (end < text.length && end - place < 40 && !isEdge(text.charCodeAt(end))) end++
  return HEADING.test(text.slice(start, end))
}

/** Line feed, tab, comma, semicolon, bar. */
const isEdge = (code: number): boolean =>
  code === 10 || code === 9 || code === 44 || code === 59 || code === 124

export const tableRule: Rule = {
  id: 'tabled-secret',
  version: 2,
  severity: 'secret',
  needs: ['pass', 'pwd', 'secret', 'token', 'key', 'senha', 'contraseña'],
  anyCase: true,
  scan: (text, places) => {
    const matches: Match[] = []
    let done = 0
    for (const place of places) {
      if (place < done || !isInHeading(text, place)) continue
      const start = text.lastIndexOf('\n', place) + 1
      const end = endOfLine(text, place)
      // One look at each line, whatever stands in it.
      done = end
      if (end - start > MAX_LINE_LENGTH) continue
      const line = text.slice(start, end)
      const separator = ['|', '\t', ';', ','].find(char => line.includes(char))
      if (separator === undefined) continue
      const heading = cellsOf(text, start, end, separator)
      const columns = heading.flatMap(({ text: title }, at) => (HEADING.test(title) ? [at] : []))
      if (columns.length === 0 || !isHeading(heading, separator)) continue
      done = rowsAfter(text, end + 1, separator, heading.length, columns, matches)
    }
    return matches
  },
}

/** Take what stands in some columns, down to the first line that is no row. @returns where that begins */
function rowsAfter(
  text: string,
  from: number,
  separator: string,
  width: number,
  columns: number[],
  matches: Match[],
): number {
  let at = from
  for (let row = 0; row < MAX_ROWS && at < text.length; row++) {
    const end = endOfLine(text, at)
    if (end - at > MAX_LINE_LENGTH) break
    const cells = cellsOf(text, at, end, separator)
    if (cells.length !== width) break
    for (const column of columns) {
      const cell = cells[column]
      if (
        !cell ||
        cell.text.length < 4 ||
        /^[:\- ]+$/.test(cell.text) ||
        isStandIn(cell.text) ||
        isSample(cell.text)
      )
        continue
      if ((/\d|[^\p{L}\p{N}\s_.-]/u.test(cell.text) || isScrambled(cell.text)) && !/\s.*\s/.test(cell.text))
        matches.push({ start: cell.start, end: cell.end })
    }
    at = end + 1
  }
  return at
}
