/** Cursor: conversations of its store, tabs of the older one, and the transcripts that its CLI leaves. */
import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
import { bubbleParts, lineParts } from './cursor-parts.ts'
import { type CursorRecord, isCursorRecord } from './cursor-store.ts'
import { latestOf, metaOf } from './facts.ts'
import { type ConversationFormat, type Emitted, likest, type ReadContext } from './format.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  timeOf,
} from './json-values.ts'
import type { RawRecord } from './record.ts'
import { charsOf, firstPrompt, promptTitle } from './session-text.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'cursor'

export const cursor: ConversationFormat = {
  name: 'cursor',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: readAll,
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  if (isCursorRecord(value)) return 1
  if (isTab(value)) return 0.9
  return isBareLine(value) ? 0.7 : 0
}

const isTab = (value: JsonObject): boolean =>
  Array.isArray(value.bubbles) && ('tabId' in value || 'chatTitle' in value)

const isLine = (value: JsonObject): boolean =>
  (value.role === 'user' || value.role === 'assistant') && 'content' in objectOf(value.message)

/** A turn and nothing else: other logs name their lines. */
const isBareLine = (value: JsonObject): boolean =>
  isLine(value) &&
  Array.isArray(objectOf(value.message).content) &&
  !('type' in value || 'uuid' in value || 'sessionId' in value)

/** Records of a store are conversations; the lines of a transcript are one together. */
async function* readAll(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncGenerator<Emitted> {
  const { sessionChars } = context.limits
  const lines: ImportedMessage[] = []
  let begin = ''
  let chars = 0
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad' || !isObject(record.value)) {
      const reason = record.kind === 'bad' ? record.reason : 'it is not an object'
      yield { kind: 'skipped', where, reason }
      continue
    }
    const { value } = record
    const store = isCursorRecord(value) ? mapComposer(value) : isTab(value) ? mapTab(value) : undefined
    if (store !== undefined) {
      yield store === null ? { kind: 'empty', where } : { kind: 'conversation', conversation: store, where }
      continue
    }
    if (!isLine(value)) continue
    if (begin === '') begin = where
    if (chars > sessionChars) {
      yield { kind: 'skipped', where, reason: `the session holds more than ${sessionChars} characters` }
      continue
    }
    for (const message of lineMessages(value, lines.length)) {
      chars += charsOf(message.parts)
      lines.push(message)
    }
  }
  if (begin === '') return
  const conversation = mapLines(lines)
  yield conversation === null
    ? { kind: 'empty', where: begin }
    : { kind: 'conversation', conversation, where: begin }
}

const message = (
  id: string,
  role: Role,
  parts: Part[],
  more: Partial<ImportedMessage> = {},
): ImportedMessage => ({
  id,
  parent: null,
  role,
  author: null,
  createdAtMs: null,
  branch: 'main',
  hidden: false,
  model: null,
  parts,
  ...more,
})

/** Messages in the order of the headers; what no header names hangs beside them, for it was taken back. */
function mapComposer({ composerId, composer, bubbles }: CursorRecord): ImportedConversation | null {
  const head = objectOf(composer)
  const inline = new Map<string, unknown>(
    arrayOf(head.conversation).map((each, place) => [
      idOf(objectOf(each).bubbleId) ?? `inline-${place}`,
      each,
    ]),
  )
  const types = new Map<string, unknown>()
  for (const each of arrayOf(head.fullConversationHeadersOnly)) {
    const { bubbleId, type } = objectOf(each)
    const id = idOf(bubbleId)
    if (id !== null && !types.has(id)) types.set(id, type)
  }
  const headers = [...types.keys()]
  const all = new Map([...inline, ...bubbles])
  const named = headers.length > 0 ? headers : inline.size > 0 ? [...inline.keys()] : byTime(bubbles)
  const nodes: TreeNode[] = []
  let before: string | null = null
  let missing = 0
  for (const id of new Set(named)) {
    const bubble = all.get(id)
    if (!isObject(bubble)) missing++
    else {
      nodes.push(bubbleNode(id, { type: types.get(id), ...bubble }, before))
      before = id
    }
  }
  const leaf = before
  const onWay = new Set(named)
  let beside: string | null = null
  for (const id of byTime(all)) {
    const bubble = all.get(id)
    if (onWay.has(id) || !isObject(bubble)) continue
    nodes.push(bubbleNode(id, bubble, beside))
    beside = id
  }
  const messages = orderTree(nodes, { leaf, missing: 'each' })
  if (messages.length === 0) return null
  const info = objectOf(head.subagentInfo)
  return {
    provider: PROVIDER,
    sourceId: composerId.toWellFormed(),
    title: nameOf(head.name) ?? promptTitle(firstPrompt(messages)),
    model: lastModel(messages) ?? nameOf(objectOf(head.modelConfig).modelName),
    createdAtMs: timeOf(head.createdAt) ?? messages[0]?.createdAtMs ?? null,
    updatedAtMs: latestOf([timeOf(head.lastUpdatedAt), ...messages.map(each => each.createdAtMs)]),
    messages,
    meta: metaOf({
      mode: nameOf(head.unifiedMode),
      parentSession: idOf(info.parentComposerId),
      missingMessages: missing === 0 ? null : String(missing),
    }),
  }
}

