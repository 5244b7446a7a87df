/** Jan: `messages.jsonl` of a thread, a message a line. The title stands in `thread.json` beside it, which holds no message. */
import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import type { ConversationFormat, Emitted, ReadContext } from './format.ts'
import { imageFromUrl } from './image-url.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  textOf,
  timeOf,
} from './json-values.ts'
import { Calls, callPart, outputText } from './openai-turn.ts'
import type { RawRecord } from './record.ts'
import { orderTree, type TreeNode } from './tree.ts'
import { roleOf, textPart } from './turns.ts'

const PROVIDER = 'jan'

export const jan: ConversationFormat = {
  name: 'jan',
  provider: PROVIDER,
  detect: sample => (sample.some(isMessage) ? 1 : 0),
  read,
}

const isMessage = (value: unknown): value is JsonObject =>
  isObject(value) && value.object === 'thread.message' && 'thread_id' in value && Array.isArray(value.content)

/** A thread while its lines come. */
interface Thread {
  readonly where: string
  readonly nodes: TreeNode[]
  before: string | null
}

async function* read(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncGenerator<Emitted> {
  const threads = new Map<string, Thread>()
  const { recordBytes } = context.limits
  let bytes = 0
  for await (const record of records) {
    const { where } = record
    const value = record.kind === 'value' ? record.value : null
    if (record.kind === 'bad') yield { kind: 'skipped', where, reason: record.reason }
    else if (!isMessage(value)) yield { kind: 'skipped', where, reason: 'it is no message of a thread' }
    else if (bytes + record.bytes > recordBytes)
      yield { kind: 'skipped', where, reason: `the threads are longer than ${recordBytes} bytes` }
    else {
      bytes += record.bytes
      const id = idOf(value.thread_id) ?? ''
      const thread = threads.get(id) ?? { where, nodes: [], before: null }
      threads.set(id, thread)
      const message = mapMessage(value, thread.nodes.length, context.assets)
      thread.nodes.push({
        id: message.id,
        parent: thread.before,
        message: message.parts.length === 0 ? null : message,
      })
      thread.before = message.id
      await context.assets.settle()
    }
  }
  for (const [id, thread] of threads) yield emitted(id, thread)
}

function emitted(id: string, { where, nodes, before }: Thread): Emitted {
  const messages = orderTree(nodes, { leaf: before, missing: 'each' })
  const first = messages[0]
  if (first === undefined) return { kind: 'empty', where }
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId: id === '' ? sourceIdOf(PROVIDER, first.id, first.role, '', first.createdAtMs) : id,
    title: null,
    model: messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs: first.createdAtMs,
    updatedAtMs: messages.findLast(message => message.createdAtMs !== null)?.createdAtMs ?? null,
    messages,
    meta: {},
  }
  return { kind: 'conversation', conversation, where }
}

function mapMessage(value: JsonObject, place: number, assets: AssetCollector): ImportedMessage {
  const given = textOf(value.role) ?? 'unknown'
  const known = roleOf(given)
  const role = known ?? 'system'
  const createdAtMs = timeOf(value.created_at)
  const parts = arrayOf(value.content).flatMap(block => blockParts(block, role, assets))
  const metadata = objectOf(value.metadata)
  parts.push(...callParts(metadata))
  for (const each of arrayOf(value.attachments)) {
    const name =
      nameOf(objectOf(each).file_name) ?? nameOf(objectOf(each).name) ?? idOf(objectOf(each).file_id)
    if (name !== null)
      parts.push({ type: 'attachment', name, mime: null, size: null, text: null, asset: null, missing: true })
  }
  return {
    id: idOf(value.id) ?? sourceIdOf(PROVIDER, String(place), role, jsonText(value.content), createdAtMs),
    parent: null,
    role,
    author: known === null ? given : null,
    createdAtMs,
    branch: 'main',
    hidden: role === 'system',
    model: role === 'assistant' ? (nameOf(metadata.modelId) ?? nameOf(metadata.model)) : null,
    parts,
  }
}

/** What a model that thinks aloud writes before its answer. */
const THOUGHT = /^\s*<think>([\s\S]*?)<\/think>\s*/

function blockParts(block: unknown, role: Role, assets: AssetCollector): Part[] {
  if (isObject(block)) {
    const text = textOf(objectOf(block.text).value) ?? textOf(block.text)
    if (text !== null) {
      const thought = role === 'assistant' ? THOUGHT.exec(text) : null
      const said = thought === null ? text : text.slice(thought[0].length)
      const thinking = (thought?.[1] ?? '').trim()
      return [
        ...(thinking === ''
          ? []
          : [{ type: 'thinking' as const, text: thinking, summary: null, opaque: false }]),
        ...(said === '' ? [] : [textPart(said, role)]),
      ]
    }
    const url = textOf(objectOf(block.image_url).url)
    if (url !== null) return [imageFromUrl(url, assets)]
  }
  return block === null ? [] : [{ type: 'unknown', raw: jsonText(block) }]
}

/** Calls with what came of them. */
function callParts(metadata: JsonObject): Part[] {
  const calls = new Calls()
  const parts: Part[] = []
  for (const each of arrayOf(metadata.tool_calls)) {
    const { tool, response } = objectOf(each)
    const made = objectOf(objectOf(tool).function)
    const call = callPart(idOf(objectOf(tool).id), nameOf(made.name), made.arguments, calls)
    parts.push(call)
    if (!isObject(response)) continue
    const { content, error } = response
    const failed = nameOf(error)
    const output = failed ?? outputText(content)
    const callId = call.type === 'toolCall' ? call.callId : null
    parts.push({ type: 'toolResult', callId, output, isError: failed !== null })
  }
  return parts
}
