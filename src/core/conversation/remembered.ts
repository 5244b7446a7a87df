/** Memories that an assistant had written down about its user, as ChatGPT's exports carry them: hidden context messages with one
 *  numbered, dated statement a line. */
import type { Part } from '../model/conversation.ts'

export interface Remembered {
  text: string
  messageId: string
}

/** A statement is short: what is longer is not one. */
const MAX_LENGTH = 2_000
/** Of one conversation. */
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
        if (!found.has(text)) found.set(text, { text, messageId: id })
      }
    }
  }
  return [...found.values()]
}
