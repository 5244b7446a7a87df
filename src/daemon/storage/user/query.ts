/** What somebody typed into a search: words, phrases and filters, and the FTS5 expressions that find them. */
import { VivimError } from '../../../core/kernel/errors.ts'
import { Role } from '../../../core/model/conversation.ts'
import { FACTS, FIRST_KNOWN_MOMENT, momentOf } from './indexed-message.ts'
import { indexed, words } from './script.ts'

/** More than anybody remembers of a message; bounds what one query costs. */
const QUERY_TERMS = 32
/** Longer is no query; the rest of it counts for nothing. */
const QUERY_CHARACTERS = 2_000

/** A word or phrase that must, or must not, be found. */
export interface Term {
  text: string
  /** Its words without case and accents, one after the other, as `words` cuts a message. */
  words: readonly string[]
  /** The last word may be the beginning of one. */
  isPrefix: boolean
  /** Only in code blocks. */
  inCode: boolean
}

export interface Query {
  /** Each of them must be found, by one of its alternatives. */
  all: readonly (readonly Term[])[]
  none: readonly Term[]
  roles: { all: readonly Role[]; none: readonly Role[] }
  /** Beginnings of providers' names, in lower case. */
  providers: { all: readonly string[]; none: readonly string[] }
  /** Sent at `fromMs` or after it, and before `untilMs`. */
  fromMs: number | null
  untilMs: number | null
}

const FILTERS = ['role', 'provider', 'before', 'after', 'code'] as const
type Filter = (typeof FILTERS)[number]
const TERM = new RegExp(`(-?)(?:(${FILTERS.join('|')}):(?=[^\\s]))?(?:"([^"]*)"?|([^\\s"]+))`, 'gu')

const isWord = (text: string): boolean =>
  /[\p{L}\p{N}\p{Co}\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}]/u.test(text)
const invalid = (message: string): VivimError => new VivimError('query/invalid', message)

/** Parse what was typed: all words must occur, `"…"` is a phrase, `word*` and the last word as far as it was typed may be
 *  beginnings, `-` excludes, `OR` between two lets either do; `role:`, `provider:`, `before:`, `after:` and `code:` as in
 *  `docs/operating.md`. Nothing else is an operator. @throws `query/invalid` when nothing is asked for, or for a filter's wrong value */
export function parseQuery(typed: string): Query {
  const text = typed.slice(0, QUERY_CHARACTERS).replaceAll('\0', ' ').toWellFormed()
  const all: Term[][] = []
  const none: Term[] = []
  const roles = { all: [] as Role[], none: [] as Role[] }
  const providers = { all: [] as string[], none: [] as string[] }
  let fromMs: number | null = null
  let untilMs: number | null = null
  let count = 0
  /** The alternatives that a following `OR` may add to. */
  let group: Term[] | null = null
  let isEither = false

  for (const match of text.matchAll(TERM)) {
    const [whole, minus, filter, phrase, word = ''] = match
    if (count === QUERY_TERMS) break
    const value = phrase ?? word
    const side = minus === '' ? 'all' : 'none'
    if (filter === 'role') roles[side].push(roleOf(value))
    else if (filter === 'provider') providers[side].push(value.toLowerCase())
    else if ((filter === 'before' || filter === 'after') && minus === '') {
      const ms = dateOf(filter, value)
      if (filter === 'before') untilMs = Math.min(ms, untilMs ?? ms)
      else fromMs = Math.max(ms, fromMs ?? ms)
    } else if (whole === 'OR' && group !== null && !isEither) {
      isEither = true
      continue
    } else {
      const isTyped = phrase === undefined && match.index + whole.length === text.length
      const term = termOf(value, filter as Filter | undefined, phrase === undefined, isTyped && minus === '')
      if (term === null) continue
      if (minus !== '') none.push(term)
      else if (isEither && group !== null) group.push(term)
      else {
        group = [term]
        all.push(group)
      }
      isEither = false
      count++
      continue
    }
    count++
    group = null
    isEither = false
  }
  if (isEither) all.push([termOf('OR', undefined, true, false)].filter(term => term !== null))
  if (count === 0) throw invalid('there is no word to look for')
  return { all, none, roles, providers, fromMs, untilMs }
}

