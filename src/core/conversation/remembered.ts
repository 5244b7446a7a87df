/** Memories that an assistant had written down about its user, as exports carry them: ChatGPT's as hidden context messages with one
 *  numbered, dated statement a line, Claude.ai's as a file `memories.json` with a Markdown text of all conversations and one a project. */
import { VivimError } from '../kernel/errors.ts'
import type { Part } from '../model/conversation.ts'
import { isObject } from './json-values.ts'

export interface Remembered {
  text: string
  /** null: from no conversation. */
  messageId: string | null
  kind: 'factual' | 'project'
}

/** A statement is short: what is longer is not one. */
const MAX_LENGTH = 2_000
/** Of one conversation or file. */
const MAX_STATEMENTS = 1_000
/** `1. [2025-05-01]. Likes tea.` */
const STATEMENT = /^\s*\d{1,4}\.\s*\[\d{4}-\d{2}-\d{2}\]\.?\s*(\S.*)$/s

/** Each statement once, in order. */
export function rememberedIn(
  messages: readonly { id: string; hidden: boolean; role: string; parts: readonly Part[] }[],
): Remembered[] {
  const found = new Map<string, Remembered>()
  for (const { id, hidden, role, parts } of messages) {
    if (!hidden || role !== 'system') continue
    for (const part of parts) {
      if (part.type !== 'text') continue
      for (const line of part.text.split('\n')) {
        const text = STATEMENT.exec(line.slice(0, MAX_LENGTH + 50))?.[1]
          ?.toWellFormed()
          .trim()
        if (text === undefined || text.length > MAX_LENGTH) continue
        if (found.size >= MAX_STATEMENTS) return [...found.values()]
        if (!found.has(text)) found.set(text, { text, messageId: id, kind: 'factual' })
      }
    }
  }
  return [...found.values()]
}

/** Each paragraph and each item of a list in Claude.ai's `memories.json`; headings are left out. @param json - the whole file
 *  @throws `import/unreadable` for what is no such file. */
export function rememberedInExport(json: string): Remembered[] {
  const found = new Map<string, Remembered>()
  const take = (value: unknown, kind: Remembered['kind']): void => {
    if (typeof value !== 'string') return
    for (const text of statements(value))
      if (found.size < MAX_STATEMENTS && !found.has(text)) found.set(text, { text, messageId: null, kind })
  }
  const accounts = [parsed(json)].flat().filter(isObject)
  if (!accounts.some(account => 'conversations_memory' in account))
    throw new VivimError('import/unreadable', 'this is no memories.json of a Claude.ai export')
  for (const account of accounts) {
    take(account.conversations_memory, 'factual')
    const projects = account.project_memories
    if (isObject(projects)) for (const memory of Object.values(projects)) take(memory, 'project')
  }
  return [...found.values()]
}

function statements(markdown: string): string[] {
  return markdown
    .toWellFormed()
    .split(/\r?\n(?:\s*\n|(?=\s*[-*•]\s))/)
    .map(piece => piece.replace(/^\s*[-*•]\s+/, '').trim())
    .filter(
      piece =>
        piece !== '' && piece.length <= MAX_LENGTH && !/^(?:#{1,6}\s.*|\*\*[^*\n]*\*\*:?)$/.test(piece),
    )
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json.replace(/^\ufeff/, ''))
  } catch {
    throw new VivimError('import/unreadable', 'that is not JSON')
  }
}
