/** Secrets that only a name before them gives away: `NAME=value`, `"name": "value"`, `name is value`. */
import type { Match, Rule } from '../rule.ts'
import { isRandom, isSample, isScrambled, isStandIn } from './sample.ts'

/** How much a name says about what stands behind it: of a `password` everything is believed, of a mere `key` little. */
type Kind = 'password' | 'secret' | 'weak'

const NAME =
  /(?:passw(?:or)?d|passphrase|passwort|passcode|kennwort|pwd|pw|passe|pass|contraseñ?a|senha|wachtwoord|lozinka|hasło|пароль|密码|密碼|パスワード|비밀번호|şifre|parola|lösenord|adgangskode|kodeord|passord|salasana|heslo|jelszó|κωδικός|كلمة المرور|كلمة السر|סיסמה|סיסמא|पासवर्ड|รหัสผ่าน|mật khẩu|kata sandi|暗証番号|口令|schlüssel|secret|tokens?|credentials?|keys?|auth|signature|otp|pin)(?:[ _-]?(?:value|key(?:[_-]base)?|base64|b64|prod|dev|live|test|staging|hash|string|str|text|plain|raw|\d{1,3}))?(?![A-Za-z0-9])/iy
const PASSWORD =
  /^(?:pass|pwd|pw|kennwort|contrase|senha|wachtwoord|lozinka|hasło|пароль|密|パスワード|비밀번호|şifre|parola|lösenord|adgangskode|kodeord|salasana|heslo|jelszó|κωδ|كلمة|סיסמ|पास|รหัส|mật|kata|暗|口|otp|pin)/i
/** Words that make a secret of a key or of a signature. */
const STRONG_NAMES: readonly string[] =
  'api access private auth authentication encryption encrypt decryption signing sign master account secret shared service server admin app application license licence root deploy deployment webhook storage session hmac aes jwt cookie client write subscription ingest integration role function functions management consumer security rest personal project openai anthropic aws azure stripe github datadog algolia twilio mistral cohere gemini host provisioning registration recovery wallet signer geheimer zugangs'.split(
    ' ',
  )
