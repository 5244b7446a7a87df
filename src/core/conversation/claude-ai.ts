/** The Claude.ai data export: conversations with `chat_messages`, a tree where parents are named, else a list. */

import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import { metaOf } from './facts.ts'
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

const PROVIDER = 'claude.ai'

/** The parent of a first message. */
const NO_PARENT = '00000000-0000-4000-8000-000000000000'

export const claudeAi: ConversationFormat = {
  name: 'claude-ai',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapConversation),
}

function likeness(value: unknown): number {
  if (!isObject(value) || !Array.isArray(value.chat_messages)) return 0
  for (const message of value.chat_messages) {
    const sender = objectOf(message).sender
    if (sender === 'human' || sender === 'assistant') return 1
  }
  return 'uuid' in value || 'created_at' in value || 'name' in value ? 0.5 : 0
}

function mapConversation(value: unknown, assets: AssetCollector, lost: (reason: string) => void): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  const given = value.chat_messages
  if (!Array.isArray(given)) return { reason: 'it has no chat_messages' }
  const nodes: TreeNode[] = []
  const told = new Map<string, string>()
  let before: string | null = null
  for (const [place, entry] of given.entries()) {
    if (!isObject(entry)) continue
    const message = mapMessage(entry, place, assets)
    const parts = jsonText(message.parts)
    if ((told.get(message.id) ?? parts) !== parts)
      lost(`message ${place + 1} has the uuid of another one and other content; the first was kept`)
    else told.set(message.id, parts)
    const named = entry.parent_message_uuid
    const parent = named === NO_PARENT ? null : (idOf(named) ?? before)
    nodes.push({ id: message.id, parent, message: message.parts.length === 0 ? null : message })
    before = message.id
  }
  const leaf = idOf(value.current_leaf_message_uuid)
  const messages = orderTree(nodes, { leaf, missing: 'siblings' })
  const first = messages[0]
  if (first === undefined) return 'empty'
  const createdAtMs = timeOf(value.created_at)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId: idOf(value.uuid) ?? sourceIdOf(PROVIDER, first.id, first.role, '', createdAtMs),
    title: nameOf(value.name),
    model: nameOf(value.model),
    createdAtMs,
    updatedAtMs: timeOf(value.updated_at),
    messages,
    meta: metaOf(factsOf(value)),
  }
  return conversation
}

const factsOf = (value: JsonObject): Record<string, string | null> => ({
  projectId: idOf(value.project_uuid) ?? idOf(objectOf(value.project).uuid),
  starred: value.is_starred === true ? 'true' : null,
})

function roleOf(sender: string): Role {
  if (sender === 'human' || sender === 'user') return 'user'
  return sender === 'assistant' ? 'assistant' : 'system'
}

function mapMessage(entry: JsonObject, place: number, assets: AssetCollector): ImportedMessage {
  const sender = textOf(entry.sender) ?? 'unknown'
  const role = roleOf(sender)
  const createdAtMs = timeOf(entry.created_at)
  const whole = textOf(entry.text) ?? ''
  const parts = contentParts(arrayOf(entry.content), role)
  // The whole text repeats the text blocks: it counts only where there are none.
  const isTold = parts.some(part => part.type === 'text')
  if (whole.trim() !== '' && (parts.length === 0 || (!isTold && !isPlaceholder(whole))))
    parts.push(textPart(whole, role))
  parts.push(...fileParts(entry, assets))
  return {
    id: idOf(entry.uuid) ?? sourceIdOf(PROVIDER, String(place), role, whole, createdAtMs),
    parent: null,
    role,
    author: role === 'system' ? sender : null,
    createdAtMs,
    branch: 'main',
    hidden: role === 'system',
    model: nameOf(entry.model),
    parts,
  }
}

/** The export writes a fenced note into `text` for every block that it does not show as text. */
const isPlaceholder = (text: string): boolean =>
  text.includes('This block is not supported on your current device')

const textPart = (text: string, role: Role): Part => ({
  type: 'text',
  text,
  format: role === 'user' ? 'plain' : 'md',
})

