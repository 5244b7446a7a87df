/** Selection by unique prefix, as the command line's contract has it. */

/** The end of the range of texts that begin with `prefix`: ids are ASCII, so nothing of theirs lies beyond. */
export const prefixEnd = (prefix: string): string => `${prefix}\u{10ffff}`

/** The one row, `ambiguous` for more, null for none. */
export function onlyOne<Row>(rows: readonly Row[]): Row | 'ambiguous' | null {
  const [first] = rows
  if (first === undefined) return null
  return rows.length === 1 ? first : 'ambiguous'
}
