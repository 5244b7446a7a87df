/** The history of aider: several chats in one file, prompts as headings of the fourth level, notes as quotations. */
import type { ImportedConversation } from '../model/conversation.ts'
import type { Emitted } from './format.ts'
import { timeOf } from './json-values.ts'
import { bodyOf, MARKDOWN, turn } from './markdown.ts'
import { fencedLines } from './markdown-marks.ts'
import { TurnList } from './turns.ts'

const STARTED = /^# aider chat started at (.{0,40})$/
const PROMPT = /^####(?: (.*))?$/
const NOTE = /^>(?: (.*))?$/

/** Every chat of the file; what stands before the first start is a chat of its own where there is any. */
export function* aiderChats(lines: readonly string[]): Generator<Emitted> {
  const fenced = fencedLines(lines)
  const starts = lines.flatMap((line, i) => (fenced[i] === 0 && STARTED.test(line) ? [i] : []))
  if (bodyOf(lines.slice(0, starts[0])) !== '') yield chatOf(lines, fenced, 0, starts[0] as number, null)
  for (const [i, start] of starts.entries()) {
    const started = STARTED.exec(lines[start] as string)?.[1]?.trim() ?? ''
    yield chatOf(lines, fenced, start + 1, starts[i + 1] ?? lines.length, started)
  }
}

type Kind = 'user' | 'assistant' | 'tool'

function chatOf(
  lines: readonly string[],
  fenced: Uint8Array,
  from: number,
  to: number,
  started: string | null,
): Emitted {
  const where = `line ${from + 1}`
  const list = new TurnList(MARKDOWN)
  let last: string | null = null
  let kind: Kind | null = null
  let held: string[] = []
  const flush = (): void => {
    const text = bodyOf(held)
    held = []
    if (kind === null || text === '') return
    const made = turn(kind, null, kind === 'tool' ? '' : text)
    if (kind === 'tool') made.parts.push({ type: 'toolResult', callId: null, output: text, isError: false })
    last = list.add(made, last)
  }
  for (let i = from; i < to; i++) {
    const line = (lines[i] as string).trimEnd()
    const prompt = fenced[i] === 0 ? PROMPT.exec(line) : null
    const note = fenced[i] === 0 && prompt === null ? NOTE.exec(line) : null
    const next: Kind = prompt ? 'user' : note ? 'tool' : 'assistant'
    // Blank lines belong to what they stand in.
    if (line === '') held.push('')
    else {
      if (next !== kind) flush()
      kind = next
      held.push((prompt ?? note)?.[1] ?? (prompt || note ? '' : (lines[i] as string)))
    }
  }
  flush()
  const messages = list.messages(last)
  if (!messages.some(message => message.role !== 'tool')) return { kind: 'empty', where }
  const conversation: ImportedConversation = {
    provider: MARKDOWN,
    sourceId: list.sourceId(started ?? ''),
    title: null,
    model: null,
    createdAtMs: timeOf(started),
    updatedAtMs: null,
    messages,
    meta: { lossy: 'true', style: 'aider' },
  }
  return { kind: 'conversation', conversation, where }
}