function contentParts(blocks: readonly unknown[], role: Role): Part[] {
  const parts: Part[] = []
  /** Calls without an id that wait for their result: older exports give neither side one. */
  const waiting: string[] = []
  let nameless = 0
  for (const block of blocks) {
    if (!isObject(block)) {
      if (typeof block === 'string' && block !== '') parts.push(textPart(block.toWellFormed(), role))
      else if (block !== null && block !== '') parts.push({ type: 'unknown', raw: jsonText(block) })
      continue
    }
    switch (block.type) {
      case 'text': {
        const text = textOf(block.text) ?? ''
        if (text !== '') parts.push(textPart(text, role))
        parts.push(...citations(block.citations, text))
        break
      }
      case 'thinking':
        parts.push(thinking(block))
        break
      case 'redacted_thinking':
        parts.push({ type: 'thinking', text: '', summary: null, opaque: true })
        break
      case 'tool_use': {
        let callId = idOf(block.id)
        if (callId === null) {
          callId = `call-${++nameless}`
          waiting.push(callId)
        }
        const name = nameOf(block.name) ?? 'unknown'
        parts.push({ type: 'toolCall', callId, name, input: jsonText(block.input ?? {}) })
        parts.push(...artifact(name, objectOf(block.input)))
        break
      }
      case 'tool_result': {
        const callId = idOf(block.tool_use_id) ?? waiting.shift() ?? null
        parts.push({
          type: 'toolResult',
          callId,
          output: resultText(block.content),
          isError: block.is_error === true,
        })
        parts.push(...resultSources(block.content))
        break
      }
      case 'voice_note': {
        const text = nameOf(block.text) ?? nameOf(block.transcript)
        parts.push(text === null ? { type: 'unknown', raw: jsonText(block) } : textPart(text, role))
        break
      }
      default:
        parts.push({ type: 'unknown', raw: jsonText(block) })
    }
  }
  return parts
}

function thinking(block: JsonObject): Part {
  const text = textOf(block.thinking) ?? ''
  const summaries = arrayOf(block.summaries).map(each => textOf(objectOf(each).summary) ?? '')
  const summary = summaries.filter(each => each !== '').join('\n') || null
  return { type: 'thinking', text, summary, opaque: text === '' && nameOf(block.signature) !== null }
}

/** Citations of a text block. Whether offsets count characters or UTF-16 units is not known: one that cannot lie in
 *  the text is not kept. */
function citations(value: unknown, text: string): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const mark = objectOf(each)
    const details = objectOf(mark.details)
    const url = nameOf(details.url) ?? nameOf(mark.url)
    if (url === null) continue
    const start = countOf(mark.start_index)
    const end = countOf(mark.end_index)
    const fits = start !== null && end !== null && start <= end && end <= text.length
    parts.push({
      type: 'citation',
      url,
      title: nameOf(mark.title) ?? nameOf(details.title),
      start: fits ? start : null,
      end: fits ? end : null,
      snippet: null,
    })
  }
  return parts
}

/** The body that a call writes into an artifact or a file, as code to be read. */
function artifact(tool: string, input: JsonObject): Part[] {
  let body: string | null = null
  if (tool === 'artifacts')
    body = nameOf(input.content) ?? (input.command === 'update' ? nameOf(input.new_str) : null)
  else if (tool === 'create_file') body = nameOf(input.file_text) ?? nameOf(input.content)
  else if (tool === 'str_replace') body = nameOf(input.new_str)
  if (body === null) return []
  const type = textOf(input.type)
  if (type === 'text/markdown') return [{ type: 'text', text: body, format: 'md' }]
  return [{ type: 'code', text: body, lang: nameOf(input.language) }]
}

/** Text and knowledge as text, any other block as JSON, one after the other. */
function resultText(value: unknown): string {
  if (typeof value === 'string') return value.toWellFormed()
  const texts: string[] = []
  for (const block of arrayOf(value)) {
    const text = typeof block === 'string' ? block.toWellFormed() : nameOf(objectOf(block).text)
    texts.push(text ?? jsonText(block))
  }
  if (texts.length === 0 && isObject(value)) texts.push(jsonText(value))
  return texts.join('\n')
}

/** Pages that a search gave back. */
function resultSources(value: unknown): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const block = objectOf(each)
    const url = nameOf(block.url)
    if (block.type !== 'knowledge' || url === null) continue
    parts.push({
      type: 'citation',
      url,
      title: nameOf(block.title),
      start: null,
      end: null,
      snippet: null,
    })
  }
  return parts
}

/** `attachments` carry their text, `files` only a name; a name in both lists is one file. */
function fileParts(entry: JsonObject, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  const names = new Set<string>()
  for (const each of arrayOf(entry.attachments)) {
    const file = objectOf(each)
    const name = textOf(file.file_name) ?? ''
    const text = textOf(file.extracted_content)
    if (name === '' && !text) continue
    if (name !== '') names.add(name)
    parts.push({
      type: 'attachment',
      name: name === '' ? 'pasted text' : name,
      mime: nameOf(file.file_type),
      size: countOf(file.file_size),
      text,
      asset: null,
      missing: text === null,
    })
  }
  for (const list of ['files', 'files_v2']) {
    for (const each of arrayOf(entry[list])) {
      const file = objectOf(each)
      const name = nameOf(file.file_name)
      const id = idOf(file.file_uuid) ?? idOf(file.uuid)
      if ((name === null && id === null) || (name !== null && names.has(name))) continue
      if (name !== null) names.add(name)
      const part: Part = {
        type: 'attachment',
        name: name ?? (id as string),
        mime: nameOf(file.file_type),
        size: countOf(file.file_size),
        text: null,
        asset: null,
        missing: true,
      }
      if (id !== null) assets.wantId(part, id)
      parts.push(part)
    }
  }
  return parts
}
