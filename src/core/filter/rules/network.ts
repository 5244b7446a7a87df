/** Addresses of machines. */
import type { Match, Rule } from '../rule.ts'
import { NUMBER } from '../rule.ts'

/** Resolvers that everybody names, and addresses of manuals. */
const WELL_KNOWN = new Set([
  '1.1.1.1',
  '1.0.0.1',
  '8.8.8.8',
  '8.8.4.4',
  '9.9.9.9',
  '1.2.3.4',
  '149.112.112.112',
  '208.67.222.222',
  '208.67.220.220',
  '94.140.14.14',
])

const IPV4 = /(?<![\p{L}\p{N}_.])(?:\d{1,3}\.){3}\d{1,3}(?![\p{L}\p{N}_]|\.\d)/uy
/** What stands before the number of a release, which has four parts as well at times. */
const RELEASE =
  /(?:version|release|build|chapter|section|kapitel|abschnitt|clause|figure|v|firmware|driver|Chrome|Safari|Edge|Edg|OPR|Firefox|Electron|tag)["']?[ :=/]{0,3}$/i

/** Whether four runs of digits with points between them begin here: nearly every number ends early. */
function hasFourParts(text: string, place: number): boolean {
  let points = 0
  for (let at = place, run = 0; ; at++) {
    const code = text.charCodeAt(at)
    if (code === POINT && run > 0 && points < 3) {
      points++
      run = 0
    } else if (code > 47 && code < 58 && run < 3) run++
    else return points === 3 && run > 0
  }
}

const POINT = 46

/** Public IPv4 addresses; those of private, reserved and documentation ranges (RFC 6890) are nobody's. */
const ipv4Rule: Rule = {
  id: 'ipv4',
  version: 2,
  severity: 'personal',
  needs: [NUMBER],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const place of places) {
      if (!hasFourParts(text, place)) continue
      IPV4.lastIndex = place
      const value = IPV4.exec(text)?.[0]
      if (
        value === undefined ||
        !isAddress(value) ||
        RELEASE.test(text.slice(Math.max(0, place - 16), place))
      )
        continue
      matches.push({ start: place, end: place + value.length })
    }
    return matches
  },
}

function isAddress(value: string): boolean {
  const octets = value.split('.')
  if (octets.some(octet => Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0')))) return false
  // Four digits are a chapter or a release.
  return value.length > 7 && !WELL_KNOWN.has(value) && !value.endsWith('.0.0') && isPublic(octets.map(Number))
}

function isPublic([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100) return b < 64 || b > 127
  if (a === 169) return b !== 254
  if (a === 172) return b < 16 || b > 31
  if (a === 192) return b !== 168 && !(b === 0 && (c === 0 || c === 2))
  if (a === 198) return b !== 18 && b !== 19 && !(b === 51 && c === 100)
  return !(a === 203 && b === 0 && c === 113)
}

const IPV6 = /[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){1,7}[0-9A-Fa-f]{0,4}/y
const MAC = /[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![:-]?[0-9A-Fa-f])/y
/** Resolvers (Cloudflare, Google, Quad9), and 2001:db8::/32 of manuals (RFC 3849, 9637). */
const NOBODYS6 = /^(?:2606:4700:4700|2001:4860:4860|2620:fe|2001:0?db8|3fff):/i

/** Where a word of hexadecimal digits begins whose first separator stands at a place; null where it is none. */
function beginOfHex(text: string, separator: number, digits: number): number | null {
  let begin = separator
  while (begin > 0 && separator - begin <= digits && /[0-9A-Fa-f]/.test(text[begin - 1] ?? '')) begin--
  return begin === separator || separator - begin > digits || /[A-Za-z0-9_:.-]/.test(text[begin - 1] ?? '')
    ? null
    : begin
}

/** Global unicast IPv6 addresses (RFC 4291 §2.4, 2000::/3). */
const ipv6Rule: Rule = {
  id: 'ipv6',
  version: 1,
  severity: 'personal',
  needs: [':'],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const place of places) {
      const first = beginOfHex(text, place, 4)
      if (first === null || place - first !== 4 || !/[23]/.test(text[first] ?? '')) continue
      IPV6.lastIndex = first
      const value = IPV6.exec(text)?.[0].replace(/(?<!:):$/, '')
      if (value === undefined || /[0-9A-Za-z:]/.test(text[first + value.length] ?? '')) continue
      const groups = value.split(':').length
      const isWhole = value.includes('::') ? groups <= 8 && value.split('::').length === 2 : groups === 8
      if (isWhole && value.split(':').slice(1, -1).some(Boolean) && !NOBODYS6.test(value))
        matches.push({ start: first, end: first + value.length })
    }
    return matches
  },
}

/** Hardware addresses; not of broadcast, of none, and of manuals (RFC 7042 §2.1.1). */
const macRule: Rule = {
  id: 'mac-address',
  version: 1,
  severity: 'personal',
  needs: [':', '-'],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const place of places) {
      // The first of five separators, two digits apart.
      if (text[place + 3] !== text[place] || text[place + 6] !== text[place]) continue
      const first = beginOfHex(text, place, 2)
      if (first === null || place - first !== 2) continue
      MAC.lastIndex = first
      const value = MAC.exec(text)?.[0]
      if (
        value === undefined ||
        /^(?:00[:-]00[:-]5e[:-]00[:-]53|(?:00[:-]){5}|(?:ff[:-]){5}|01[:-]23[:-]45|aa[:-]bb[:-]cc|de[:-]ad[:-]be|12[:-]34[:-]56)/i.test(
          value,
        )
      )
        continue
      if (/^\d\d-\d\d-\d\d-\d\d-\d\d-\d\d$/.test(value)) continue
      matches.push({ start: first, end: first + value.length })
    }
    return matches
  },
}

export const networkRules: readonly Rule[] = [ipv4Rule, ipv6Rule, macRule]
