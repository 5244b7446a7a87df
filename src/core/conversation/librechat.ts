/** LibreChat: one conversation a file, its messages a flat list with parents or a tree of `children`. */

import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import { metaOf } from './facts.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
import { imageFromUrl } from './image-url.ts'
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
import { orderTree, type TreeNode } from './tree.ts'
import { textPart } from './turns.ts'

const PROVIDER = 'librechat'

/** The parent of a first message, where it is not null. */
const NO_PARENT = '00000000-0000-0000-0000-000000000000'
/** The id of the message that holds the instructions of the conversation. */
const PROMPT = 'promptPrefix'

export const libreChat: ConversationFormat = {
  name: 'librechat',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapConversation),
}

function likeness(value: unknown): number {
  if (!isObject(value) || !Array.isArray(value.messages)) return 0
  for (const message of value.messages.slice(0, 50)) {
    const keys = objectOf(message)
    if ('messageId' in keys && ('isCreatedByUser' in keys || 'parentMessageId' in keys || 'sender' in keys))
      return 1
  }
  return 'conversationId' in value && ('exportAt' in value || 'endpoint' in value) ? 0.6 : 0
}

function mapConversation(value: unknown, assets: AssetCollector): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  if (!Array.isArray(value.messages)) return { reason: 'it has no messages' }
  const options = objectOf(value.options)
  const prompt = nameOf(options.promptPrefix) ?? nameOf(options.system) ?? nameOf(options.instructions)
  const messages = orderTree(nodesOf(value.messages, prompt, assets), { leaf: null, missing: 'siblings' })
  const first = messages.find(message => message.id !== PROMPT)
  if (first === undefined) return 'empty'
  const times = messages.flatMap(message => message.createdAtMs ?? []).sort((a, b) => a - b)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId: idOf(value.conversationId) ?? sourceIdOf(PROVIDER, first.id, first.role, '', first.createdAtMs),
    title: nameOf(value.title),
    model: nameOf(options.model) ?? messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs: timeOf(value.createdAt) ?? times[0] ?? null,
    updatedAtMs: timeOf(value.updatedAt) ?? times.at(-1) ?? null,
    messages,
    meta: metaOf({ endpoint: nameOf(value.endpoint) }),
  }
  return conversation
}

/** Every message of a list or a tree, parents before their children; instructions stand above all of them. */
function nodesOf(given: readonly unknown[], prompt: string | null, assets: AssetCollector): TreeNode[] {
  const root = prompt === null ? null : PROMPT
  const nodes: TreeNode[] = []
  if (prompt !== null) nodes.push({ id: PROMPT, parent: null, message: promptMessage(prompt) })
  /** `above` is the id of the message whose child an entry is, null in a list. */
  const stack: { entry: unknown; above: string | null }[] = []
  const push = (entries: readonly unknown[], above: string | null): void => {
    for (let i = entries.length - 1; i >= 0; i--) stack.push({ entry: entries[i], above })
  }
  push(given, null)
  let before = root
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { entry, above } = next
    if (!isObject(entry)) continue
    const message = mapMessage(entry, nodes.length, assets)
    const named = entry.parentMessageId
    const isRoot = named === null || named === NO_PARENT
    // A message that does not say its parent follows the one before it.
    const parent = (isRoot ? null : idOf(named)) ?? above ?? (isRoot ? root : before)
    nodes.push({ id: message.id, parent, message: message.parts.length === 0 ? null : message })
    before = message.id
    push(arrayOf(entry.children), message.id)
  }
  return nodes
}

const promptMessage = (text: string): ImportedMessage => ({
  id: PROMPT,
  parent: null,
  role: 'system',
  author: null,
  createdAtMs: null,
  branch: 'main',
  hidden: true,
  model: null,
  parts: [textPart(text, 'system')],
})

function mapMessage(entry: JsonObject, place: number, assets: AssetCollector): ImportedMessage {
  const isUser = entry.isCreatedByUser === true || textOf(entry.sender)?.toLowerCase() === 'user'
  const role: Role = isUser ? 'user' : 'assistant'
  const text = textOf(entry.text) ?? ''
  const createdAtMs = timeOf(entry.createdAt)
  const parts = arrayOf(entry.content).flatMap(block => blockParts(block, role, assets))
  // The text repeats the blocks of text: it counts only where there are none.
  if (text.trim() !== '' && !parts.some(part => part.type === 'text')) parts.push(textPart(text, role))
  parts.push(...pluginParts(entry), ...fileParts(entry))
  const model = role === 'assistant' ? nameOf(entry.model) : null
  const sender = role === 'assistant' ? nameOf(entry.sender) : null
  return {
    id: idOf(entry.messageId) ?? sourceIdOf(PROVIDER, String(place), role, text, createdAtMs),
    parent: null,
    role,
    author: sender === model ? null : sender,
    createdAtMs,
    branch: 'main',
    hidden: false,
    model,
    parts,
  }
}

