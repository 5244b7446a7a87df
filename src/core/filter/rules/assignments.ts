/** Secrets that only their surroundings give away: a name before them, a header, a place in a URL. */
import type { Match, Rule } from '../rule.ts'
import { isStandIn, patternRule } from './pattern.ts'

const NAME =
  /(?:secret|passw(?:or)?d|passphrase|passwort|pwd|token|credentials?|api[_-]?key|(?:access|private|auth|encryption|signing|master|account|secret)[_-]?key)(?:[_-]?(?:value|key(?:[_-]base)?|base64|b64|prod|dev|live|staging|hash|\d{1,3}))?(?![A-Za-z0-9])/gi
const ASSIGN = /\\?["'`]?[ \t]{0,8}(:=|=>|=|:)[ \t]{0,8}/y
const STATES = /[ \t]{1,4}(?:is|ist|est|es|lautet)[ \t]{1,4}:?[ \t]{0,4}/iy
const QUOTED = /\\?(["'`])((?:(?!\1)[^\s\\]|\\(?!\1)[^\s]){4,500})\\?\1/y
const BARE = /[^\s"'`,;<>(){}[\]\\|]{6,500}/y

/** Names that end like a secret's and are not one's: positions in a list, counts, tokens of language models. */
const OTHER_NAME =
  /(?:page|next|continuation|cursor|sync|eos|bos|pad|unk|mask|special|stop|no|non|public)[_-]?$/i
const NOT_A_VALUE =
  /^(?:https?:\/\/|(?:Big)?(?:Uint|Int|Float)\d+(?:Clamped)?Array|string|number|boolean|undefined|null|none|true|false|required|optional|process\.env|os\.environ|import\.meta|(?:self|this|env|config|settings|secrets|req|request|response|data|props|args)\.)/i
const MEMBER = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/

/** `NAME=value`, `"name": "value"`, `--name value` and `my name is value`, where the name says that the value is secret. */
export const assignmentRule: Rule = {
  id: 'assigned-secret',
  version: 1,
  severity: 'secret',
  needs: [],
  scan: text => {
    const matches: Match[] = []
    for (const name of text.matchAll(NAME)) {
      const end = name.index + name[0].length
      const before = text.slice(Math.max(0, name.index - 40), name.index)
      if (OTHER_NAME.test(before) || isPlaceholder(text, name.index)) continue
      const value = valueAfter(text, end, name[0], before)
      if (value) matches.push(value)
    }
    return matches
  },
}

const isPlaceholder = (text: string, at: number): boolean =>
  text[at - 1] === '[' && /^secret:[a-z0-9-]{1,64}#\d/.test(text.slice(at, at + 80))

function valueAfter(text: string, at: number, name: string, before: string): Match | null {
  const isOption = /--[A-Za-z0-9-]{0,30}$/.test(before)
  let from = stick(ASSIGN, text, at)
  const isProse = from === null
  if (from === null && isOption && text[at] === ' ') from = at + 1
  if (from === null && /pass|pwd|pin|secret|key/i.test(name)) from = stick(STATES, text, at)
  if (from === null) return null
  QUOTED.lastIndex = from
  const quoted = QUOTED.exec(text)
  if (quoted) {
    const value = quoted[2] ?? ''
    const start = from + quoted[0].indexOf(value)
    const isWord = (isProse || /credential/i.test(name)) && !isMixed(value)
    return isStandIn(value) || NOT_A_VALUE.test(value) || isWord ? null : { start, end: start + value.length }
  }
  BARE.lastIndex = from
  const bare = BARE.exec(text)?.[0].replace(/[.:!?]+$/, '')
  if (bare === undefined || bare.length < 6) return null
  const isEnvironment = /^[A-Z0-9_]+$/.test(`${/[A-Za-z0-9_]*$/.exec(before)?.[0] ?? ''}${name}`) && !isProse
  const isCall = /[([{]/.test(text[from + bare.length] ?? '')
  if (isStandIn(bare) || NOT_A_VALUE.test(bare) || MEMBER.test(bare) || isCall) return null
  if (/pwd/i.test(name) && /^[./~]|^[A-Za-z]:/.test(bare)) return null
  return isEnvironment || isOption || isMixed(bare) ? { start: from, end: from + bare.length } : null
}

/** Letters with digits, six digits and more, or a sign that words do not have. */
const isMixed = (value: string): boolean =>
  (/\d/.test(value) && /[A-Za-z]/.test(value)) || /^\d{6,}$/.test(value) || /[!@#$%^&*+=?~]/.test(value)

function stick(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : null
}

/** `Authorization` headers and bearer tokens. */
export const bearerRule: Rule = patternRule({
  id: 'bearer-token',
  version: 1,
  severity: 'secret',
  needs: ['earer', 'EARER', 'uthorization', 'UTHORIZATION'],
  pattern:
    /((?:[Aa]uthorization|AUTHORIZATION)\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?(?:(?:[Bb]earer|BEARER|[Bb]asic|[Tt]oken|[Dd]igest)[ \t]{1,4})?|(?:[Bb]earer|BEARER)[ \t]{1,4})([A-Za-z0-9._~+/=-]{16,4000})/g,
  accepts: value => !isStandIn(value) && /\d/.test(value) && /[A-Za-z]/.test(value),
})

/** The cookies of a request or response. */
export const cookieRule: Rule = patternRule({
  id: 'cookie',
  version: 1,
  severity: 'secret',
  needs: ['ookie', 'OOKIE'],
  pattern: /((?:[Cc]ookie|COOKIE)\\?["']?:[ \t]{0,4}\\?["']?)([A-Za-z0-9_.-]{1,64}=[^\r\n"'`\\]{8,4000})/g,
  accepts: value => /=[^;\s]{8}/.test(value),
})

/** `user:password` in a URL. */
export const urlCredentialsRule: Rule = patternRule({
  id: 'url-credentials',
  version: 1,
  severity: 'secret',
  needs: ['://'],
  pattern: /(:\/\/)([^\s/:@"'<>`\\]{0,256}:[^\s/@"'<>`\\]{1,256})(?=@)/g,
  accepts: value => {
    const password = value.slice(value.indexOf(':') + 1)
    return (
      !isStandIn(value) &&
      !isStandIn(password) &&
      !/^(?:pass|password|passwd|pwd|secret|token)$/i.test(password)
    )
  },
})
