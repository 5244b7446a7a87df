/** Times, durations, sizes and counts as people read them. */
import { systemClock } from '../../core/kernel/env.ts'

const STEPS: readonly [name: string, ms: number][] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** `1 share`, `3 shares`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`

/** The largest unit of a length of time: `3 days`. */
export function span(ms: number): string {
  const [name, unit] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', 1_000]
  return count(Math.round(Math.abs(ms) / unit), name)
}

/** An instant in both ways, `3 days ago (2026-11-19 14:02)`, in local time; a dash for null. */
export function instant(iso: string | null, nowMs = systemClock.nowMs()): string {
  if (iso === null) return '–'
  const ms = Date.parse(iso)
  return Number.isNaN(ms) ? iso : `${fromNow(iso, nowMs)} (${localMinute(ms)})`
}

/** How far away it is, `3 days ago`, for tables that have no room for more; a dash for null. */
export function fromNow(iso: string | null, nowMs = systemClock.nowMs()): string {
  if (iso === null) return '–'
  const away = Date.parse(iso) - nowMs
  if (Number.isNaN(away)) return iso
  return Math.abs(away) < 1_000 ? 'now' : away > 0 ? `in ${span(away)}` : `${span(away)} ago`
}

/** `2026-11-19 14:02` in local time. */
export function localMinute(ms: number): string {
  const date = new Date(ms)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Only the day, for tables; a dash for null. */
export const day = (iso: string | null): string =>
  iso === null ? '–' : localMinute(Date.parse(iso)).slice(0, 10)

/** `12.3 MB`, in thousands. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let at = 0
  let value = bytes
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000
    at += 1
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`
}
