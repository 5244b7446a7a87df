/** The time as an activity page writes it, in the owner's language and zone: `Apr 1, 2026, 12:00:05 PM UTC`,
 *  `18.04.2026, 17:38:51 MESZ`, `5. nov. 2025, 01:34:47 CET`, `2026/04/01 12:00:05 JST`. What cannot be told for sure is no
 *  time. */

import { timeOf } from './json-values.ts'

const LONGEST_LINE = 64

const CLOCK = /(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?/
/** As words: `09 h 34 min 47 s`, `9시 34분 47초`. */
const SPOKEN_CLOCK =
  /(\d{1,2})\s?[\p{L}\p{M}]{1,8}\s?(\d{1,2})\s?[\p{L}\p{M}]{1,8}\s?(\d{1,2})(?:\s?[\p{L}\p{M}]{1,8}(?![\p{L}\p{M}]))?/u
const YEAR = /(?<!\d)(?:19|20)\d\d(?!\d)/
/** Years of other calendars have the looks of one, and are not read. */
const ANY_YEAR = /(?<!\d)(?:1[349]|20|25)\d\d(?!\d)/

/** Minutes east of UTC. Names that mean several zones are read as Google's users mostly mean them. */
const ZONES: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  Z: 0,
  WET: 0,
  WEST: 60,
  BST: 60,
  MEZ: 60,
  CET: 60,
  SEČ: 60,
  MESZ: 120,
  SELČ: 120,
  CEST: 120,
  SAST: 120,
  EET: 120,
  OEZ: 120,
  EEST: 180,
  OESZ: 180,
  MSK: 180,
  TRT: 180,
  IST: 330,
  WIB: 420,
  ICT: 420,
  HKT: 480,
  SGT: 480,
  AWST: 480,
  JST: 540,
  KST: 540,
  AEST: 600,
  AEDT: 660,
  NZST: 720,
  NZDT: 780,
  BRT: -180,
  ART: -180,
  CLT: -240,
  AST: -240,
  ADT: -180,
  HNE: -300,
  HAE: -240,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  AKST: -540,
  AKDT: -480,
  HST: -600,
}

/** Whether a line is a date and a time of day and hardly more. */
export function isTimeLine(line: string): boolean {
  if (line.length < 14 || line.length > LONGEST_LINE || line.includes('\n')) return false
  const text = plainText(line)
  if (clockIn(text) === null || !ANY_YEAR.test(text)) return false
  return line.replace(/[^\p{L}]/gu, '').length <= 30
}

/** Milliseconds since the epoch, or null. A line without a zone is UTC. */
export function timeOfLine(line: string): number | null {
  if (line.length > LONGEST_LINE) return null
  const whole = plainText(line).trim()
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/.test(whole))
    return timeOf(whole)
  const offset = OFFSET.exec(whole)
  const text = offset === null ? whole : whole.replace(offset[0], ' ')
  const clock = clockIn(text)
  if (clock === null) return null
  const before = text.slice(0, clock.index)
  const after = text.slice(clock.index + clock[0].length)
  const day = dayOf(before) ?? dayOf(after)
  const { half, rest } = halfOf(`${before} ${after}`)
  const zone = zoneOf(rest, offset)
  if (day === null || zone === null) return null
  let hour = Number(clock[1])
  if (half !== null && (hour > 12 || half === 'unsure')) return null
  if (half !== null) hour = (hour % 12) + Number(half)
  const [minute, second] = [Number(clock[2]), Number(clock[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60) return null
  const ms = Date.UTC(day.year, day.month - 1, day.day, hour, minute, second)
  const isDay = new Date(Date.UTC(day.year, day.month - 1, day.day)).getUTCDate() === day.day
  return isDay ? ms - zone * 60_000 : null
}

const clockIn = (text: string): RegExpExecArray | null => {
  const rest = withoutDate(text)
  return CLOCK.exec(rest) ?? SPOKEN_CLOCK.exec(rest)
}

/** A date of numbers alone has the looks of a clock: blanked, so that all else keeps its place. */
const withoutDate = (text: string): string =>
  text.replace(/(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}[./年-] ?\d{1,2}[./月-] ?\d{1,2}/, date =>
    '#'.repeat(date.length),
  )

/** The zeros of the other digits that pages are written with. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6]

/** With plain digits and blanks, and without marks of direction. */
const plainText = (text: string): string =>
  text
    .replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef]/g, digit => {
      const code = digit.charCodeAt(0)
      return String(code - (ZEROS.findLast(zero => zero <= code) ?? code))
    })
    .replace(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\u00a0\u2000-\u200a\u202f[\]()]/g, ' ')

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

function dayOf(text: string): Day | null {
  const year = YEAR.exec(text)
  if (year === null) return null
  const rest = text.slice(0, year.index) + text.slice(year.index + 4)
  const numbers = [...rest.matchAll(/\d{1,2}/g)].map(match => Number(match[0]))
  const found = { year: Number(year[0]), month: 0, day: 0 }
  const isFirst = text.slice(0, year.index).trim() === ''
  if (numbers.length >= 2) {
    const [a = 0, b = 0] = numbers
    // 2026/04/01 and 2026年4月1日; 18.04.2026; 4/18/2026 only where it can be nothing else.
    if (isFirst) Object.assign(found, { month: a, day: b })
    else if (text.includes('.') || a > 12 || rest.includes('thg')) Object.assign(found, { month: b, day: a })
    else if (b > 12 || a === b) Object.assign(found, { month: a, day: b })
    else return null
  } else if (numbers.length === 1) {
    const month = monthIn(rest)
    if (month === null) return null
    Object.assign(found, { month, day: numbers[0] })
  } else return null
  return found.month >= 1 && found.month <= 12 && found.day >= 1 && found.day <= 31 ? found : null
}

