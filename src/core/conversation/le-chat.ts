/** Le Chat (Mistral): a file a chat, an array of its messages in no order, with other versions of an answer among them. */
import { createHash } from 'node:crypto'
import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { type ConversationFormat, type Emitted, likest, type ReadContext } from './format.ts'
import { dataUrl } from './image-url.ts'
import {
  arrayOf,
  countOf,
  idOf,
  isObject,
  type JsonObject,
  jsonDocument,
  jsonText,
  nameOf,
  objectOf,
  textOf,
  timeOf,
} from './json-values.ts'
import type { RawRecord } from './record.ts'
import { titleFrom } from './title.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'le-chat'

export const leChat: ConversationFormat = {
  name: 'le-chat',
  provider: PROVIDER,
  emptyNames: /(?:^|\/)chat-[0-9a-f-]{36}\.json$/i,

  detect: sample => likest(sample, likeness),

  read: readChats,
}

function likeness(value: unknown): number {
  if (!isObject(value) || idOf(value.chatId) === null || typeof value.role !== 'string') return 0
  return 'createdAt' in value && ('content' in value || 'contentChunks' in value) ? 1 : 0
}

/** A message with what decides its place. */
interface Said {
  readonly id: string
  readonly version: number
  /** The id of the message that it was preferred over, if one names it. */
  readonly over: string | null
  readonly message: ImportedMessage
  /** Two of one id conflict when what they say differs. */
  readonly fingerprint: string
}

interface Chat {
  readonly id: string
  readonly where: string
  readonly said: Map<string, Said>
}

const CONFLICT = 'another message has the same id and version; the first was kept'

