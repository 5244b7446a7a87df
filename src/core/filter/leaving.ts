/** Every string that would leave with a copy, one after the other, and the way to put another in its place. */

import { type JsonToken, jsonTokens, replaceTokens } from './json-text.ts'
import type { CopiedMessage } from './scope.ts'

/** What is about to leave; its strings are changed in place by redaction. */
export interface Copy {
  title: string | null
  note: string | null
  messages: CopiedMessage[]
}

/** One string as a person would read it. `before` is context that rules see and nothing replaces: the key of a JSON value. */
export interface Leaf {
  /** 0 for title and note. */
  messageIndex: number
  /** `title`, `note`, or the kind of part and its field: `toolCall.input`; `attachment.file` for what stands in a file. */
  where: string
  before: string
  text: string
  /** Put another text in its place. Changes inside JSON text show after `Leaving.commit`. */
  put(text: string): void
}

export interface Leaving {
  leaves: Leaf[]
  commit(): void
}

/** Fields whose text is JSON: its decoded strings and its numbers are leaves, not the text. */
const JSON_FIELDS: Readonly<Record<string, string>> = { toolCall: 'input', unknown: 'raw' }
/** Results and files are free text; where one is a JSON document it is read as such. */
const MAYBE_JSON: Readonly<Record<string, string>> = { toolResult: 'output', attachment: 'text' }
/** Every string and number of a JSON document costs an object here; a longer one is read as the text that it is. */
const MAX_JSON_LENGTH = 4 * 1024 * 1024
/** Names of our own, not of the user's. */
const FIXED_FIELDS: ReadonlySet<string> = new Set(['type', 'format', 'asset'])

/** All strings of a copy: title, note, then part by part in order, whatever the field. */
export function leavingOf(copy: Copy): Leaving {
  const leaves: Leaf[] = []
  const commits: (() => void)[] = []
  plainLeaf(leaves, 0, 'title', copy.title ?? '', text => {
    copy.title = text
  })
  plainLeaf(leaves, 0, 'note', copy.note ?? '', text => {
    copy.note = text
  })
  for (const { index, parts } of copy.messages)
    for (const part of parts) {
      const fields: Record<string, unknown> = part
      for (const [field, value] of Object.entries(part)) {
        if (typeof value !== 'string' || FIXED_FIELDS.has(field)) continue
        const put = (text: string): void => {
          fields[field] = text
        }
        const where = field === part.type ? field : `${part.type}.${field}`
        if (field === JSON_FIELDS[part.type]) commits.push(jsonLeaves(leaves, index, where, value, put))
        else if (field === MAYBE_JSON[part.type]) commits.push(textLeaves(leaves, index, where, value, put))
        else plainLeaf(leaves, index, where, value, put)
      }
    }
  return {
    leaves,
    commit: () => {
      for (const commit of commits) commit()
    },
  }
}

function plainLeaf(
  leaves: Leaf[],
  messageIndex: number,
  where: string,
  text: string,
  put: (text: string) => void,
): void {
  if (text.length > 0) leaves.push({ messageIndex, where, before: '', text, put })
}

/** A text that may be a JSON document. @returns what writes changes inside JSON back. */
export const textLeaves = (
  leaves: Leaf[],
  messageIndex: number,
  where: string,
  text: string,
  put: (text: string) => void,
): (() => void) => {
  if (text.length <= MAX_JSON_LENGTH && /^\s*[[{]/.test(text))
    return jsonLeaves(leaves, messageIndex, where, text, put)
  plainLeaf(leaves, messageIndex, where, text, put)
  return () => {}
}

/** @returns what writes the changed tokens back into the field; text that is no JSON is a leaf as it stands. */
function jsonLeaves(
  leaves: Leaf[],
  messageIndex: number,
  where: string,
  json: string,
  put: (text: string) => void,
): () => void {
  const tokens = jsonTokens(json)
  if (tokens === null) {
    plainLeaf(leaves, messageIndex, where, json, put)
    return () => {}
  }
  const changes = new Map<JsonToken, string>()
  for (const token of tokens)
    leaves.push({
      messageIndex,
      where,
      before: token.key === null ? '' : `${token.key}=`,
      text: token.value,
      put: text => {
        changes.set(token, text)
      },
    })
  return () => {
    if (changes.size > 0) put(replaceTokens(json, changes))
  }
}
