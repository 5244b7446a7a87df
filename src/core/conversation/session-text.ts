/** What the logs of agents have in common: a title out of the first prompt, and how much text a session holds. */
import type { ImportedMessage, Part } from '../model/conversation.ts'

const TITLE_CHARS = 80

/** The text of the first visible message of the user, or null. */
export function firstPrompt(messages: readonly ImportedMessage[]): string | null {
  for (const message of messages) {
    if (message.role !== 'user' || message.hidden) continue
    for (const part of message.parts) if (part.type === 'text' && part.text.trim() !== '') return part.text
  }
  return null
}

/** The first line of a prompt, cut to the length of a title; null of null. */
export function promptTitle(prompt: string | null): string | null {
  if (prompt === null) return null
  const line = prompt.trim().split('\n', 1)[0] ?? ''
  return line.length <= TITLE_CHARS ? line : `${line.slice(0, TITLE_CHARS - 1).toWellFormed()}…`
}

/** How many characters parts hold. */
export function charsOf(parts: readonly Part[]): number {
  let chars = 0
  for (const part of parts)
    for (const value of Object.values(part)) if (typeof value === 'string') chars += value.length
  return chars
}
