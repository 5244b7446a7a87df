/** The time as an activity page writes it, in the owner's language and zone: `Apr 1, 2026, 12:00:05 PM UTC`,
 *  `18.04.2026, 17:38:51 MESZ`, `5. nov. 2025, 01:34:47 CET`, `2026/04/01 12:00:05 JST`. What cannot be told for sure is no
 *  time. */

const LONGEST_LINE = 64

const CLOCK = /(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))/
const YEAR = /(?<!\d)(?:19|20)\d\d(?!\d)/

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
  MESZ: 120,
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
  const text = plainDigits(line)
  if (!CLOCK.test(withoutDate(text)) || !YEAR.test(text)) return false
  return line.replace(/[^\p{L}]/gu, '').length <= 24
}

/** Milliseconds since the epoch, or null. A line without a zone is UTC. */
export function timeOfLine(line: string): number | null {
  const text = plainDigits(line)
    .replace(/[\u00a0\u2000-\u200f\u202a-\u202f\u2066-\u2069]/g, ' ')
    .trim()
  const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/.exec(text)
  if (iso !== null) {
    const isZoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text)
    const ms = Date.parse(isZoned ? text : `${text.replace(' ', 'T')}Z`)
    return Number.isNaN(ms) ? null : ms
  }
  const clock = CLOCK.exec(withoutDate(text))
  if (clock === null) return null
  const before = text.slice(0, clock.index)
  const after = text.slice(clock.index + clock[0].length)
  const day = dayOf(before) ?? dayOf(after)
  const zone = zoneOf(after)
  if (day === null || zone === null) return null
  let hour = Number(clock[1])
  const half = halfOf(`${before} ${after}`)
  if (half !== null && (hour < 1 || hour > 12)) return null
  if (half !== null) hour = (hour % 12) + half
  const [minute, second] = [Number(clock[2]), Number(clock[3])]
  if (hour > 23 || minute > 59 || second > 60) return null
  const ms = Date.UTC(day.year, day.month - 1, day.day, hour, minute, second)
  const isDay = new Date(Date.UTC(day.year, day.month - 1, day.day)).getUTCDate() === day.day
  return isDay ? ms - zone * 60_000 : null
}

/** A date of numbers alone has the looks of a clock: blanked, so that all else keeps its place. */
const withoutDate = (text: string): string =>
  text.replace(/(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}/, date =>
    '#'.repeat(date.length),
  )

/** The zeros of the other digits that pages are written with. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6]

const plainDigits = (text: string): string =>
  text.replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef]/g, digit => {
    const code = digit.charCodeAt(0)
    return String(code - (ZEROS.findLast(zero => zero <= code) ?? code))
  })

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
    else if (text.includes('.') || a > 12) Object.assign(found, { month: b, day: a })
    else if (b > 12 || a === b) Object.assign(found, { month: a, day: b })
    else return null
  } else if (numbers.length === 1) {
    const month = monthIn(rest)
    if (month === null) return null
    Object.assign(found, { month, day: numbers[0] })
  } else return null
  return found.month >= 1 && found.month <= 12 && found.day >= 1 && found.day <= 31 ? found : null
}

/** Languages in which Takeout writes months as words. */
const LANGUAGES =
  'en de fr es it pt nl pl cs sk sl hr sr bg ru uk ro hu tr el sv da nb fi et lv lt id ms vi ca eu gl he ar fa hi bn th fil sw af is'.split(
    ' ',
  )

let months: Map<string, number> | null = null

/** Names of months in all those languages; 0 for one that means different months. */
function monthNames(): Map<string, number> {
  if (months !== null) return months
  const names = new Map<string, number>()
  for (const language of LANGUAGES)
    for (const style of ['short', 'long'] as const)
      for (const withDay of [true, false]) {
        const options = withDay ? ({ month: style, day: 'numeric' } as const) : { month: style }
        const format = new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC', calendar: 'gregory' })
        for (let month = 1; month <= 12; month++) {
          const parts = format.formatToParts(new Date(Date.UTC(2026, month - 1, 15)))
          const name = plainName(parts.find(part => part.type === 'month')?.value ?? '')
          if (name === '' || /\d/.test(name)) continue
          const known = names.get(name)
          names.set(name, known === undefined || known === month ? month : 0)
        }
      }
  months = names
  return names
}

const plainName = (name: string): string => name.toLowerCase().replace(/\./g, '').trim()

function monthIn(text: string): number | null {
  for (const word of text.split(/[\s,\d/]+/)) {
    const month = monthNames().get(plainName(word))
    if (month !== undefined && month > 0) return month
  }
  return null
}

/** Hours to add for the half of the day, or null where the clock has 24 hours. */
function halfOf(text: string): number | null {
  const plain = /\b([AP])M\b/i.exec(text)
  if (plain !== null) return plain[1]?.toUpperCase() === 'P' ? 12 : 0
  if (/(?<!\p{L})(?:p\.?\s?m\.?|nachm\.?|μ\.?\s?μ\.?|م)(?!\p{L})|午後|下午|오후|晚上/iu.test(text)) return 12
  if (/(?<!\p{L})(?:a\.?\s?m\.?|vorm\.?|π\.?\s?μ\.?|ص)(?!\p{L})|午前|上午|오전|凌晨|早上/iu.test(text))
    return 0
  return null
}

/** Minutes east of UTC of what follows the clock, 0 where nothing is named, null for a name that is not known. */
function zoneOf(text: string): number | null {
  const offset = /(?:UTC|GMT)?\s?([+\-−])(\d{1,2}):?(\d{2})?/.exec(text)
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0)
    return minutes > 15 * 60 ? null : offset[1] === '+' ? minutes : -minutes
  }
  const name = /(?<!\p{L})([A-Z]{1,5})(?!\p{L})/u.exec(text.replace(/(?<!\p{L})[AP]\.?M\.?(?!\p{L})/giu, ' '))
  if (name === null) return 0
  return ZONES[name[1] ?? ''] ?? null
}