/** Languages in which Takeout writes. */
const LANGUAGES =
  'en de fr es it pt nl pl cs sk sl hr sr bg ru uk ro hu tr el sv da nb fi et lv lt id ms vi ca eu gl he ar fa ur hi bn ta te mr gu kn ml pa th fil sw af is ja ko zh zh-TW'.split(
    ' ',
  )

interface Words {
  /** Names of months in all those languages; 0 for one that means different months. */
  readonly months: ReadonlyMap<string, number>
  /** Names of the halves of a day with the hours to add, the longest first; null for one that means both. */
  readonly halves: readonly (readonly [name: string, hours: 0 | 12 | null])[]
}

let words: Words | null = null

function wordsOf(): Words {
  if (words !== null) return words
  const months = new Map<string, number>()
  // Chinese has more parts of a day than two.
  const halves = new Map<string, 0 | 12 | null>([
    ['凌晨', 0],
    ['清晨', 0],
    ['早上', 0],
    ['中午', 12],
    ['晚上', 12],
    ['午夜', 0],
  ])
  const partOf = (format: Intl.DateTimeFormat, at: number, type: string): string =>
    plainText(format.formatToParts(new Date(at)).find(part => part.type === type)?.value ?? '').toLowerCase()
  for (const language of LANGUAGES) {
    const common = { timeZone: 'UTC', calendar: 'gregory' } as const
    for (const month of ['short', 'long'] as const)
      for (const day of [{}, { day: 'numeric' } as const]) {
        const format = new Intl.DateTimeFormat(language, { ...common, ...day, month })
        for (let at = 1; at <= 12; at++) {
          const name = plainName(partOf(format, Date.UTC(2026, at - 1, 15), 'month'))
          if (name === '' || /\d/.test(name)) continue
          const known = months.get(name)
          months.set(name, known === undefined || known === at ? at : 0)
        }
      }
    const clock = new Intl.DateTimeFormat(language, { ...common, hour: 'numeric', hour12: true })
    for (let hour = 0; hour < 24; hour++) {
      const name = partOf(clock, Date.UTC(2026, 0, 15, hour), 'dayPeriod').trim()
      if (name === '') continue
      const hours = hour < 12 ? 0 : 12
      const known = halves.get(name)
      halves.set(name, known === undefined || known === hours ? hours : null)
    }
  }
  words = { months, halves: [...halves].sort(([a], [b]) => b.length - a.length) }
  return words
}

const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^d['’]|[.׳'॰]/g, '')
    .trim()

function monthIn(text: string): number | null {
  const { months } = wordsOf()
  for (const word of text.split(/[\s,،\d/]+/)) {
    const name = plainName(word)
    // Hebrew writes "in" before the month, in one word with it.
    const month = months.get(name) ?? months.get(name.replace(/^ב/, ''))
    if (month !== undefined && month > 0) return month
  }
  return null
}

const isLetter = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{M}]/u.test(char)

/** The hours that the half of the day adds, null where the clock has 24 hours, and the text without it. */
function halfOf(text: string): { half: 0 | 12 | 'unsure' | null; rest: string } {
  const lower = text.toLowerCase()
  for (const [name, hours] of wordsOf().halves) {
    const at = lower.indexOf(name)
    if (at < 0 || lower.length !== text.length) continue
    const to = at + name.length
    if (isLetter(lower[at - 1]) || isLetter(lower[to])) continue
    return { half: hours ?? 'unsure', rest: `${text.slice(0, at)} ${text.slice(to)}` }
  }
  return { half: null, rest: text }
}

/** Words beside day, month and clock that say nothing of the zone. */
const FILLERS: ReadonlySet<string> = new Set(
  'a al alle at e gada ko o das de del den di ds g gg h klo kl lúc m min ob om pukul s th thg tháng um г ч р року 年 月 日 시 분 초 น'.split(
    ' ',
  ),
)

/** `GMT+5:30`, `UTC−3`, `+0200`. */
const OFFSET = /(?:UTC|GMT)\s?([+\-−])\s?(\d{1,2})(?:[:.]?(\d{2}))?(?!\d)|(?<=\s)([+-])(\d{2}):?(\d{2})$/

/** Minutes east of UTC, 0 where no zone is named, null for words that are not known. */
function zoneOf(text: string, offset: RegExpExecArray | null): number | null {
  let zone: number | null = null
  if (offset !== null) {
    const minutes = Number(offset[2] ?? offset[5]) * 60 + Number(offset[3] ?? offset[6] ?? 0)
    if (minutes > 15 * 60) return null
    zone = (offset[1] ?? offset[4]) === '+' ? minutes : -minutes
  }
  for (const word of text.match(/[\p{L}\p{M}.׳'’॰]+/gu) ?? []) {
    const name = plainName(word)
    if (name === '' || FILLERS.has(name) || monthIn(name) !== null) continue
    const minutes = ZONES[name.toUpperCase()]
    if (minutes === undefined || (zone !== null && zone !== minutes)) return null
    zone = minutes
  }
  return /[+−]/.test(text) ? null : (zone ?? 0)
}
