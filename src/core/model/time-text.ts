/** Durations and instants as people write them: `90s`, `15m`, `12h`, `7d`, `2w`, ISO 8601, `never`. No schema library here: every
 *  command loads this file. */
import { VivimError } from '../kernel/errors.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
/** A hundred years: longer is a mistake in writing. */
const MAX_MS = 100 * 366 * 86_400_000

/** ISO 8601 with a date, a time and a zone: without a zone it would mean different instants to two people. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/

/** @returns milliseconds. @throws `usage/invalid`. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text.trim())
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? Number.NaN)
  if (!Number.isFinite(ms) || ms > MAX_MS)
    throw new VivimError('usage/invalid', `“${text}” is not a duration such as 90s, 15m, 12h, 7d or 2w`)
  return ms
}

/** @returns milliseconds since the epoch, or null for `never`. @throws `usage/invalid`. */
export function parseInstant(text: string, nowMs: number): number | null {
  const trimmed = text.trim()
  if (trimmed === 'never') return null
  if (/^\d+(ms|s|m|h|d|w)$/.test(trimmed)) return nowMs + parseDuration(trimmed)
  if (ISO_TIME.test(trimmed) || ISO_DAY.test(trimmed)) {
    const ms = Date.parse(trimmed)
    if (!Number.isNaN(ms)) return ms
  }
  throw new VivimError(
    'usage/invalid',
    `“${text}” is not a time: give ISO 8601 such as 2027-01-31T18:00:00Z, a duration from now such as 7d, or never`,
  )
}