const STRONG: ReadonlySet<string> = new Set(STRONG_NAMES)
/** Names that end like a secret's and are not one's: positions in a list, counts, tokens of language models. */
const OTHER_NAMES: ReadonlySet<string> = new Set(
  'did page next continuation cursor sync eos bos pad unk mask special stop no non public publishable primary foreign sort partition cache idempotency site csrf design max min prompt completion input output total num first last per s3 object map dict hash group hot shortcut translation i18n locale message react list by of each dedupe routing context minimum maximum'.split(
    ' ',
  ),
)
const ASSIGN =
  /\\{0,3}["'`´”\]]{0,3}[*_]{0,3}(?:[ \t]?\([^()\r\n]{1,40}\))?[*_`]{0,3}(?:[ \t]{0,20}(?::[ ]?&?[A-Za-z_][\w.<>'[\]|?]{0,30}[ ]?=(?!=)|:=|=>|={1,3}|:|：|\|)|<\/key>\s{0,20}<string>|["'`]\s{0,4}\{[^{}]{0,300}?\bdefault\s{0,20}=|["'`]?[,;]?\s{1,30}(?:value\s{1,4})?\\?["']?value\\?["']?\s{0,4}[:=])[*_]{0,3}[ \t]{0,20}/iy
/** Two arguments, both quoted: `set("api_key", "…")`. */
const ARGUMENT = /["'`][ \t]{0,4},[ \t\r\n]{0,20}(?=["'`])/y
/** What turns a string into bytes. */
const WRAP =
  /(?:(?:\[\](?:byte|rune)|Buffer\.from|bytes\.fromhex|bytes|base64\.b64decode|unhexlify|hex|atob|String|string|Some|SecretString|SecretStr)\(|Data\(base64Encoded:\s?|[bru]{1,2})(?=["'`])/y
const ELEMENT = />/y
/** The argument of a setter. */
const CALL = /\((?=["'`])/y
const STATES =
  /(?:[ \t]{1,4}[\p{L}\p{N}'’.@/-]{1,30}){0,6}?[ \t]{1,4}(?:is|was|ist|lautet|est|es|é|è|är|er|je|jest|to)(?:[ \t]{1,4}|(?=:))(?:now |currently |still |set to |called )?:?[ \t]{0,4}|[ ]\((?=[^\s()]{12,400}\))/iuy
const STATES_CJK = /(?:是|为|為|は|は、|：|:|=)[ \t]{0,4}/y
const QUOTED = /\\{0,3}(["'`])((?:(?!\1)[^\s\\]|\\(?!\1)[^\s]){4,8000})\\{0,3}\1/y
const PHRASE = /(["'`])((?:(?!\1)[^\r\n\\]){12,200})\1/y
const BARE = /[^\s"'`,;<>(){}[\]\\|]{4,8000}/y
const SHOUT = /!{1,8}/y
/** Where the next parameter of a URL or form begins. */
const NEXT_PARAMETER = /&(?:amp;)?[A-Za-z_][\w.-]{0,60}=/

const NOT_A_VALUE =
  /^(?:https?:\/\/|(?:Big)?(?:Uint|Int|Float)\d+(?:Clamped)?Array|string|number|boolean|function|object|symbol|bigint|undefined|null|none|true|false|required|optional|process\.env|os\.environ|import\.meta|(?:self|this|env|config|settings|secrets|vars|var|local|data|module|req|request|response|props|args|options|params|ctx|context|user)\.|sha\d{1,3}[:-]|application\/|@|--|\/\/|\*+$|\?|!(?:vault|ref|env|sub|secret|getatt|importvalue)|[A-Za-z_$][\w$.]{0,60}\(|[a-z_][\w-]{0,31}:[x*!]:\d|\.\/|~\/)/i
const MEMBER = /^[A-Za-z_$][\w$]{0,60}(?:\??\.[A-Za-z_$][\w$]{0,60}){1,12}!?$/
/** A token of HashiCorp Vault before 1.10. */
const VAULT = /^s\.[A-Za-z0-9]{24}$/
/** Words with separators between them, as identifiers and names of things are. */
const WORDS = /^[A-Za-z]{1,60}(?:[-_. /:][A-Za-z]{1,60}){0,20}$/
/** Words with a number here and there, as paths and labels are. */
const PATH = /^(?:[A-Za-z]{0,40}\d{0,3}[-_/.:]){1,20}[A-Za-z]{0,40}\d{0,4}$/
/** A name of a constant, or one made of numbers. */
const CONSTANT = /^[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,10}$|^\d{1,9}(?:\.\d{1,9}){2,20}$/
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const SUM = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i
/** Names of ciphers, sums, models, formats and versions mix letters and digits as well. */
const TECHNICAL =
  /^(?:v?\d{1,9}(?:\.\d{1,9}){0,6}[a-z]?|(?:sha|md|aes|rsa|ecdsa|ed|x|hs|rs|es|ps|utf|base|hmac|pbkdf|bcrypt|argon|oauth|http|ipv|int|uint|float|p)[-_]?\d+(?:[-_][a-z0-9]{1,10}){0,3}|0x[0-9a-f]{1,16}|[0-9a-f]{1,7}|\d{1,5}(?:st|nd|rd|th|px|r?em|ms|[smhdwx]|[kmgt]i?b|bits?|bytes?|days?|hours?|min|years?|chars?)|[a-z]{2,12}[-_]v?\d{1,3}|[a-z]{3,20}\d{0,1}\.[a-z]{2,5}|(?:ed|x)(?:25519|448)\w{0,12}|sha\d{1,3}\w{0,12}|gpt-.{0,60}|claude-.{0,60}|cl100k_base|o200k_base)$/i

/** Letters with digits, six digits and more, or a sign that words do not have. */
const isMixed = (value: string): boolean =>
  (/\d/.test(value) && /\p{L}/u.test(value)) || /^\d{6,}$/.test(value) || /[!@#$%^&*+=?~]/.test(value)

/** How much before a name is looked at. */
const BEFORE = 40
/** Runs longer than this are looked at once, whatever names stand inside. */
const LONG_RUN = 120

export const assignmentRule: Rule = {
  id: 'assigned-secret',
  version: 3,
  severity: 'secret',
  needs: [
    ...[
      'passw',
      'pass',
      'passphrase',
      'passcode',
      'pwd',
      'kennwort',
      'contrase',
      'senha',
      'wachtwoord',
      'lozinka',
    ],
    ...[
      'hasło',
      'пароль',
      'Пароль',
      '密',
      'パスワード',
      '비밀번호',
      ...['şifre', 'parola', 'lösenord', 'adgangskode', 'kodeord', 'salasana', 'heslo', 'jelszó', 'κωδικός'],
      ...[
        'Κωδικός',
        'كلمة',
        'סיסמ',
        'पासवर्ड',
        'รหัสผ่าน',
        'mật khẩu',
        'kata sandi',
        '暗証番号',
        '口',
        'schlüssel',
      ],
      'secret',
      'token',
      'credential',
      'key',
      'auth',
      'otp',
      'pin',
    ],
    'signature',
    'pw:',
    'pw=',
    'pw is',
  ],
  anyCase: true,
  scan: (text, places) => {
    const matches: Match[] = []
    let done = 0
    for (const place of places) {
      if (place < done) continue
      NAME.lastIndex = place
      const name = NAME.exec(text)?.[0]
      if (name === undefined) continue
      const before = text.slice(Math.max(0, place - BEFORE), place)
      const kind = kindOf(name, before)
      if (kind === null || isPlaceholder(text, place)) continue
      const value =
        valueAfter(text, place + name.length, name, before, kind) ?? valueBefore(before, place, kind)
      if (!value) continue
      if (value.isOne) matches.push({ start: value.start, end: value.end })
      if (value.isOne || value.end - value.start > LONG_RUN) done = Math.max(done, value.end)
    }
    return matches
  },
}

/** The last word of what stands before a name, in lower case, and whether the name goes on from it without a sign between.
 *  `dbUser` ends with `user`, `DB_USER_` as well. */
function lastWordOf(before: string): { word: string; isGlued: boolean } {
  let end = before.length
  const isGlued = isWordCode(before.charCodeAt(end - 1))
  if (!isGlued && /[ _:-]/.test(before[end - 1] ?? '')) end--
  let begin = end
  while (begin > 0 && isWordCode(before.charCodeAt(begin - 1))) {
    begin--
    const code = before.charCodeAt(begin)
    const next = before.charCodeAt(begin + 1)
    // A capital letter before small ones begins a word.
    if (code > 64 && code < 91 && begin + 1 < end && next > 96 && next < 123) break
  }
  return { word: before.slice(begin, end).toLowerCase(), isGlued }
}

const isWordCode = (code: number): boolean =>
  (code > 47 && code < 58) || (code > 64 && code < 91) || (code > 96 && code < 123)

function kindOf(name: string, before: string): Kind | null {
  const last = before.at(-1) ?? ''
  const isShort =
    /^(?:pass|keys?|auth|otp|pin|pwd?|signature)/i.test(name) && !/^passw|^passp|^passc/i.test(name)
  // Within a word, unless a capital letter begins another: `dbPass`, but not `compass` or `monkey`.
  const isInside = /[a-z]/.test(last) ? /^[a-z]/.test(name) : /[A-Z]/.test(last) && /^[A-Z]/.test(name)
  if (isShort && isInside && !/(?:api|user|db|my|root)$/i.test(before.slice(-4))) return null
  const { word, isGlued } = lastWordOf(before)
  if (OTHER_NAMES.has(word)) return null
  if (/^schlüssel/i.test(name) && /^(?:wlan|wpa\d?|wifi|netzwerk)$/.test(word)) return 'password'
  if (/^passe$/i.test(name) && !/mots? de $/i.test(before)) return null
  if (PASSWORD.test(name)) return 'password'
  if (/^(?:secret|token|credential)/i.test(name)) return 'secret'
  const isStrong = STRONG.has(word) || (isGlued && STRONG_NAMES.some(strong => word.endsWith(strong)))
  return isStrong ? 'secret' : 'weak'
}

const isPlaceholder = (text: string, at: number): boolean =>
  text[at - 1] === '[' && /^secret:[a-z0-9-]{1,64}#\d/.test(text.slice(at, at + 80))

interface Candidate extends Match {
  isOne: boolean
}

/** How a value is bound to its name. */
type Bond = 'assigned' | 'option' | 'said'

function valueAfter(text: string, at: number, name: string, before: string, kind: Kind): Candidate | null {
  const isOption = before.includes('-') && /(?:^|[\s"'[])--?[A-Za-z0-9-]{0,30}$/.test(before)
  let bond: Bond = isOption ? 'option' : 'assigned'
  let from = stick(ASSIGN, text, at)
  const isCell = from !== null && text.slice(at, from).includes('|')
  if (from === null) {
    from = stick(ARGUMENT, text, at)
    if (from !== null) bond = 'said'
  }
  if (from === null && before.includes('<') && /<[\w:.-]{0,30}$/.test(before)) from = stick(ELEMENT, text, at)
  if (
    from === null &&
    /[ \t]/.test(text[at] ?? '') &&
    (isOption || /^(?:.*[\s;])?(?:set|setx|env|export|put|ENV|ARG|-gx|-x)\s+[A-Za-z0-9_.-]*$/s.test(before))
  ) {
    from = at + 1
    bond = isOption ? 'option' : 'assigned'
  }
  if (from === null && /(?:set|with)_?$/i.test(before)) from = stick(CALL, text, at)
  if (from === null && kind !== 'weak') {
    bond = 'said'
    from = /[\u3000-\uffff]/.test(name) ? stick(STATES_CJK, text, at) : stick(STATES, text, at)
    if (from === null && kind === 'password' && text[at] === ' ') {
      const told = stickValue(QUOTED, text, at + 1)
      if (told && isGood(told.value, kind) && isBelieved(told.value, kind, 'said'))
        return { ...rangeOf(told), isOne: true }
      const next = stickValue(BARE, text, at + 1)
      const isOne =
        next !== null && /^(?=.*[A-Z!#%&@])(?=.*[a-z])(?=.*\d)/.test(next.value) && isGood(next.value, kind)
      return next && isOne ? { start: next.start, end: next.start + next.value.length, isOne } : null
    }
  }
  if (from === null) return drawnNear(text, at, kind, before)
  from = stick(WRAP, text, from) ?? from
  let begin = before.length
  while (begin > 0 && (isWordCode(before.charCodeAt(begin - 1)) || before[begin - 1] === '_')) begin--
  const variable = before.slice(begin) + name
  const isEnvironment =
    bond !== 'said' && /^[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{0,40}){1,10}$|^[A-Z]{5,}$/.test(variable)
  if (/^passphrase/i.test(name) && bond === 'assigned') {
    const phrase = stickValue(PHRASE, text, from)
    if (phrase && / /.test(phrase.value) && !isSample(phrase.value))
      return { ...rangeOf(phrase), isOne: true }
  }
  const quoted = stickValue(QUOTED, text, from)
  if (quoted) {
    const { value } = quoted
    const isFree =
      kind === 'password'
        ? bond !== 'said'
        : /secret/i.test(name) && bond !== 'said' && !/[-_./:]/.test(value)
    const isOne =
      isGood(value, kind) &&
      !(kind === 'password' && WORDS.test(value) && /[ ]/.test(value)) &&
      (isFree || isEnvironment || isBelieved(value, kind, bond))
    return { ...rangeOf(quoted), isOne: isOne && !(isCell && !isEndOfCell(text, quoted)) }
  }
  const bare = stickValue(BARE, text, from)
  if (!bare) return drawnNear(text, at, kind, before)
  const cut = NEXT_PARAMETER.exec(bare.value)
  const isCall =
    /[([{]/.test(text[bare.start + bare.value.length] ?? '') ||
    (/^[A-Za-z_.]+$/.test(bare.value) && text[bare.start + bare.value.length] === '<')
  bare.value = bare.value.slice(0, cut?.index).replace(/[.:!?*_]+$/, '')
  const { value } = bare
  // It may end a sentence or the password: it goes with what has a digit.
  const shout = /\d/.test(value) ? (stickValue(SHOUT, text, bare.start + value.length)?.value.length ?? 0) : 0
  const isPath = /^(?:pwd|key)/i.test(name) && /^[./~]|^[A-Za-z]:[\\/]/.test(value)
  const isOne =
    !isCall &&
    !isPath &&
    (!MEMBER.test(value) || VAULT.test(value)) &&
    !CONSTANT.test(value) &&
    (isEnvironment || !/^[A-Za-z_$][\w$]*(?:password|secret|token|key)$/i.test(value)) &&
    isGood(value, kind) &&
    value.length >= (isEnvironment ? 5 : 6) &&
    (((isEnvironment || bond === 'option') && kind !== 'weak') || isBelieved(value, kind, bond))
  const { start, end } = rangeOf(bare)
  return { start, end: end + shout, isOne: isOne && !(isCell && !isEndOfCell(text, bare)) }
}

/** Words of prose and line ends between a name and a value that is told. */
const NEAR =
  /([\w '’,.*()\r\n\t-]{0,70}?(?::|\bis|\bist|\bes|\best|below|here|(?=\r?\n\r?\n))[*_]{0,2}[ \t]{0,4}(?:\r?\n[ \t]{0,8}){0,3}(?:```[a-z]{0,10}\r?\n|[`"'“]{0,2}))([A-Za-z0-9_+/=.~-]{16,1000})(?=["'`”)\s]|[.,;](?:\s|$)|$)/iy
const HEX = /^[0-9a-f]{32,128}$/i
/** A line of its own below the name. */
const NEXT_LINE =
  /()[*_]{0,2}[:：][*_]{0,2}[ \t]{0,4}\r?\n[ \t]{0,8}(?:```[a-z]{0,10}\r?\n|[`"']{0,2})([^\s"'`:<>{}[\]()-][^\s"'`<>{}[\]():]{5,99})(?=[`"']{0,2}[ \t]{0,4}(?:\r?\n|$))/y

/** A value that is drawn by chance beyond doubt, shortly after a name: in prose, on the next line, in a block of code. */
function drawnNear(text: string, at: number, kind: Kind, before: string): Candidate | null {
  const below = kind === 'password' ? stickValue(NEXT_LINE, text, at) : null
  if (below && isGood(below.value, kind) && isBelieved(below.value, kind, 'said'))
    return { ...rangeOf(below), isOne: true }
  NEAR.lastIndex = at
  const found = NEAR.exec(text)
  const value = found?.[2]
  if (!found || value === undefined || !isGood(value, kind) || UUID.test(value)) return null
  const isTold = kind !== 'weak' || /(?:my|our|the|your|new|a)[ ]$/i.test(before)
  const isDrawn = HEX.test(value)
    ? kind !== 'weak' && /:|\b(?:is|ist|es|est|below|here)\b/i.test(found[1] ?? '')
    : value.length >= 20 && /[a-z]/.test(value) && /[A-Z]/.test(value) && isRandom(value)
  const start = at + (found[1]?.length ?? 0)
  return isTold && isDrawn && !/^sha\d/i.test(value)
    ? { start, end: start + value.length, isOne: true }
    : null
}

/** What stands in a table ends at a bar or with the line. */
const isEndOfCell = (text: string, { start, value }: Taken): boolean =>
  /^["'`*]{0,3}[ \t]{0,80}(?:\||\r?\n|$)/.test(text.slice(start + value.length, start + value.length + 90))

/** `hunter2 is the password`, `with hunter2 as password`. */
function valueBefore(before: string, place: number, kind: Kind): Candidate | null {
  if (kind === 'weak' || !/ (?:is|as|ist|als) /i.test(before)) return null
  const said =
    /(?:^|\s|["'`“(])([^\s"'`“”()]{6,39})["'`”)]{0,2} (?:is|as|ist|als) (?:[a-z]{1,12} ){0,3}$/i.exec(before)
  const value = said?.[1]
  if (!said || value === undefined || !isGood(value, kind) || !isBelieved(value, kind, 'said')) return null
  const start = place - before.length + said.index + said[0].indexOf(value)
  return { start, end: start + value.length, isOne: true }
}

/** Whether it may be a secret at all. */
const isGood = (value: string, kind: Kind): boolean =>
  !isStandIn(value) &&
  !/^\d{1,9}(?:\.\d{1,9}){2,20}$/.test(value) &&
  !NOT_A_VALUE.test(value) &&
  !(kind === 'password' ? /EXAMPLE|\*{4}|\.{3}$/.test(value) : isSample(value))

/** Whether it looks like one. */
function isBelieved(value: string, kind: Kind, bond: Bond): boolean {
  if (kind === 'weak')
    return value.length >= 16 && isRandom(value) && !UUID.test(value) && !SUM.test(value) && !PATH.test(value)
  if (TECHNICAL.test(value))
    return kind === 'password' && bond === 'assigned' && /^\d{6,}$|^[a-z]{5,}[-_]?\d{2,}$/i.test(value)
  if (kind === 'password') return isMixed(value) || isScrambled(value)
  if (bond === 'said')
    return (
      isRandom(value) ||
      (value.length >= 10 && isMixed(value) && /[A-Za-z]\d/.test(value) && /\d[A-Za-z]/.test(value))
    )
  return isMixed(value) && !/^\d+$/.test(value) && !/^[\d.,:TZ+-]+$/.test(value)
}

interface Taken {
  start: number
  value: string
}

const rangeOf = ({ start, value }: Taken): Match => ({ start, end: start + value.length })

/** A value at a place: the second group, or all. */
function stickValue(pattern: RegExp, text: string, at: number): Taken | null {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  if (!found) return null
  const value = found[2] ?? found[0]
  return { start: at + (found[2] === undefined ? 0 : found[0].indexOf(value)), value }
}

function stick(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : null
}
