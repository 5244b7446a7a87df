/** Tables for people: a head, columns as wide as they need, the widest ones cut alike so that a row fits the terminal. */
import { visibleLine } from '../../core/model/visible.ts'
import { columns, style } from './style.ts'
import { cut, pad, widthOf } from './width.ts'

const GAP = 2
/** A column that is cut keeps at least this much, so that an id's beginning or a title can be told. */
const MIN_COLUMN = 8

/** @param head - one title a column. @param rows - cells as they came; they are made visible here.
 *  @param room - columns that there are. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
  room = columns(),
): string {
  const cells = rows.map(row => row.map(cell => (cell === null ? '–' : visibleLine(String(cell)))))
  const widths = head.map((title, at) =>
    Math.max(widthOf(title), ...cells.map(row => widthOf(row[at] ?? ''))),
  )
  let over = widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1)) - room
  // No column pays for all the others: a DID or an id whose beginning is gone selects nobody.
  while (over > 0) {
    const width = Math.max(...widths)
    if (width <= MIN_COLUMN) break
    const below = Math.max(MIN_COLUMN, ...widths.filter(each => each < width))
    const widest = widths.flatMap((each, at) => (each === width ? [at] : []))
    const share = Math.min(width - below, Math.ceil(over / widest.length))
    for (const at of widest) {
      const less = Math.min(share, over)
      widths[at] = width - less
      over -= less
    }
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => pad(cut(cell, widths[at] ?? 0), at === row.length - 1 ? 0 : (widths[at] ?? 0)))
      .join(' '.repeat(GAP))
      .trimEnd()
  return [style.dim(line(head)), ...cells.map(line)].join('\n')
}

/** Name and value a line, aligned. */
export function facts(rows: readonly (readonly [string, string | number | null])[]): string {
  const width = Math.max(...rows.map(([name]) => widthOf(name)))
  return rows
    .map(
      ([name, value]) =>
        `${style.dim(pad(name, width))}  ${value === null ? '–' : visibleLine(String(value))}`,
    )
    .join('\n')
}
