/** Numbers that belong to people: bank accounts, cards, telephones. */
import { type Match, NUMBER, type Rule } from '../rule.ts'
import { isLuhn, modulo } from './checks.ts'
import { amongNumbers } from './digits.ts'
import { patternRule } from './pattern.ts'
import { isVaried } from './sample.ts'

/** Total length of an IBAN by country (SWIFT IBAN registry). */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
    .split(' ')
    .map(entry => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** Bank accounts (ISO 13616), with or without spaces; country length and check digits (ISO 7064 MOD 97-10) must hold. */
const ibanRule: Rule = {
  id: 'iban',
  version: 2,
  severity: 'personal',
  needs: [NUMBER],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const place of places) {
      const start = place - 2
      const last = text.charCodeAt(place - 1) | 32
      if (!(last > 96 && last < 123)) continue
      const length = IBAN_LENGTHS[text.slice(Math.max(0, start), place).toUpperCase()]
      if (
        length === undefined ||
        /[A-Za-z0-9]/.test(text[start - 1] ?? '') ||
        !/^\d\d/.test(text.slice(place, place + 2))
      )
        continue
      let digits = ''
      let at = start
      for (; digits.length < length && at < start + 50; at++) {
        const char = text[at] ?? ''
        if (/[A-Za-z0-9]/.test(char)) digits += char
        else if (!/[ -]/.test(char)) break
      }
      if (digits.length !== length || /[A-Za-z0-9]/.test(text[at] ?? '')) continue
      if (modulo(digits.slice(4) + digits.slice(0, 4), 97) === 1) matches.push({ start, end: at })
    }
    return matches
  },
}

/** Number ranges and lengths of the card networks. */
const CARDS =
  /^(?:4(?:\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d+|3[47]\d{13}|(?:30[0-5]|36|38|39)\d+|(?:6011|65|64[4-9])\d+|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17})$/
const SIXTEEN = /^(?:5|2|6011|65|64)/

/** Numbers of payment cards (ISO/IEC 7812): a network's range and length, and the Luhn digit. */
const cardRule = patternRule({
  id: 'card',
  version: 2,
  severity: 'personal',
  needs: [NUMBER],
  pattern: /(?<![A-Za-z0-9_.-])[2-6]\d{2,3}(?:[ -]?\d){9,15}(?![A-Za-z0-9_]|\.\d)/,
  accepts: (value, text, start) => {
    const digits = value.replace(/[ -]/g, '')
    if (!CARDS.test(digits) || (SIXTEEN.test(digits) && digits.length !== 16) || !isLuhn(digits)) return false
    return (
      digits.length <= 16 ||
      /card|visa|credit|kredit|carte|tarjeta/i.test(text.slice(Math.max(0, start - 40), start))
    )
  },
})

/** Telephone numbers in international form (ITU-T E.164): a plus and 8 to 15 digits. */
const internationalRule = patternRule({
  id: 'phone',
  version: 2,
  severity: 'personal',
  needs: ['+', ' 00'],
  pattern:
    /((?<![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_+])(?=\+)|[ ])((?:\+|00)[1-9](?:[ .()/-]{0,3}\d){7,14})(?![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_])/u,
  accepts: (value, text, start) =>
    value.startsWith('+') ||
    /tel|phone|mobil|handy|fax|call|ruf/i.test(text.slice(Math.max(0, start - 40), start)),
})

/** Forms that nothing but a telephone number has: North America, France, United Kingdom (mobile), Spain and Italy only after a word. */
const NATIONAL =
  /(?:\(\d{3}\)[ ]?\d{3}[- .]\d{4}|(?<![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_.+/-])(?:1[- .])?[2-9]\d{2}([-.])[2-9]\d{2}\1\d{4}|(?<![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_.,+/-])0[1-9](?:([ .])\d{2})(?:\2\d{2}){3}|(?<![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_.,+/-])07\d{3}[ ]\d{3}[ ]?\d{3})(?![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_-]|[ .]\d)/uy
const nationalRule: Rule = {
  id: 'phone',
  version: 1,
  severity: 'personal',
  needs: [NUMBER],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const place of places) {
      const start = text[place - 1] === '(' ? place - 1 : place
      NATIONAL.lastIndex = start
      if (
        !NATIONAL.test(text) ||
        !isVaried(text.slice(start, NATIONAL.lastIndex), 4) ||
        NOT_BEFORE.test(text.slice(Math.max(0, start - 16), start))
      )
        continue
      matches.push({ start, end: NATIONAL.lastIndex })
    }
    return matches
  },
}
/** Part of another number, or of one in international form. */
const NOT_BEFORE =
  /[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_+.,$€£#-]$|\+[\d ()/.-]{1,14}$|[0-9a-f]{2} [0-9a-f]{2} $/u

/** Any local number, after a word that says that it is one. */
const localRule = patternRule({
  id: 'phone',
  version: 1,
  severity: 'personal',
  needs: [
    ...[
      'tel',
      'phone',
      'mobil',
      'handy',
      'fax',
      'call',
      'whats',
      'text ',
      'texted ',
      'sms',
      'reach ',
      'ring ',
      'contact n',
    ],
    ...[
      'rufnummer',
      'téléphone',
      'portable',
      'móvil',
      'celular',
      'cellulare',
      '電',
      '电',
      '手',
      'numéro',
      'signal',
      'viber',
    ],
    'my cell',
  ],
  anyCase: true,
  pattern:
    /((?<![A-Za-z])(?:tel(?:e(?:fon|phone|fono|foon))?|(?:tele)?phone|mobil(?:e|telefon)?|handy|(?:tele)?fax|call(?:ed|ing)?(?![a-z])|whats ?app|text(?:ed)? (?:me|her|him|us)|sms|reach (?:me|her|him|us)|ring (?:me|us)|contact n(?:umber|o)|rufnummer|téléphone|portable|móvil|celular|cellulare|telefone|電話|电话|手机|numéro|signal|viber|my cell)\.?[^\d\r\n.!?;+]{0,30}?(?<![\p{L}\p{N}_+.,$€£#-]))((?:\(0?\d{1,5}\)[ ]?|0)?\d(?:[ ./()-]{0,2}\d){6,13})(?![\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{N}_]|\.\d)/iu,
  accepts: value => value.replace(/\D/g, '').length <= 12 && !/^\d{4}-\d\d-\d\d/.test(value),
})

/** International ones that are dialled with two zeros, in groups of different lengths as only telephone numbers have. */
const dialledRule = patternRule({
  id: 'phone',
  version: 1,
  severity: 'personal',
  needs: [NUMBER],
  pattern: /(?<![A-Za-z0-9_.,+:/-])(?<!\d[ ])00[1-9]\d{0,2}(?:[ .-]\d{1,4}){3,6}(?![A-Za-z0-9_]|[ .-]\d)/,
  accepts: value => {
    const digits = value.replace(/\D/g, '').length
    return digits >= 11 && digits <= 16 && new Set(value.split(/[ .-]/).map(group => group.length)).size > 1
  },
})

export const numberRules: readonly Rule[] = [
  ibanRule,
  amongNumbers(cardRule, 13),
  internationalRule,
  amongNumbers(nationalRule, 10),
  amongNumbers(dialledRule, 11),
  localRule,
]
