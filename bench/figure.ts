/** What a benchmark says: one number, what stands beside it, and what was promised. */

export type Unit = 'ms' | 'MB/s' | 'MB' | 'kB' | 'messages/s' | '%'

/** A promise about the number itself or about how it compares; `atMost` and `atLeast` include the bound. */
export type Budget = { readonly on: 'value' | 'ratio' } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
)

export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: Unit
  /** A peer that does the same, or the limit that physics or the runtime sets, measured in the same run and unit; null where
   *  nothing compares. */
  readonly beside: { readonly what: string; readonly value: number } | null
  readonly budget: Budget | null
}

export const ratioOf = ({ value, beside }: Figure): number | null =>
  beside === null || beside.value === 0 ? null : value / beside.value

/** null: nothing was promised. */
export function isKept(figure: Figure): boolean | null {
  const { budget } = figure
  if (budget === null) return null
  const measured = budget.on === 'value' ? figure.value : ratioOf(figure)
  if (measured === null) return null
  return 'atMost' in budget ? measured <= budget.atMost : measured >= budget.atLeast
}

/** Three significant digits, and no more than whole ones for large numbers. */
export const shortNumber = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

const amount = (value: number, unit: Unit): string => `${shortNumber(value)} ${unit}`

function budgetText({ budget, unit }: Figure): string {
  if (budget === null) return ''
  const [word, bound] = 'atMost' in budget ? ['at most', budget.atMost] : ['at least', budget.atLeast]
  return `${word} ${budget.on === 'ratio' ? `${bound} ×` : amount(bound, unit)}`
}

export const HEADINGS = ['what', 'value', 'beside', 'ratio', 'budget', ''] as const

/** The cells of a row, under `HEADINGS`. */
export function cellsOf(figure: Figure): string[] {
  const { what, value, unit, beside } = figure
  const ratio = ratioOf(figure)
  const kept = isKept(figure)
  return [
    what,
    amount(value, unit),
    beside === null ? '' : `${amount(beside.value, unit)}, ${beside.what}`,
    ratio === null ? '' : `${shortNumber(ratio)} ×`,
    budgetText(figure),
    kept === null ? '' : kept ? 'ok' : 'over',
  ]
}

/** Aligned columns for a terminal. */
export function plainTable(figures: readonly Figure[]): string {
  const rows = [[...HEADINGS], ...figures.map(cellsOf)]
  const widths = HEADINGS.map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The same for a document. */
export function markdownTable(figures: readonly Figure[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(HEADINGS),
    `|${HEADINGS.map(() => '---|').join('')}`,
    ...figures.map(f => line(cellsOf(f))),
  ].join('\n')
}
