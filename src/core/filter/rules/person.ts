/** Personal data that has a form of its own: addresses of mail, home folders, account ids, birthdays, documents, places. Names of
 *  people have none. */
import type { Match, Rule } from '../rule.ts'
import { isDay } from './checks.ts'
import { type Pattern, patternRule } from './pattern.ts'

const personal = (rule: Omit<Pattern, 'severity' | 'version'> & { version?: number }): Rule =>
  patternRule({ version: 1, ...rule, severity: 'personal' })

const LOCAL_PART = /[\p{L}\p{N}._%+'-]/u
const MAX_LOCAL_LENGTH = 64
const DOMAIN =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{2,40})(?![\p{L}\p{N}])/uy
/** A login before the host of a URL, not of a mailbox. */
const IN_URL = /:\/\/[^\s/?#]{0,320}$/
/** Logins of services, not of people, and what manuals write where an address would stand. */
const NOT_A_PERSON =
  /^(?:git|hg|svn|no-?reply|do-?not-?reply|user|username|name|you|your\.?(?:name|email)|email|someone|somebody|mailer-daemon|postmaster)$/i
/** What follows an `@` in file names and packages. */
const NOT_A_DOMAIN = /\.(?:png|jpe?g|gif|svg|webp|js|ts|css|json|md|py|html?|mjs|cjs|tsx|jsx|tgz|whl)$/i

/** E-mail addresses (RFC 5321 as it is used). Looked for from each `@` outwards. */
const emailRule: Rule = {
  id: 'email',
  version: 2,
  severity: 'personal',
  needs: ['@'],
  scan: (text, places) => {
    const matches: Match[] = []
    for (const at of places) {
      DOMAIN.lastIndex = at + 1
      if (!DOMAIN.test(text)) continue
      const end = DOMAIN.lastIndex
      let begin = at
      while (at - begin < MAX_LOCAL_LENGTH && begin > 0 && LOCAL_PART.test(text[begin - 1] ?? '')) begin--
      const local = text.slice(begin, at).replace(/^[.'%+-]+/, '')
      if (!local || NOT_A_PERSON.test(local) || local.endsWith('.')) continue
      if (NOT_A_DOMAIN.test(text.slice(at + 1, end))) continue
      if (
        IN_URL.test(text.slice(Math.max(0, at - 400), at)) &&
        !/mailto:[^\s]{0,64}$/.test(text.slice(Math.max(0, at - 80), at))
      )
        continue
      matches.push({ start: at - local.length, end })
    }
    return matches
  },
}

const ANYBODY =
  /^(?:user|username|users?name|user\d|you|your.*|me|name|someone|runner|runneradmin|ubuntu|debian|fedora|centos|node|app|dev|deploy|ec2-user|vscode|codespace|coder|jovyan|sandbox|workspace|shared|public|default|all|all users|root|admin|administrator|linuxbrew|git|gitlab-runner|jenkins|container|vagrant|pi|circleci|travis|build|builder|postgres|oracle|www|web|test|guest|example|foo|bar|\.\.\.|\*+)$/i

/** The login in the path of a home folder; the rest of the path stays. */
const homePathRule = personal({
  id: 'home-path',
  version: 2,
  needs: ['/home/', '\\home\\', 'users', '-home-', '-users-', 'documents and settings'],
  anyCase: true,
  back: 12,
  pattern:
    /((?<![A-Za-z0-9.])(?:(?:\/mnt)?\/[a-z]\/Users\/|\/home\/(?:[a-z]\/)?|\/Users\/|\/var\/home\/|\/export\/home\/)|(?<![A-Za-z])[A-Za-z]:[\\/]{1,4}(?:[Uu]sers|USERS|Documents and Settings)[\\/]{1,4}|(?<=\\\\wsl[^\s]{0,60})\\home\\|(?<=projects\/)-(?:home|Users)-)([^\s/\\:;,"'`<>|*?()[\]{}$%@#&=]{1,64})/,
  accepts: value => !ANYBODY.test(value.replace(/-.*/, '')),
})

/** Ids by which providers know a person or their organisation, where the text says that they are such. */
const accountIdRule = personal({
  id: 'account-id',
  needs: [
    'org',
    'account',
    'user',
    'customer',
    'tenant',
    'workspace',
    'subscription',
    'member',
    'patient',
    'profile',
  ],
  anyCase: true,
  pattern:
    /((?<![a-z])(?:org(?:ani[sz]ation)?|account|user|customer|tenant|workspace|subscription|member|patient|profile)[ _-]?(?:uuid|guid|id)["'`*]{0,3}[ ]{0,3}(?:is|[:=|])[ ]{0,3}["'`*]{0,3})((?:user|org|acct|cus|proj)[-_][A-Za-z0-9]{14,40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![A-Za-z0-9])/i,
})

const providerIdRule = personal({
  id: 'account-id',
  needs: ['user-', 'org-', 'acct_1', 'cus_', 'arn:aws'],
  pattern:
    /((?<![A-Za-z0-9])(?:arn:aws[a-z-]{0,8}:[a-z0-9-]{2,30}:[a-z0-9-]{0,20}:)?)((?<=:)\d{12}(?=:)|(?:user|org)-[A-Za-z0-9]{24}(?![A-Za-z0-9])|acct_1[A-Za-z0-9]{15,20}|cus_[A-Za-z0-9]{14})/,
  accepts: value => /\d/.test(value),
})

const BORN =
  /((?:birth ?(?:date|day)|date of birth|\bd\.?o\.?b\b\.?|born(?: on)?|geburts(?:datum|tag)|geb(?:oren)?\.?(?: am)?|née? le|date de naissance|fecha de nacimiento|nacid[oa] el|data di nascita|nat[oa] il|geboortedatum|data de nascimento|生日|出生日期)(?:["'`*]{0,3}[ ]?(?:is|was|[:=|])?[ ]{0,3}["'`*]{0,3}(?:the )?))(\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}|\d{1,2}(?:st|nd|rd|th|\.)? (?:of )?\p{L}{3,12}\.?,? \d{4}|\p{L}{3,12} \d{1,2}(?:st|nd|rd|th)?,? \d{4})/iu

const birthDateRule = personal({
  id: 'birth-date',
  needs: [
    'birth',
    'dob',
    'd.o.b',
    'born',
    'geb',
    'né le',
    'née le',
    'date de naiss',
    'fecha de nac',
    'nacid',
    'data di nasc',
    'nato il',
    'nata il',
    'data de nasc',
    '生',
    '出生日期',
  ],
  anyCase: true,
  back: 8,
  pattern: BORN,
  accepts: value => {
    const [a = 0, b = 0, c = 0] = value.match(/\d+/g)?.map(Number) ?? []
    return value.match(/\p{L}{3}/u) ? true : a > 31 ? isDay(c, b) : isDay(a, b) || isDay(b, a)
  },
})

/** Passports, licences and other papers, where the text says what the number is. */
const documentRule = personal({
  id: 'document-number',
  needs: [
    'passport',
    'passeport',
    'pasaporte',
    'reisepass',
    'passnummer',
    'licen',
    'führerschein',
    'permis',
    'ausweis',
    'identity card',
    'id card',
    'visa n',
    'policy n',
    'medicare',
    'health insurance',
    'medical record',
    'mrn',
  ],
  anyCase: true,
  pattern:
    /((?:passport|passeport|pasaporte|reisepass|passnummer|licen[cs]e|führerschein(?:nummer)?|permis de conduire|(?:personal)?ausweis(?:nummer)?|identity card|id card|visa|policy|medicare|health insurance|medical record|mrn)(?:["'`*]{0,3}[ _-]?(?:no|num(?:ber|mer|éro|ero)?|nr|n°|nº|#|id|card)\b\.?){0,2}["'`*]{0,3}[ ]?(?:is|ist|est|es|[:=|#])?[ ]{0,3}["'`*]{0,3})((?=[A-Z0-9 -]{0,14}\d)[A-Z0-9]{2,14}(?:[ -](?=[A-Z0-9]{0,7}\d)[A-Z0-9]{2,8}){0,3})(?![A-Za-z0-9])/iu,
  accepts: (value, text, start) =>
    value === value.toUpperCase() &&
    (value.replace(/\D/g, '').length >= 5 || /^(?=[A-Z]{0,9}\d[A-Z]{0,9}\d)[A-Z0-9]{8,10}$/.test(value)) &&
    /(?:driv|pass|pasa|führer|permis|ausweis|ident|id card|visa|policy|medic|mrn|health)/i.test(
      text.slice(Math.max(0, start - 50), start),
    ),
})

const VIN_VALUES = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ'
const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

/** A vehicle's identification number (ISO 3779) with its check digit, where the text says so. */
const vinRule = personal({
  id: 'vin',
  needs: ['vin', 'chassis', 'fahrgestell', 'vehicle id'],
  anyCase: true,
  pattern:
    /((?<![a-z])(?:vin|chassis|fahrgestell(?:nummer)?|vehicle id(?:entification)?(?: number)?)(?: ?(?:no\.?|number|nr\.?|code|#))?["'`*]{0,3}[ ]?(?:is|ist|[:=|])?[ ]{0,3}["'`*]{0,3})([A-HJ-NPR-Z0-9]{17})(?![A-Za-z0-9])/i,
  accepts: value => {
    const upper = value.toUpperCase()
    const sum = VIN_WEIGHTS.reduce(
      (total, weight, at) => total + weight * (VIN_VALUES.indexOf(upper[at] ?? '') % 10),
      0,
    )
    return 'X' === upper[8] ? sum % 11 === 10 : sum % 11 === Number(upper[8]) || /^[^1-5]/.test(upper)
  },
})

const NUMBER_WITH_PLACES = '-?\\d{1,3}\\.\\d{3,15}'
/** Latitude and longitude with three decimals and more (about a hundred metres), where something says that they are. */
const coordinatesRule = personal({
  id: 'coordinates',
  needs: ['lat', 'lng', 'lon', 'coord', 'gps', 'geo:', 'location', 'maps', 'position'],
  anyCase: true,
  pattern: new RegExp(
    `((?:(?<![a-z])(?:lat(?:itude)?|lng|long?(?:itude)?|coord(?:inate)?s?|gps|location|position)(?:[ _-]?(?:is|at|coordinates|position))?["'\`*\\]]{0,3}[ ]{0,3}[:=(\\[]{0,2}[ ]{0,3}["'\`*(\\[]{0,3}|geo:|maps[^\\s"']{0,120}?[?&=@/]))(${NUMBER_WITH_PLACES}(?:°?[ ]?[NS])?(?:(?:,|%2C)[ ]{0,3}${NUMBER_WITH_PLACES}(?:°?[ ]?[EWO])?)?)(?![\\d.])`,
    'i',
  ),
  accepts: (value, text, start) => {
    const [first = 0, second = 0] = value.match(/-?\d+\.\d+/g)?.map(Number) ?? []
    const isPair = /,|%2C/.test(value)
    const name = text.slice(Math.max(0, start - 24), start)
    return (
      Math.abs(first) <= 180 &&
      Math.abs(second) <= 180 &&
      (isPair || (/\d\.\d{4}/.test(value) && /l(?:at|on|ng)/i.test(name)))
    )
  },
})

const COMPASS = personal({
  id: 'coordinates',
  needs: ['°'],
  back: 16,
  begins: /\d/,
  pattern:
    /(?<![\d.])\d{1,2}\.\d{2,12}°[ ]?[NS][ ,]{1,3}\d{1,3}\.\d{2,12}°[ ]?[EWO]|(?<!\d)\d{1,2}°[ ]?\d{1,2}[′'’][ ]?\d{1,2}(?:\.\d{1,6})?(?:″|"|''|”)[ ]?[NS][ ,]{1,3}\d{1,3}°[ ]?\d{1,2}[′'’][ ]?\d{1,2}(?:\.\d{1,6})?(?:″|"|''|”)[ ]?[EWO]/,
})

const STREETS =
  'Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Terrace|Way|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Square|Row|Gardens'
/** Postal addresses of common forms: a house number and a street, with a postcode or a word that says so. */
const addressRule = personal({
  id: 'postal-address',
  needs: STREETS.split('|').map(word => ` ${word}`),
  back: 44,
  begins: /\d/,
  pattern: new RegExp(
    `(?<![A-Za-z0-9.,-])\\d{1,5}[A-Za-z]?,? (?:[NSEW]\\.? )?(?:[A-Z][A-Za-z'’]{1,20} ){1,3}(?:${STREETS})\\b\\.?(?: (?:[NS][EW]?|[EW])\\b\\.?)?(?:,? (?:Apt|Apartment|Unit|Suite|Ste|Flat|#)\\.? ?[A-Za-z0-9-]{1,6})?(?:(?:,? {0,2}[A-Z][A-Za-z'’. -]{1,30}?)?,? ?(?:[A-Z]{2} \\d{5}(?:-\\d{4})?|[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}|[A-Z]\\d[A-Z] ?\\d[A-Z]\\d|[A-Z]{2,3} \\d{4}))?`,
  ),
  accepts: (value, text, start) =>
    /\d{4,5}(?:-\d{4})?$|\d ?[A-Z]{2}$|[A-Z]\d[A-Z] ?\d[A-Z]\d$/.test(value) ||
    /(?:address|live[sd]? (?:at|on)|reside|ship(?:ped|ping)?|deliver|mail(?:ed|ing)?|home|moved to|house|located at|at my place|visit|billing)[^\n]{0,40}$/i.test(
      text.slice(Math.max(0, start - 60), start),
    ),
})

const EUROPEAN_ADDRESS = personal({
  id: 'postal-address',
  needs: [
    'straße',
    'strasse',
    'str.',
    'weg',
    'platz',
    'allee',
    'gasse',
    'rue ',
    'avenue',
    'boulevard',
    'via ',
    'calle',
    'straat',
    'laan',
    'plein',
    'gracht',
    'ulica',
    'rua ',
  ],
  anyCase: true,
  back: 30,
  begins: /[A-ZÄÖÜ\d]/,
  pattern:
    /(?<![\p{L}\p{N}])(?:[A-ZÄÖÜ][\p{L}.-]{0,30}(?: [A-ZÄÖÜ][\p{L}.-]{1,30})?(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse|straat|laan|plein|gracht) \d{1,4}[ ]?[a-z]?,?[ \n]{1,3}(?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2})?(?: [A-ZÄÖÜ][\p{L}-]{1,30})|\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|allée) (?:[\p{L}'’-]{1,20} ?){1,6},? {0,2}\d{5} [A-Z][\p{L}-]{1,30}|(?:Via|Viale|Piazza|Calle|Avenida|Rua) (?:[\p{L}'’.-]{1,20} ?){1,5},? (?:n[.º°] ?)?\d{1,4},? {0,2}(?:\d{4,5}(?:-\d{3})? )[A-Z][\p{L}-]{1,30})/u,
})

export const personRules: readonly Rule[] = [
  emailRule,
  homePathRule,
  accountIdRule,
  providerIdRule,
  birthDateRule,
  documentRule,
  vinRule,
  coordinatesRule,
  COMPASS,
  addressRule,
  EUROPEAN_ADDRESS,
]
