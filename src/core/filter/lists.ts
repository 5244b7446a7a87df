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
  const { version, denied, isAllowed } = preparedOf(lists)
  return {
    ...engine,
    versions: [...engine.versions, version],
    scan: text => [...engine.scan(text).filter(hit => !isAllowed(hit, text)), ...denied(text)],
  }
}

interface PreparedLists {
  version: string
  denied: (text: string) => Hit[]
  isAllowed: (hit: Hit, text: string) => boolean
}

/** A scan of thousands of conversations asks with the same lists each time. */
const prepared = new WeakMap<FilterLists, PreparedLists>()

function preparedOf(lists: FilterLists): PreparedLists {
  const known = prepared.get(lists) ?? {
    version: listsVersion(lists),
    denied: denyScan(lists.deny),
    isAllowed: allowTest(lists.allow),
  }
  prepared.set(lists, known)
  return known
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

/** A place in the tree of denied words, reached unit by unit. */
interface Branch {
  next: Map<number, Branch>
  /** The word that ends here. */
  word: { severity: Severity; openEnd: boolean } | null
}

const UNITS = 0x10000
const SPACE = 0x20
/** How a unit can begin a word: at any place, or only where no letter or digit stands before it. */
const OPEN = 1
const CLOSED = 2
/** Letters and digits, but those of scripts that set no blanks between words, and of Hangul, whose particles hang on the word. */
const SPACED =
  '[[\\p{L}\\p{N}]--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{Script=Hangul}]]'
const LAST = new RegExp(`${SPACED}$`, 'v')
const FIRST = new RegExp(`^${SPACED}`, 'v')
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

/** Whether a word may follow or go before this character without a border. */
const isOpen = (char: string): boolean => !FIRST.test(char)

/** Find the words of a deny list, upper or lower case, as words of their own. However many there are, each place of the text is read at
 *  most as far as the longest of them. */
function denyScan(deny: FilterLists['deny']): (text: string) => Hit[] {
  const root: Branch = { next: new Map(), word: null }
  const begins = new Uint8Array(UNITS)
  // In capitals, and where a keyboard has none, ß is written as two letters.
  const words = deny.flatMap(({ text, severity }) => {
    const word = denyKey(entryText(text))
    return [...new Set([word, word.replaceAll('ß', 'ss')])].map(spelt => ({ word: spelt, severity }))
  })
  for (const { word, severity } of words) {
    if (word.length < MIN_ENTRY_LENGTH) continue
    const kind = isOpen(Array.from(word.slice(0, 2))[0] ?? '') ? OPEN : CLOSED
    // Characters that share their first unit: better one too many than one too few.
    if (begins[word.charCodeAt(0)] !== OPEN) begins[word.charCodeAt(0)] = kind
    let branch = root
    for (let unit = 0; unit < word.length; unit++) {
      const next = branch.next.get(word.charCodeAt(unit)) ?? { next: new Map(), word: null }
      branch.next.set(word.charCodeAt(unit), next)
      branch = next
    }
    branch.word = { severity, openEnd: isOpen(Array.from(word.slice(-2)).at(-1) ?? '') }
  }
  return text => {
    const lower = lowered(text)
    const hits: Hit[] = []
    for (let at = 0; at < lower.length; at++) {
      const kind = begins[lower.charCodeAt(at)]
      if (kind === 0 || (kind === CLOSED && LAST.test(lower.slice(Math.max(0, at - 2), at)))) continue
      for (const { end, severity } of wordsAt(lower, at, root))
        if (!isInPlaceholder(text, at, end)) hits.push({ start: at, end, rule: DENY_RULE, severity })
    }
    return hits
  }
}

/** The words that begin at a place; a blank of theirs stands for any blanks. */
function wordsAt(lower: string, at: number, root: Branch): { end: number; severity: Severity }[] {
  const found: { end: number; severity: Severity }[] = []
  let branch: Branch | undefined = root
  for (let place = at; place < lower.length; ) {
    const isBlank = BLANK.test(lower[place] ?? '')
    branch = branch.next.get(isBlank ? SPACE : lower.charCodeAt(place))
    if (branch === undefined) break
    const before = place++
    while (isBlank && place - before < MAX_BLANKS && BLANK.test(lower[place] ?? '')) place++
    const { word } = branch
    if (word !== null && (word.openEnd || !FIRST.test(lower.slice(place, place + 2))))
      found.push({ end: place, severity: word.severity })
  }
  return found
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