/** The text of a block, which newer versions wrap as `{value}`. */
const wrapped = (value: unknown): string | null => textOf(value) ?? textOf(objectOf(value).value)

function blockParts(block: unknown, role: Role, assets: AssetCollector): Part[] {
  if (block === null || block === '') return []
  if (typeof block === 'string') return [textPart(block.toWellFormed(), role)]
  if (isObject(block)) {
    switch (block.type) {
      case 'text': {
        const text = wrapped(block.text)
        if (text === null) break
        return text === '' ? [] : [textPart(text, role)]
      }
      case 'think': {
        const text = wrapped(block.think)
        if (text === null) break
        return text === '' ? [] : [{ type: 'thinking', text, summary: null, opaque: false }]
      }
      case 'error': {
        const text = wrapped(block.error) ?? wrapped(block.text)
        if (text === null) break
        return [textPart(text, role)]
      }
      case 'tool_call':
        if (isObject(block.tool_call)) return callParts(block.tool_call)
        break
      case 'image_url': {
        const url = textOf(block.image_url) ?? textOf(objectOf(block.image_url).url)
        if (url === null) break
        return [imageFromUrl(url, assets)]
      }
      case 'image_file':
        if (isObject(block.image_file)) return [filePart({ type: 'image/*', ...block.image_file })]
        break
    }
  }
  return [{ type: 'unknown', raw: jsonText(block) }]
}

/** A call with what came of it: both stand in one block. */
function callParts(block: JsonObject): Part[] {
  const made = isObject(block.function) ? block.function : block
  const callId = idOf(block.id)
  const input = made.args ?? made.arguments
  const parts: Part[] = [
    {
      type: 'toolCall',
      callId,
      name: nameOf(made.name) ?? nameOf(block.type) ?? 'unknown',
      input: typeof input === 'string' ? jsonDocument(input) : jsonText(input ?? {}),
    },
  ]
  const output = made.output ?? block.output
  if (output !== undefined && output !== null)
    parts.push({
      type: 'toolResult',
      callId,
      output: typeof output === 'string' ? output.toWellFormed() : jsonText(output),
      isError: false,
    })
  return parts
}

/** What plugins did, as versions before the agents wrote it. */
function pluginParts(entry: JsonObject): Part[] {
  const parts: Part[] = []
  for (const each of [entry.plugin, ...arrayOf(entry.plugins)]) {
    for (const [place, step] of arrayOf(objectOf(each).inputs).entries()) {
      const { plugin, input, outputStr } = objectOf(step)
      const name = nameOf(plugin)
      if (name === null) continue
      const callId = `${name}-${place}`
      const text = typeof input === 'string' ? jsonDocument(input) : jsonText(input ?? {})
      parts.push({ type: 'toolCall', callId, name, input: text })
      const output = nameOf(outputStr)
      if (output !== null) parts.push({ type: 'toolResult', callId, output, isError: false })
    }
  }
  return parts
}

/** `files` came with the message, `attachments` out of its tools: files, pictures, results of a search. */
function fileParts(entry: JsonObject): Part[] {
  const parts: Part[] = []
  for (const each of [...arrayOf(entry.files), ...arrayOf(entry.attachments)]) {
    const file = objectOf(each)
    if (isObject(file.web_search)) parts.push(...searchParts(file.web_search))
    else if (idOf(file.file_id) !== null || nameOf(file.filename) !== null) parts.push(filePart(file))
  }
  return parts
}

function filePart(file: JsonObject): Part {
  const mime = nameOf(file.type)
  const name = nameOf(file.filename) ?? idOf(file.file_id) ?? nameOf(file.filepath) ?? 'file'
  if (mime?.startsWith('image/'))
    return {
      type: 'image',
      asset: null,
      mime: mime === 'image/*' ? null : mime,
      width: countOf(file.width),
      height: countOf(file.height),
      alt: name,
      missing: true,
    }
  const text = nameOf(file.text)
  const size = countOf(file.bytes)
  return { type: 'attachment', name, mime, size, text, asset: null, missing: text === null }
}

function searchParts(search: JsonObject): Part[] {
  const parts: Part[] = []
  for (const each of [...arrayOf(search.organic), ...arrayOf(search.topStories)]) {
    const page = objectOf(each)
    const url = nameOf(page.link)
    if (url === null) continue
    parts.push({
      type: 'citation',
      url,
      title: nameOf(page.title),
      start: null,
      end: null,
      snippet: nameOf(page.snippet),
    })
  }
  return parts
}