function termOf(value: string, filter: Filter | undefined, mayStar: boolean, isTyped: boolean): Term | null {
  // An exclusion of a time is no filter: it is looked for as it stands.
  const text = filter === 'before' || filter === 'after' ? `${filter}:${value}` : value
  if (!isWord(text)) return null
  const cut = words(text)
  const last = cut.at(-1)
  const isPrefix = isTyped || (mayStar && text.endsWith('*'))
  return {
    text,
    words: cut.map(word => word.folded),
    // What begins with one letter is half of everything; two and three letters have an index of their own.
    isPrefix: isPrefix && last !== undefined && last.end - last.start > 1,
    inCode: filter === 'code',
  }
}

function roleOf(value: string): Role {
  const role = Role.safeParse(value.toLowerCase())
  if (role.success) return role.data
  throw invalid(`role: takes ${Role.options.join(', ')}; "${value.slice(0, 40)}" is none of them`)
}

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?[Zz]?)?)?)?$/

/** The first millisecond of a year, month, day or minute, UTC. */
function dateOf(filter: string, value: string): number {
  const match = DATE.exec(value)
  if (match) {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
      .slice(1)
      .map(digits => (digits === undefined ? undefined : Number(digits)))
    const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
    date.setUTCFullYear(year)
    const isReal =
      date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 61
    if (isReal) return date.getTime()
  }
  throw invalid(
    `${filter}: takes a date such as 2025, 2025-03, 2025-03-15 or 2025-03-15T10:30Z; "${value.slice(0, 40)}" is none`,
  )
}

/** Every word quoted: nothing in it is an operator to FTS5. */
const quoted = (term: Term): string =>
  `"${indexed(term.text).replaceAll('"', '""')}"${term.isPrefix ? '*' : ''}`

const inMessages = (term: Term): string => `{${term.inCode ? 'code' : 'text code aside'}}:${quoted(term)}`
const fact = (word: string): string => `facts:"${word}"`
/** @param terms - none finds nothing */
const either = (terms: readonly string[]): string =>
  terms.length === 0 ? fact('nothing') : `(${terms.join(' OR ')})`

/** @param named - the providers of the user's conversations that a beginning stands for
 *  @returns what finds the messages in `message_fts` */
export function messageExpression(query: Query, named: (provider: string) => readonly string[]): string {
  const { all, none, roles, providers } = query
  const ofProvider = (name: string) => either(named(name).map(provider => fact(FACTS.provider(provider))))
  const wanted = [
    ...all.map(terms => either(terms.map(inMessages))),
    ...roles.all.map(role => fact(FACTS.role(role))),
    ...providers.all.map(ofProvider),
  ]
  const unwanted = [
    ...none.map(inMessages),
    ...roles.none.map(role => fact(FACTS.role(role))),
    ...providers.none.map(ofProvider),
  ]
  const positive = wanted.length === 0 ? fact(FACTS.any) : wanted.join(' AND ')
  return unwanted.length === 0 ? positive : `(${positive}) NOT ${either(unwanted)}`
}

/** What finds the titles in `title_fts`, or null when no title can answer. @param mode - `any` word will do, or `all` must stand there */
export function titleExpression(query: Query, mode: 'all' | 'any'): string | null {
  const groups = query.all.map(terms => terms.filter(term => !term.inCode))
  const found = groups.filter(terms => terms.length > 0)
  if (found.length === 0) return null
  const positive = found.map(terms => either(terms.map(quoted))).join(mode === 'all' ? ' AND ' : ' OR ')
  const none = query.none.filter(term => !term.inCode).map(quoted)
  if (mode === 'any' || none.length === 0) return positive
  return `(${positive}) NOT ${either(none)}`
}

/** Whether a title by itself can be what is looked for: it is nobody's message, and holds no code. */
export const mayBeTitle = ({ all, roles }: Query): boolean =>
  roles.all.length === 0 && all.length > 0 && all.every(terms => terms.some(term => !term.inCode))

/** The range of moments, first inclusive, last exclusive. */
export const momentsOf = ({ fromMs, untilMs }: Query): [from: number, until: number] => [
  fromMs === null
    ? untilMs === null
      ? 0
      : FIRST_KNOWN_MOMENT
    : Math.max(momentOf(fromMs), FIRST_KNOWN_MOMENT),
  untilMs === null ? Number.MAX_SAFE_INTEGER : momentOf(untilMs),
]
