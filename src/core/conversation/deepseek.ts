/** DeepSeek: the data export (a tree under `mapping`, messages of fragments or, before, of `content`), and what its web
 *  API answers with (`chat_session` beside `chat_messages`), as browser extensions save it. */
import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
import {
  arrayOf,
  countOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  textOf,
  timeOf,
} from './json-values.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'deepseek'

export const deepseek: ConversationFormat = {
  name: 'deepseek',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapRecord),
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  const session = sessionOf(value)
  if (session !== null) {
    const first = objectOf(session.messages[0])
    return 'message_id' in first || 'parent_id' in first ? 1 : isObject(session.head) ? 0.8 : 0
  }
  if (!isObject(value.mapping)) return 0
  if ('inserted_at' in value) return 1
  for (const node of Object.values(value.mapping))
    if (Array.isArray(objectOf(objectOf(node).message).fragments)) return 1
  return 0
}

/** The answer of the API, whole or without its envelope. */
function sessionOf(value: JsonObject): { head: unknown; messages: readonly unknown[] } | null {
  for (const each of [objectOf(objectOf(value.data).biz_data), objectOf(value.data), value])
    if (Array.isArray(each.chat_messages) && ('chat_session' in each || each !== value))
      return { head: each.chat_session, messages: each.chat_messages }
  return null
}

function mapRecord(value: unknown): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  const session = sessionOf(value)
  const nodes: TreeNode[] = []
  if (session !== null) {
    for (const [place, entry] of session.messages.entries()) {
      if (!isObject(entry)) continue
      const id = idOf(entry.message_id) ?? idOf(entry.id) ?? String(place + 1)
      nodes.push(nodeOf(id, idOf(entry.parent_id) ?? idOf(entry.parent_message_id), entry))
    }
    const head = objectOf(session.head)
    return conversationOf(head, nodes, idOf(head.current_message_id))
  }
  if (!isObject(value.mapping)) return { reason: 'it has no mapping' }
  for (const [key, entry] of Object.entries(value.mapping)) {
    if (!isObject(entry)) continue
    const parent = idOf(entry.parent)
    nodes.push(nodeOf(key.toWellFormed(), parent, entry.message))
  }
  // The order of keys means nothing; times only mend parents that are not there.
  nodes.sort((a, b) => (a.message?.createdAtMs ?? 0) - (b.message?.createdAtMs ?? 0))
  return conversationOf(value, nodes, null)
}

function conversationOf(value: JsonObject, nodes: readonly TreeNode[], leaf: string | null): Mapped {
  const messages = orderTree(nodes, { leaf, missing: 'siblings' })
  const first = messages[0]
  if (first === undefined) return 'empty'
  const createdAtMs = timeOf(value.inserted_at)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId:
      idOf(value.id) ??
      sourceIdOf(PROVIDER, first.id, first.role, jsonText(first.parts), createdAtMs ?? first.createdAtMs),
    title: nameOf(value.title),
    model: messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs,
    updatedAtMs: timeOf(value.updated_at),
    messages,
    meta: value.pinned === true ? { starred: 'true' } : {},
  }
  return conversation
}

function nodeOf(id: string, parent: string | null, value: unknown): TreeNode {
  if (!isObject(value)) return { id, parent, message: null }
  const fragments = arrayOf(value.fragments)
  const role = roleOf(value, fragments)
  const known = new Set<string>()
  const parts = fragments.length > 0 ? fragmentParts(fragments, role, known) : plainParts(value, role)
  parts.push(...fileParts(value.files, known))
  if (parts.length === 0) return { id, parent, message: null }
  const message: ImportedMessage = {
    id,
    parent: null,
    role,
    author: null,
    createdAtMs: timeOf(value.inserted_at),
    branch: 'main',
    hidden: role === 'system',
    model: role === 'assistant' ? nameOf(value.model) : null,
    parts,
  }
  return { id, parent, message }
}

/** Who asks says so by a request; older messages name their role, or show it by what they have. */
function roleOf(value: JsonObject, fragments: readonly unknown[]): Role {
  const named = (textOf(value.role) ?? textOf(value.message_role) ?? '').toLowerCase()
  if (named === 'user' || named === 'assistant' || named === 'system') return named
  if (fragments.some(each => objectOf(each).type === 'REQUEST')) return 'user'
  if (fragments.length > 0)
    return fragments.every(each => objectOf(each).type === 'FILE') ? 'user' : 'assistant'
  return arrayOf(value.files).length > 0 && textOf(value.reasoning_content) === null ? 'user' : 'assistant'
}

const textPart = (text: string, role: Role): Part => ({
  type: 'text',
  text,
  format: role === 'user' ? 'plain' : 'md',
})
const thinking = (text: string): Part => ({ type: 'thinking', text, summary: null, opaque: false })

function fragmentParts(fragments: readonly unknown[], role: Role, known: Set<string>): Part[] {
  const parts: Part[] = []
  for (const each of fragments) {
    const fragment = objectOf(each)
    const content = textOf(fragment.content)
    switch (fragment.type) {
      case 'REQUEST':
      case 'RESPONSE':
        if (content) parts.push(textPart(content, role))
        break
      case 'THINK':
        if (content) parts.push(thinking(content))
        break
      case 'SEARCH':
      case 'TOOL_SEARCH':
        parts.push(...resultParts(fragment.results))
        break
      case 'FILE':
        parts.push(...fileParts(fragment.files, known))
        break
      default:
        parts.push({ type: 'unknown', raw: jsonText(each) })
    }
    if (fragment.type === 'REQUEST') parts.push(...fileParts(fragment.files, known))
  }
  return parts
}

function plainParts(value: JsonObject, role: Role): Part[] {
  const parts: Part[] = [...resultParts(value.search_results)]
  const thought = nameOf(value.reasoning_content) ?? nameOf(value.thinking_content)
  if (thought !== null) parts.push(thinking(thought))
  if (typeof value.content === 'string') {
    if (value.content !== '') parts.push(textPart(value.content.toWellFormed(), role))
  } else if (value.content !== undefined && value.content !== null) {
    parts.push({ type: 'unknown', raw: jsonText(value.content) })
  }
  return parts
}

/** Pages that a search found; `[citation:1]` in the text is the first of them. */
function resultParts(value: unknown): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const result = objectOf(each)
    const url = nameOf(result.url)
    if (url === null) continue
    const snippet = nameOf(result.snippet)
    parts.push({ type: 'citation', url, title: nameOf(result.title), start: null, end: null, snippet })
  }
  return parts
}

/** Files are named, their bytes are not in the export; a name that the message had before is the same file. */
function fileParts(value: unknown, known: Set<string>): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const file = objectOf(each)
    const name = nameOf(file.file_name) ?? nameOf(file.name) ?? idOf(file.id) ?? idOf(file.file_id)
    if (name === null || known.has(name)) continue
    known.add(name)
    parts.push({
      type: 'attachment',
      name,
      mime: nameOf(file.mime_type),
      size: countOf(file.file_size) ?? countOf(file.size),
      text: nameOf(file.content),
      asset: null,
      missing: nameOf(file.content) === null,
    })
  }
  return parts
}
