/** Where the turns of a transcript begin: the marks that exporters write, one style a file, never inside a fence. */
import type { Role } from '../model/conversation.ts'

export type StyleName =
  | 'aider'
  | 'specstory'
  | 'said'
  | 'headings'
  | 'bold-labels'
  | 'plain-labels'
  /** A shared page of Claude, in which nothing says who speaks. */
  | 'unmarked'

/** A line at which a turn begins. */
export interface Mark {
  readonly line: number
  readonly role: Role
  /** The word that stands for the speaker, as written. */
  readonly word: string
  /** What stands in brackets behind it, such as a time or a model; or the name of a tool. */
  readonly aside: string | null
  /** What is said on the line itself. */
  readonly rest: string
}

export interface Marks {
  readonly style: StyleName
  readonly marks: readonly Mark[]
}

const SPEAKERS: readonly (readonly [Role, readonly string[]])[] = [
  ['user', ['user', 'human', 'you', 'me', 'prompt']],
  [
    'assistant',
    [
      ...['assistant', 'ai', 'agent', 'model', 'bot', 'response'],
      ...[
        'chatgpt',
        'gpt',
        'gpt-3.5',
        'gpt-4',
        'gpt-4o',
        'gpt-5',
        'openai',
        'claude',
        'gemini',
        'bard',
        'grok',
      ],
      ...[
        'copilot',
        'github copilot',
        'microsoft copilot',
        'bing',
        'cursor',
        'deepseek',
        'perplexity',
        'le chat',
        'mistral',
      ],
    ],
  ],
  ['system', ['system']],
  ['tool', ['tool']],
]
const ROLE_OF: ReadonlyMap<string, Role> = new Map(
  SPEAKERS.flatMap(([role, words]) => words.map(word => [word, role] as const)),
)
/** Words that sections of ordinary documents are called by: they count with a colon only. */
const COMMON: ReadonlySet<string> = new Set([
  'me',
  'you',
  'prompt',
  'response',
  'agent',
  'model',
  'bot',
  'cursor',
  'ai',
])

