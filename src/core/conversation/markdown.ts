/** Transcripts in Markdown: what exporters and people save of a conversation, cut at its role marks. Who wrote it down left
 *  things out: such a conversation is marked as lossy. */
import type { ImportedConversation } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
import type { ConversationFormat, Emitted } from './format.ts'
import { timeOf } from './json-values.ts'
import { aiderChats } from './markdown-aider.ts'
import { contentStart, type Mark, type Marks } from './markdown-marks.ts'
import type { RawRecord } from './record.ts'
import { TextDocument } from './text-document.ts'
import { type Turn, TurnList } from './turns.ts'

export const MARKDOWN = 'markdown'

export const markdown: ConversationFormat = {
  name: 'markdown',
  provider: MARKDOWN,

  detect: sample => (sample.some(value => value instanceof TextDocument && value.marks !== null) ? 0.5 : 0),

  read,
}

async function* read(records: AsyncIterable<RawRecord>): AsyncGenerator<Emitted> {
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad') {
      yield { kind: 'skipped', where, reason: record.reason }
      continue
    }
    const document = record.value instanceof TextDocument ? record.value : null
    const marks = document?.marks ?? null
    if (document === null || marks === null) yield { kind: 'skipped', where, reason: 'it has no role marks' }
    else if (marks.style === 'aider') yield* aiderChats(document.lines)
    else yield conversationOf(document.lines, marks, where)
  }
}

function conversationOf(lines: readonly string[], { style, marks }: Marks, where: string): Emitted {
  const front = frontMatter(lines)
  const start = contentStart(lines)
  const firstLine = marks[0]?.line ?? lines.length
  const titleLine = lines.findIndex((line, i) => i >= start && i < firstLine && /^#{1,6}\s+\S/.test(line))
  const title = front.get('title') ?? (titleLine < 0 ? null : headingText(lines[titleLine] as string))
  const list = new TurnList(MARKDOWN)
  let last: string | null = null
  if (style === 'unmarked')
    last = list.add(turn('user', 'a page without role marks', bodyOf(lines.slice(start))), null)
  else {
    const before = lines.slice(start, firstLine).filter((_, i) => i + start !== titleLine)
    last = list.add({ ...turn('system', null, preambleOf(before)), hidden: true }, null)
    for (const [i, mark] of marks.entries())
      last = list.add(turnOf(mark, lines.slice(mark.line + 1, marks[i + 1]?.line ?? lines.length)), last)
  }
  const messages = list.messages(last)
  if (!messages.some(message => !message.hidden)) return { kind: 'empty', where }
  const source = sourceOf(front, lines.slice(0, firstLine))
  const createdAtMs = timeOfText(front.get('date') ?? front.get('created') ?? front.get('create_time') ?? '')
  const conversation: ImportedConversation = {
    provider: MARKDOWN,
    sourceId: source === null ? list.sourceId(title ?? '') : sourceIdOf(MARKDOWN, source, '', '', null),
    title,
    model: front.get('model') ?? null,
    createdAtMs,
    updatedAtMs: timeOfText(front.get('updated') ?? front.get('update_time') ?? ''),
    messages,
    meta: { lossy: 'true', style, ...(source === null ? {} : { source: source.slice(0, 200) }) },
  }
  return {
    kind: 'conversation',
    conversation,
    where,
    ...(style === 'unmarked' ? { note: 'it does not say who speaks: taken as one text' } : {}),
  }
}

/** A turn of Markdown text; nothing where there is none. */
export const turn = (role: Turn['role'], author: string | null, text: string): Turn => ({
  role,
  author,
  createdAtMs: null,
  hidden: role === 'system',
  model: null,
  parts: text === '' ? [] : [{ type: 'text', text, format: 'md' }],
})

/** The line of facts under a heading, as VIVIM's own export writes it. */
const FACTS = /^\*(?:[^*]{1,200}, )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ)\*$/
const GENERIC: ReadonlySet<string> = new Set([
  'user',
  'assistant',
  'system',
  'tool',
  'you',
  'human',
  'me',
  'ai',
])

function turnOf(mark: Mark, following: readonly string[]): Turn {
  const lines = [mark.rest, ...following]
  const factsLine = lines.findIndex(line => line.trim() !== '')
  const facts = FACTS.exec(lines[factsLine] ?? '')
  const text = bodyOf(facts === null ? lines : lines.slice(factsLine + 1))
  const word = mark.role === 'tool' ? mark.aside : GENERIC.has(mark.word.toLowerCase()) ? null : mark.word
  const made = turn(mark.role, word, mark.role === 'tool' ? '' : text)
  if (mark.role === 'tool' && text !== '')
    made.parts.push({ type: 'toolResult', callId: null, output: text, isError: false })
  return { ...made, createdAtMs: timeOfText(facts?.[1] ?? mark.aside ?? '') }
}

/** Text without blank lines around it and without the rule that some exporters draw between turns. */
export function bodyOf(lines: readonly string[]): string {
  let to = lines.length
  let from = 0
  const isBlank = (line: string | undefined): boolean => (line ?? '').trim() === ''
  while (to > from && isBlank(lines[to - 1])) to--
  if (lines[to - 1]?.trimEnd() === '---') to--
  while (to > from && isBlank(lines[to - 1])) to--
  while (from < to && isBlank(lines[from])) from++
  return lines.slice(from, to).join('\n')
}

const preambleOf = (lines: readonly string[]): string =>
  bodyOf(lines.filter(line => !/^<!--.*-->\s*$/.test(line)))

const headingText = (line: string): string => line.replace(/^#+\s+/, '').trim()

/** `key: value` lines; anything deeper is passed over. */
function frontMatter(lines: readonly string[]): Map<string, string> {
  const facts = new Map<string, string>()
  for (const line of lines.slice(0, contentStart(lines))) {
    const match = /^([A-Za-z_]{1,40}):\s+(\S.*)$/.exec(line.slice(0, 2000))
    if (match)
      facts.set(
        (match[1] as string).toLowerCase(),
        (match[2] as string).trim().replace(/^(["'])(.*)\1$/, '$2'),
      )
  }
  return facts
}

/** An address that names one conversation. */
const CONVERSATION_URL = /https:\/\/[\w.-]{1,100}\/(?:[\w/.-]{1,100}\/)?(?:c|chat|share|search)\/[\w-]{8,100}/

function sourceOf(front: ReadonlyMap<string, string>, before: readonly string[]): string | null {
  const named = front.get('source') ?? front.get('url') ?? front.get('link')
  const line =
    named ?? before.find(each => /^(?:>\s*)?(?:url source|source|url|link|from)\s*:/i.test(each)) ?? ''
  return CONVERSATION_URL.exec(line.slice(0, 2000))?.[0] ?? null
}

/** A time as the text has it; of a day its beginning (UTC). */
function timeOfText(text: string): number | null {
  const trimmed = text.trim()
  return timeOf(/^\d{4}-\d\d-\d\d$/.test(trimmed) ? `${trimmed}T00:00:00Z` : trimmed)
}