/** Reads the whole file before it emits its chat: the last message written may be the first that was said. */
async function* readChats(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncGenerator<Emitted> {
  const { sessionChars } = context.limits
  const chats = new Map<string, Chat>()
  let chars = 0
  for await (const record of records) {
    const { where } = record
    const reason = record.kind === 'bad' ? record.reason : likenessOf(record.value)
    if (record.kind === 'bad' || reason !== null) {
      yield { kind: 'skipped', where, reason: reason ?? '' }
      continue
    }
    chars += record.bytes
    if (chars > sessionChars) {
      chars -= record.bytes
      yield { kind: 'skipped', where, reason: `the chat holds more than ${sessionChars} characters` }
      continue
    }
    const value = objectOf(record.value)
    const chatId = idOf(value.chatId) as string
    const chat = chats.get(chatId) ?? { id: chatId, where, said: new Map() }
    chats.set(chatId, chat)
    const said = saidOf(value, chatId, context.assets)
    await context.assets.settle()
    if (!chat.said.has(said.message.id)) chat.said.set(said.message.id, said)
    else if (chat.said.get(said.message.id)?.fingerprint !== said.fingerprint)
      yield { kind: 'skipped', where, reason: CONFLICT }
  }
  for (const chat of chats.values()) {
    const conversation = conversationOf(chat)
    if (conversation === null) yield { kind: 'empty', where: chat.where }
    else yield { kind: 'conversation', conversation, where: chat.where }
  }
}

/** Why a value is no message of a chat, or null. */
function likenessOf(value: unknown): string | null {
  if (!isObject(value)) return 'it is not an object'
  return idOf(value.chatId) === null ? 'it names no chat' : null
}

function saidOf(value: JsonObject, chatId: string, assets: AssetCollector): Said {
  const role = roleOf(value.role)
  const version = countOf(value.version) ?? 0
  const createdAtMs = timeOf(value.createdAt)
  const parts = contentParts(value, role, assets)
  parts.push(...fileParts(value, chatId, assets))
  const id = idOf(value.id) ?? `${createdAtMs ?? 'no time'} ${role}`
  const message: ImportedMessage = {
    id: version === 0 ? id : `${id}#${version}`,
    parent: null,
    role,
    author: null,
    createdAtMs,
    branch: 'main',
    hidden: role === 'system',
    model: role === 'assistant' ? (nameOf(value.model) ?? nameOf(objectOf(value.model).name)) : null,
    parts,
  }
  const fingerprint = createHash('sha256').update(jsonText(parts)).digest('base64url')
  return { id, version, over: idOf(value.preferenceOver), message, fingerprint }
}

function roleOf(value: unknown): Role {
  const role = (textOf(value) ?? '').toLowerCase()
  return role === 'user' || role === 'assistant' || role === 'tool' ? role : 'system'
}

function conversationOf(chat: Chat): ImportedConversation | null {
  const said = [...chat.said.values()].sort(inTime)
  const { nodes, leaf } = placed(said)
  const messages = orderTree(nodes, { leaf, missing: 'each' })
  if (messages.length === 0) return null
  let updatedAtMs: number | null = null
  let createdAtMs: number | null = null
  for (const { createdAtMs: at } of messages) {
    if (at === null) continue
    if (createdAtMs === null || at < createdAtMs) createdAtMs = at
    if (updatedAtMs === null || at > updatedAtMs) updatedAtMs = at
  }
  return {
    provider: PROVIDER,
    sourceId: chat.id,
    title: titleOf(said),
    model: messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs,
    updatedAtMs,
    messages,
    meta: {},
  }
}

/** By time, a question before its answer where they share one, then by version and id, never by place in the file. */
function inTime(a: Said, b: Said): number {
  const byTime = (a.message.createdAtMs ?? 0) - (b.message.createdAtMs ?? 0)
  const byRole = Number(a.message.role !== 'user') - Number(b.message.role !== 'user')
  return byTime || byRole || a.version - b.version || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Each message under the one before it; another version of one, or what one was preferred over, beside it. The talk
 *  goes on under the latest version, and under what was preferred. */
function placed(said: readonly Said[]): { nodes: TreeNode[]; leaf: string | null } {
  const nodes: TreeNode[] = []
  const parents = new Map<string, string | null>()
  const firsts = new Map<string, string>()
  const losers = new Map<string, string>()
  for (const each of said) if (each.over !== null && each.over !== each.id) losers.set(each.over, each.id)
  let last: string | null = null
  for (const { id, over, message } of said) {
    const beside = firsts.get(id) ?? firsts.get(over ?? '') ?? firsts.get(losers.get(id) ?? '')
    const parent: string | null = beside === undefined ? last : (parents.get(beside) ?? null)
    parents.set(message.id, parent)
    if (!firsts.has(id)) firsts.set(id, message.id)
    nodes.push({ id: message.id, parent, message: message.parts.length === 0 ? null : message })
    const winner = losers.get(id)
    if (winner === undefined || !firsts.has(winner)) last = message.id
  }
  return { nodes, leaf: last }
}

/** The beginning of the first question. */
function titleOf(said: readonly Said[]): string | null {
  for (const { message } of said) {
    if (message.role !== 'user') continue
    for (const part of message.parts) {
      const title = part.type === 'text' ? titleFrom(part.text) : null
      if (title !== null) return title
    }
  }
  return null
}

function contentParts(value: JsonObject, role: Role, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  const textPart = (text: string): Part => ({ type: 'text', text, format: role === 'user' ? 'plain' : 'md' })
  let calls = 0
  const chunks = Array.isArray(value.contentChunks) ? value.contentChunks : arrayOf(value.content)
  for (const each of chunks) {
    const chunk = objectOf(each)
    switch (chunk.type) {
      case 'text': {
        const text = textOf(chunk.text)
        if (text === null) parts.push({ type: 'unknown', raw: jsonText(each) })
        else if (text !== '') parts.push(textPart(text))
        break
      }
      case 'thinking':
      case 'think': {
        const text = textOf(chunk.thinking) ?? textOf(chunk.text)
        if (text === null) parts.push({ type: 'unknown', raw: jsonText(each) })
        else parts.push({ type: 'thinking', text, summary: null, opaque: false })
        break
      }
      case 'tool_call':
        parts.push(...callParts(chunk, `call-${++calls}`))
        break
      case 'image_url':
        parts.push(imagePart(chunk, assets))
        break
      default:
        if (each !== null) parts.push({ type: 'unknown', raw: jsonText(each) })
    }
  }
  // `content` repeats the text of the chunks: it counts only where they have none.
  const whole = textOf(value.content)
  if (whole !== null && whole.trim() !== '' && !parts.some(part => part.type === 'text'))
    parts.push(textPart(whole))
  for (const list of ['canvas', 'quotes'])
    for (const each of arrayOf(value[list])) parts.push(...canvasParts(each))
  return parts
}

/** A call and, where the export shows it, its result; the two stand in one chunk. */
function callParts(chunk: JsonObject, callId: string): Part[] {
  const given = chunk.publicArguments
  const input = typeof given === 'string' ? jsonDocument(given) : jsonText(given ?? {})
  const parts: Part[] = [{ type: 'toolCall', callId, name: nameOf(chunk.name) ?? 'unknown', input }]
  const result = chunk.publicResult
  const isError = chunk.success === false
  if (result === undefined || result === null) {
    if (isError) parts.push({ type: 'toolResult', callId, output: '', isError })
    return parts
  }
  const output = textOf(result) ?? jsonText(result)
  parts.push({ type: 'toolResult', callId, output, isError })
  return parts
}

/** The address of a picture expires, and opens it to whoever has it: it is not kept. */
function imagePart(chunk: JsonObject, assets: AssetCollector): Part {
  const part: Part = {
    type: 'image',
    asset: null,
    mime: null,
    width: null,
    height: null,
    alt: null,
    missing: true,
  }
  const url = textOf(chunk.imageUrl) ?? textOf(objectOf(chunk.imageUrl).url) ?? ''
  const data = dataUrl(url)
  if (data !== null) assets.wantInline(part, data.base64)
  return part
}

function canvasParts(value: unknown): Part[] {
  const canvas = objectOf(value)
  const text = nameOf(canvas.content)
  if (text === null) return value === null ? [] : [{ type: 'unknown', raw: jsonText(value) }]
  return [{ type: 'code', text, lang: nameOf(canvas.language) }]
}

/** Files lie in a folder that is named after the chat. */
function fileParts(value: JsonObject, chatId: string, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value.files)) {
    const file = objectOf(each)
    const name = nameOf(file.name) ?? idOf(file.id)
    if (name === null) continue
    const common = { asset: null, mime: nameOf(file.mimeType), missing: true }
    const part: Part =
      file.type === 'image'
        ? { ...common, type: 'image', width: null, height: null, alt: name }
        : { ...common, type: 'attachment', name, size: countOf(file.size), text: null }
    assets.wantId(part, `chat-${chatId}-files/${name}`)
    parts.push(part)
  }
  return parts
}