const lastModel = (messages: readonly ImportedMessage[]): string | null =>
  messages.findLast(each => each.model !== null)?.model ?? null

/** Ids in the order of time; without one, of their keys. */
const byTime = (bubbles: ReadonlyMap<string, unknown>): string[] =>
  [...bubbles]
    .map(([id, bubble]) => ({ id, at: timeOf(objectOf(bubble).createdAt) ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ id }) => id)

function bubbleNode(id: string, bubble: JsonObject, parent: string | null): TreeNode {
  const isUser = bubble.type === 1 || bubble.type === 'user'
  const parts = bubbleParts(bubble, isUser)
  const model = isUser ? null : (nameOf(objectOf(bubble.modelInfo).modelName) ?? nameOf(bubble.modelType))
  const facts = { createdAtMs: timeOf(bubble.createdAt), model }
  const made =
    parts.length === 0 ? null : message(id.toWellFormed(), isUser ? 'user' : 'assistant', parts, facts)
  return { id: id.toWellFormed(), parent, message: made }
}

/** A tab of the store that Cursor had before composers. */
function mapTab(tab: JsonObject): ImportedConversation | null {
  const nodes: TreeNode[] = []
  for (const [place, each] of arrayOf(tab.bubbles).entries()) {
    if (!isObject(each)) continue
    const id =
      idOf(each.id) ?? idOf(each.bubbleId) ?? sourceIdOf(PROVIDER, String(place), '', jsonText(each), null)
    nodes.push(bubbleNode(id, each, nodes.at(-1)?.id ?? null))
  }
  const messages = orderTree(nodes, { leaf: nodes.at(-1)?.id ?? null, missing: 'each' })
  const first = messages[0]
  if (first === undefined) return null
  return {
    provider: PROVIDER,
    sourceId: idOf(tab.tabId) ?? sourceIdOf(PROVIDER, first.id, first.role, jsonText(first.parts), null),
    title: nameOf(tab.chatTitle) ?? promptTitle(firstPrompt(messages)),
    model: lastModel(messages),
    createdAtMs: first.createdAtMs,
    updatedAtMs: latestOf([timeOf(tab.lastSendTime), ...messages.map(each => each.createdAtMs)]),
    messages,
    meta: {},
  }
}

function lineMessages(line: JsonObject, place: number): ImportedMessage[] {
  const isUser = line.role === 'user'
  const { parts, injected } = lineParts([objectOf(line.message).content].flat(), isUser)
  const facts = { createdAtMs: timeOf(line.timestamp), model: nameOf(objectOf(line.message).model) }
  const made: ImportedMessage[] = []
  const add = (role: Role, own: Part[], more: Partial<ImportedMessage>) => {
    if (own.length === 0) return
    const id = sourceIdOf(PROVIDER, String(place + made.length), role, jsonText(own), null)
    made.push(message(id, role, own, { ...facts, ...more }))
  }
  add('system', injected, { hidden: true })
  add(isUser ? 'user' : 'assistant', parts, {})
  return made
}

/** A transcript has no id inside: its first question with its answer stands for it, however long it grows. */
function mapLines(lines: readonly ImportedMessage[]): ImportedConversation | null {
  const nodes = lines.map(
    (each, at): TreeNode => ({ id: each.id, parent: lines[at - 1]?.id ?? null, message: each }),
  )
  const messages = orderTree(nodes, { leaf: nodes.at(-1)?.id ?? null, missing: 'each' })
  if (messages.length === 0) return null
  const visible = messages.filter(each => !each.hidden)
  const begin = jsonText(
    (visible.length === 0 ? messages : visible).slice(0, 2).map(each => [each.role, each.parts]),
  )
  return {
    provider: PROVIDER,
    sourceId: sourceIdOf(PROVIDER, 'transcript', 'user', begin, null),
    title: promptTitle(firstPrompt(messages)),
    model: lastModel(messages),
    createdAtMs: messages[0]?.createdAtMs ?? null,
    updatedAtMs: latestOf(messages.map(each => each.createdAtMs)),
    messages,
    meta: { lossy: 'true' },
  }
}
