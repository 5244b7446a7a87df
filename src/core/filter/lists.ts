/** The user's own two lists: words that are not to leave, and values that may. They stand beside the rules, in every engine that looks at
 *  what that user shares; what stands in them never leaves. */
import { sha256 } from '../crypto/hash.ts'
import { concat, toHex, utf8 } from '../kernel/bytes.ts'
import type { Engine } from './engine.ts'
import { fold } from './folded.ts'
import type { Hit, Severity } from './rule.ts'

/** The name under which findings of the deny list are shown, counted and replaced. */
export const DENY_RULE = 'deny-list'
/** How an entry of the allow list begins that names a rule instead of a value. */
export const RULE_PREFIX = 'rule:'
/** In UTF-16 units, folded. One character would stand everywhere. */
export const MIN_ENTRY_LENGTH = 2
export const MAX_ENTRY_LENGTH = 1_000

export interface FilterLists {
  deny: readonly { text: string; severity: Severity }[]
  /** Values, and `rule:NAME` for rules about personal data. */
  allow: readonly string[]
  /** 32 random bytes of this user: without them nobody can try words against the hash of the rule set. */
  salt: Uint8Array
}

/** An entry as it is kept and compared: folded, blanks at the ends gone. */
export const entryText = (text: string): string => fold(text).text.trim()

/** The engine with the lists of a user: what the deny list names is found too, what the allow list names is not. A secret is silenced
 *  by its value only; what stands in both lists is denied. */
export function withLists(engine: Engine, lists: FilterLists | null): Engine {
  if (lists === null || lists.deny.length + lists.allow.length === 0) return engine
  const denied = denyScan(lists.deny)
  const isAllowed = allowTest(lists.allow)
  return {
    ...engine,
    versions: [...engine.versions, listsVersion(lists)],
    scan: text => [...engine.scan(text).filter(hit => !isAllowed(hit, text)), ...denied(text)],
  }
}

/** Stands in the hash of the rule set: how many entries there are, and a salted hash that changes with any of them. */
function listsVersion({ deny, allow, salt }: FilterLists): string {
  const entries = [
    ...deny.map(({ text, severity }) => [severity, text]),
    ...allow.map(text => ['allow', text]),
  ]
  const lines = entries.map(entry => JSON.stringify(entry)).sort()
  return `lists/${deny.length}/${allow.length}/${toHex(sha256(concat(salt, utf8(lines.join('\n')))))}`
}

function allowTest(allow: readonly string[]): (hit: Hit, text: string) => boolean {
  const entries = allow.map(entryText)
  const rules = new Set(
    entries.filter(entry => entry.startsWith(RULE_PREFIX)).map(entry => entry.slice(RULE_PREFIX.length)),
  )
  const values = new Set(entries)
  return ({ rule, severity, start, end }, text) =>
    (severity === 'personal' && rules.has(rule)) || values.has(text.slice(start, end).trim())
}

interface DeniedWord {
  /** Lower case, blanks single. */
  text: string
  severity: Severity
  /** Whether a letter or digit may stand right before or after it. */
  openStart: boolean
  openEnd: boolean
}

const UNITS = 0x10000
const WORD = /[\p{L}\p{N}]/u
/** Scripts that set no blanks between words, and Hangul, whose particles hang on the word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Hangul}]/u
const LAST = /[\p{L}\p{N}]$/u
const FIRST = /^[\p{L}\p{N}]/u
const BLANK = /\s/
/** Blanks in a row that one blank of an entry stands for: a line break with the indent of the next line. */
const MAX_BLANKS = 64

/** Lower case with every unit at its place. */
function lowered(text: string): string {
  const lower = text.toLowerCase()
  const kept =
    lower.length === text.length
      ? lower
      : Array.from(text, char =>
          char.toLowerCase().length === char.length ? char.toLowerCase() : char,
        ).join('')
  return kept.replaceAll('ς', 'σ')
}

/** A value of the deny list is the same in upper and lower case. */
export const denyKey = (value: string): string => lowered(value).replace(/\s+/g, ' ')

const isOpen = (char: string): boolean => !WORD.test(char) || UNSPACED.test(char)

/** Find the words of a deny list, upper or lower case, as words of their own. Looks at each place only for words that begin with the two
 *  units that stand there. */
function denyScan(deny: FilterLists['deny']): (text: string) => Hit[] {
  const byStart = new Map<number, DeniedWord[]>()
  const begins = new Uint8Array(UNITS)
  for (const { text, severity } of deny) {
    const word = denyKey(entryText(text))
    if (word.length < MIN_ENTRY_LENGTH) continue
    const [first = ''] = word
    const last = Array.from(word.slice(-2)).at(-1) ?? ''
    begins[word.charCodeAt(0)] = 1
    const start = word.charCodeAt(0) * UNITS + word.charCodeAt(1)
    const entry = { text: word, severity, openStart: isOpen(first), openEnd: isOpen(last) }
    byStart.set(start, [...(byStart.get(start) ?? []), entry])
  }
  return text => {
    const lower = lowered(text)
    const hits: Hit[] = []
    for (let at = 0; at + 1 < lower.length; at++) {
      const unit = lower.charCodeAt(at)
      if (begins[unit] === 0) continue
      const words = byStart.get(unit * UNITS + lower.charCodeAt(at + 1))
      if (words === undefined) continue
      const inside = LAST.test(lower.slice(Math.max(0, at - 2), at))
      for (const word of words) {
        if (inside && !word.openStart) continue
        const end = endOf(lower, at, word.text)
        if (end === null || (!word.openEnd && FIRST.test(lower.slice(end, end + 2)))) continue
        if (isInPlaceholder(text, at, end)) continue
        hits.push({ start: at, end, rule: DENY_RULE, severity: word.severity })
      }
    }
    return hits
  }
}

/** Where a word that begins at `at` ends, or null where another text stands. */
function endOf(lower: string, at: number, word: string): number | null {
  let place = at
  for (let unit = 0; unit < word.length; unit++) {
    if (word[unit] !== ' ') {
      if (lower.charCodeAt(place) !== word.charCodeAt(unit)) return null
      place++
      continue
    }
    const before = place
    while (place - before < MAX_BLANKS && BLANK.test(lower[place] ?? '')) place++
    if (place === before) return null
  }
  return place
}

const PLACEHOLDER = /\[(?:secret|personal):[a-z0-9-]{1,64}#\d{1,6}\]/y
const MAX_PLACEHOLDER_LENGTH = 90

/** The name of a rule in a placeholder is no word of the text. */
function isInPlaceholder(text: string, start: number, end: number): boolean {
  const open = text.lastIndexOf('[', start)
  if (open < 0 || start - open > MAX_PLACEHOLDER_LENGTH) return false
  PLACEHOLDER.lastIndex = open
  return PLACEHOLDER.test(text) && PLACEHOLDER.lastIndex >= end
}
