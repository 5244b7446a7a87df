/** Times and durations as people write them: `90s`, `15m`, `12h`, `7d`, `2w`, ISO 8601, `never`. */
import { VivimError } from '../kernel/errors.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** A hundred years: beyond it a number is a slip of the finger, and sums leave the range of a date. */
const MAX_DURATION_MS = 100 * 365 * 86_400_000

/** ISO 8601 with a date, a time and a zone; without a zone it would mean different instants to two people. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/
const DAY = /^\d{4}-\d{2}-\d{2}$/

/** @returns whole milliseconds, at most a hundred years. @throws `usage/invalid` */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,9})(s|m|h|d|w)$/.exec(text.trim()) ?? []
  const ms = Number(digits) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  if (!(ms <= MAX_DURATION_MS))
    throw new VivimError(
      'usage/invalid',
      `${JSON.stringify(text.slice(0, 40))} is not a duration such as 90s, 15m, 12h, 7d or 2w`,
    )
  return ms
}

/**
 * An instant, or a duration from now. A day without a time is its first moment in UTC.
 * @returns milliseconds since the epoch; null for `never`. @throws `usage/invalid`
 */
export function parseTime(text: string, nowMs: number): number | null {
  const trimmed = text.trim()
  if (trimmed === 'never') return null
  if (/^\d+[a-z]$/.test(trimmed)) return nowMs + parseDuration(trimmed)
  const ms = INSTANT.test(trimmed) || DAY.test(trimmed) ? Date.parse(trimmed) : Number.NaN
  if (Number.isNaN(ms))
    throw new VivimError(
      'usage/invalid',
      `${JSON.stringify(text.slice(0, 40))} is not a time: write 2027-01-31T12:00:00Z, or a duration from now such as 7d`,
    )
  return ms
}