const WORD = '([A-Za-z][A-Za-z0-9. -]{0,24}?)'
const ASIDE = '(?:\\s*\\(([^()]{1,120})\\))?'
const EMOJI = '(?:[\\p{Extended_Pictographic}\\u200d\\ufe0f]+\\s*)?'
const HEADING = new RegExp(
  `^(#{1,6})\\s+${EMOJI}(?:\\*\\*)?(?:From )?${WORD}${ASIDE}(:?)(?:\\*\\*)?(:?)$`,
  'u',
)
const TOOL_HEADING = /^(#{1,6})\s+Tool(?::| call:| result:)\s*(\S.{0,120})$/
const SAID = new RegExp(`^(?:(#{1,6})\\s+)?(?:\\*\\*)?${WORD} said:?(?:\\*\\*)?:?$`)
const SPECSTORY = new RegExp(`^_\\*\\*${WORD}${ASIDE}\\*\\*_$`)
const BOLD = new RegExp(`^\\*\\*${EMOJI}${WORD}${ASIDE}(?::\\*\\*|\\*\\*:)\\s*(.*)$`, 'u')
const BOLD_ALONE = new RegExp(`^\\*\\*${EMOJI}${WORD}\\*\\*$`, 'u')
const PLAIN = new RegExp(`^${WORD}:(?:\\s+(.*))?$`)
const AIDER = /^# aider chat started at /
const ANY_HEADING = /^#{1,6}\s/
/** A fence is looked for in the beginning of a line. */
const FENCE_CHARS = 200

type Found = Omit<Mark, 'line'> & { readonly level: number }

const found = (word: string, level: number, aside: string | undefined, rest = ''): Found | null => {
  const role = ROLE_OF.get(word.toLowerCase())
  return role === undefined ? null : { role, word, level, aside: aside ?? null, rest }
}

function heading(line: string): Found | null {
  const tool = TOOL_HEADING.exec(line)
  if (tool)
    return { role: 'tool', word: 'Tool', level: tool[1]?.length ?? 0, aside: tool[2] as string, rest: '' }
  const match = HEADING.exec(line)
  if (match === null) return null
  const [, marks = '', word = '', aside, colon, last] = match
  const hasColon = colon === ':' || last === ':'
  return COMMON.has(word.toLowerCase()) && !hasColon ? null : found(word, marks.length, aside)
}

function said(line: string): Found | null {
  const match = SAID.exec(line)
  return match === null ? null : found(match[2] ?? '', match[1]?.length ?? 0, undefined)
}

function specStory(line: string): Found | null {
  const match = SPECSTORY.exec(line)
  return match === null ? null : found(match[1] ?? '', 0, match[2])
}

function bold(line: string): Found | null {
  const alone = BOLD_ALONE.exec(line)
  if (alone) return found((alone[1] ?? '').replace(/:$/, ''), 0, undefined)
  const match = BOLD.exec(line)
  return match === null ? null : found(match[1] ?? '', 0, match[2], match[3])
}

function plain(line: string): Found | null {
  const match = PLAIN.exec(line)
  return match === null ? null : found(match[1] ?? '', 0, undefined, match[2])
}

interface Style {
  readonly name: StyleName
  readonly find: (line: string) => Found | null
  /** Whether ordinary documents have such lines too: then the first mark must stand near the top. */
  readonly isCommon: boolean
}

const STYLES: readonly Style[] = [
  { name: 'specstory', find: specStory, isCommon: false },
  { name: 'said', find: said, isCommon: false },
  { name: 'headings', find: heading, isCommon: true },
  { name: 'bold-labels', find: bold, isCommon: true },
  { name: 'plain-labels', find: plain, isCommon: true },
]

/** Lines before the first mark that an exporter writes at most, blank ones not counted. */
const PREAMBLE_LINES = 12

/** The marks of a transcript in the first style of which it has enough, or null when it is none: somebody asks, somebody
 *  answers, and nothing but a title and a few lines stands before. */
export function marksOf(lines: readonly string[]): Marks | null {
  const fenced = fencedLines(lines)
  if (lines.some((line, i) => AIDER.test(line) && fenced[i] === 0)) return { style: 'aider', marks: [] }
  for (const style of STYLES) {
    const marks = marksIn(lines, fenced, style)
    const first = marks[0]
    if (first === undefined) continue
    if (!marks.some(mark => mark.role === 'user') || !marks.some(mark => mark.role === 'assistant')) continue
    if (style.isCommon && !isTranscript(lines, first, style)) continue
    return { style: style.name, marks }
  }
  return isClaudePage(lines) ? { style: 'unmarked', marks: [] } : null
}

/** A role keeps the word and the level of its first mark: headings inside answers look the same. */
function marksIn(lines: readonly string[], fenced: Uint8Array, style: Style): Mark[] {
  const marks: Mark[] = []
  const first = new Map<Role, { level: number; word: string }>()
  for (const [at, line] of lines.entries()) {
    if (fenced[at] !== 0) continue
    const mark = style.find(line.trimEnd())
    if (mark === null) continue
    const { level, ...rest } = mark
    const known = first.get(mark.role)
    if (known === undefined) first.set(mark.role, { level, word: mark.word })
    else if (known.level !== level || (style.isCommon && known.word !== mark.word)) continue
    marks.push({ line: at, ...rest })
  }
  return marks
}

/** Whether a file with marks that ordinary documents have too begins as a transcript does: with the first of them near the top. */
function isTranscript(lines: readonly string[], first: Mark, style: Style): boolean {
  // A page about a product has its name as a heading; an exporter that begins with an answer writes a colon.
  if (style.name === 'headings' && first.role === 'assistant' && !/:\**$/.test(lines[first.line] as string))
    return false
  const start = contentStart(lines)
  const before = lines.slice(start, first.line).filter(line => line.trim() !== '' && !line.startsWith('<!--'))
  if (style.name === 'plain-labels') return before.every(line => ANY_HEADING.test(line)) && before.length <= 1
  return before.length <= PREAMBLE_LINES && before.filter(line => ANY_HEADING.test(line)).length <= 1
}

/** The line after the front matter. */
export function contentStart(lines: readonly string[]): number {
  if (lines[0]?.trimEnd() !== '---') return 0
  const end = lines.slice(0, 200).findIndex((line, i) => i > 0 && line.trimEnd() === '---')
  return end < 0 ? 0 : end + 1
}

const FENCE = /^\s*(`{3,}|~{3,})(.*)$/

/** 1 for each line that lies in a fence or is the edge of one. A fence that never closes is none: an answer was cut off
 *  in it, and the turns after it are turns. */
export function fencedLines(lines: readonly string[]): Uint8Array {
  const fenced = new Uint8Array(lines.length)
  /** For each kind of fence the line after which it was looked for in vain. */
  const never = new Map<string, number>()
  for (let i = 0; i < lines.length; i++) {
    const open = FENCE.exec((lines[i] as string).slice(0, FENCE_CHARS))
    if (open === null) continue
    const [, marks = '', info = ''] = open
    if (marks.startsWith('`') && info.includes('`')) continue
    const isHopeless = [...never].some(
      ([kind, from]) => kind[0] === marks[0] && kind.length <= marks.length && i >= from,
    )
    const end = isHopeless ? -1 : closeOf(lines, i + 1, marks)
    if (end < 0) {
      if (!isHopeless) never.set(marks, i)
      continue
    }
    fenced.fill(1, i, end + 1)
    i = end
  }
  return fenced
}

function closeOf(lines: readonly string[], from: number, marks: string): number {
  for (let i = from; i < lines.length; i++) {
    const close = FENCE.exec((lines[i] as string).slice(0, FENCE_CHARS))
    if (close === null) continue
    const [, found = '', rest = ''] = close
    if (found[0] === marks[0] && found.length >= marks.length && rest.trim() === '') return i
  }
  return -1
}

const CLAUDE_SHARE = /https:\/\/claude\.ai\/share\/[0-9a-f]{8}-[0-9a-f-]{27}/
/** Lines that may say where a page comes from. */
const SOURCE_LINES = 30

/** A page that says itself that it is one of Claude's shared chats, by its address in a line of its own or by its notice. */
const isClaudePage = (lines: readonly string[]): boolean =>
  lines.slice(0, SOURCE_LINES).some(
    line =>
      line.startsWith('This is a copy of a chat between Claude and ') ||
      // “URL Source: …”, “source: …”, “> From: …”, or the address alone.
      (/^(?:>\s*)?(?:(?:url source|source|url|link|from)\s*:\s*)?["'<[]?https:\/\/claude\.ai\/share\//i.test(
        line,
      ) &&
        CLAUDE_SHARE.test(line)),
  )
