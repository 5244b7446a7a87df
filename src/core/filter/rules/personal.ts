/** Personal data that has a form of its own; each form is checked as far as it can be. Names of people have none. */
import type { Match, Rule } from '../rule.ts'
import { patternRule } from './pattern.ts'

const personal = (id: string, needs: readonly string[], scan: (text: string) => Match[]): Rule => ({
  id,
  version: 1,
  severity: 'personal',
  needs,
  scan,
})

const LOCAL_PART = /[\p{L}\p{N}._%+'-]{1,64}$/u
const DOMAIN =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{2,40})(?![\p{L}\p{N}])/uy
/** A login before the host of a URL, not of a mailbox. */
const IN_URL = /:\/\/[^\s/]{0,320}$/
/** Logins of services, not of people. */
const NOT_A_PERSON = /^(?:git|hg|svn)$/i

/** E-mail addresses (RFC 5321 as it is used). Looked for from each `@` outwards. */
export const emailRule = personal('email', [], text => {
  const matches: Match[] = []
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const local = LOCAL_PART.exec(text.slice(Math.max(0, at - 64), at))?.[0].replace(/^[.'%+-]+/, '')
    if (!local || NOT_A_PERSON.test(local) || local.endsWith('.')) continue
    if (IN_URL.test(text.slice(Math.max(0, at - 400), at))) continue
    DOMAIN.lastIndex = at + 1
    if (DOMAIN.test(text)) matches.push({ start: at - local.length, end: DOMAIN.lastIndex })
  }
  return matches
})

/** Total length of an IBAN by country (SWIFT IBAN registry). */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20'
    .split(' ')
    .map(entry => [entry.slice(0, 2), Number(entry.slice(2))]),
)
const IBAN_START = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?=[ -]?[A-Z0-9])/g

/** Bank accounts (ISO 13616), with or without spaces; country length and check digits must hold. */
export const ibanRule = personal('iban', [], text => {
  const matches: Match[] = []
  for (const start of text.matchAll(IBAN_START)) {
    const length = IBAN_LENGTHS[start[0].slice(0, 2)]
    if (length === undefined) continue
    let digits = ''
    let at = start.index
    for (; digits.length < length; at++) {
      const char = text[at] ?? ''
      if (/[A-Z0-9]/.test(char)) digits += char
      else if (!/[ -]/.test(char)) break
    }
    if (digits.length === length && !/[A-Za-z0-9]/.test(text[at] ?? '') && isIban(digits))
      matches.push({ start: start.index, end: at })
  }
  return matches
})

/** ISO 7064 MOD 97-10 over the account with its first four characters moved to the end. */
function isIban(iban: string): boolean {
  let rest = 0
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** Number ranges and lengths of the card networks. */
const CARDS =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d+|3[47]\d{13}|(?:30[0-5]|36|38|39)\d+|(?:6011|65|64[4-9])\d+|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17})$/
const SIXTEEN = /^(?:5|2|6011|65|64)/

/** Numbers of payment cards (ISO/IEC 7812): a network's range and length, and the Luhn digit. */
export const cardRule = patternRule({
  id: 'card',
  version: 1,
  severity: 'personal',
  needs: [],
  pattern: /(?<![A-Za-z0-9_.-])\d(?:[ -]?\d){12,18}(?![A-Za-z0-9_])/g,
  accepts: value => {
    const digits = value.replace(/[ -]/g, '')
    return CARDS.test(digits) && (!SIXTEEN.test(digits) || digits.length === 16) && isLuhn(digits)
  },
})

function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    sum += at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** Telephone numbers in international form (ITU-T E.164): a plus and 8 to 15 digits. */
export const phoneRule = patternRule({
  id: 'phone',
  version: 1,
  severity: 'personal',
  needs: [],
  pattern: /(?<![\p{L}\p{N}_+])\+[1-9](?:[ .()/-]{0,3}\d){7,14}(?![\p{L}\p{N}_])/gu,
})

const ANYBODY =
  /^(?:user|username|users?name|you|your.*|me|name|someone|runner|runneradmin|ubuntu|debian|node|app|dev|ec2-user|vscode|codespace|coder|jovyan|sandbox|workspace|shared|public|default|all users|root|admin|administrator|linuxbrew|git|\.\.\.|\*+)$/i

/** The login in the path of a home folder; the rest of the path stays. */
export const homePathRule = patternRule({
  id: 'home-path',
  version: 1,
  severity: 'personal',
  needs: ['/home/', 'Users', 'users'],
  pattern:
    /(\/home\/|\/Users\/|(?<![A-Za-z])[A-Za-z]:[\\/]{1,4}[Uu]sers[\\/]{1,4})([^\s/\\:;,"'`<>|*?()[\]{}$%@]{1,64})/g,
  accepts: value => !ANYBODY.test(value),
})

/** Resolvers that everybody names. */
const WELL_KNOWN = new Set(['1.1.1.1', '1.0.0.1', '8.8.8.8', '8.8.4.4', '9.9.9.9', '1.2.3.4'])

/** Public IPv4 addresses; those of private, reserved and documentation ranges (RFC 6890) are nobody's. */
export const ipv4Rule = patternRule({
  id: 'ipv4',
  version: 1,
  severity: 'personal',
  needs: [],
  pattern: /(?<![\p{L}\p{N}_.])(?:\d{1,3}\.){3}\d{1,3}(?![\p{L}\p{N}_]|\.\d)/gu,
  accepts: value => {
    const octets = value.split('.')
    if (octets.some(octet => Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0')))) return false
    return !WELL_KNOWN.has(value) && !value.endsWith('.0.0') && isPublic(octets.map(Number))
  },
})

function isPublic([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100) return b < 64 || b > 127
  if (a === 169) return b !== 254
  if (a === 172) return b < 16 || b > 31
  if (a === 192) return b !== 168 && !(b === 0 && (c === 0 || c === 2))
  if (a === 198) return b !== 18 && b !== 19 && !(b === 51 && c === 100)
  return !(a === 203 && b === 0 && c === 113)
}
