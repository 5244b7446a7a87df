/** Grok: the xAI account export, conversations with their responses, each wrapped in an object of its own or flat. */

import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import { latestOf, metaOf } from './facts.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
import { cardIdsOf, grokText } from './grok-text.ts'
import {
  arrayOf,
  countOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  parsedJson,
  textOf,
  timeOf,
} from './json-values.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'grok'

export const grok: ConversationFormat = {
  name: 'grok',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapConversation),
}

function likeness(value: unknown): number {
  if (!isObject(value) || !Array.isArray(value.responses)) return 0
  if (isObject(value.conversation)) return 1
  const first = responseOf(value.responses[0])
  const hasHead = 'title' in value || 'create_time' in value || 'conversation_id' in value
  return 'sender' in first && 'message' in first ? 1 : hasHead && value.responses.length === 0 ? 0.4 : 0
}

/** A response, out of its wrapper if it has one. */
const responseOf = (entry: unknown): JsonObject => {
  const given = objectOf(entry)
  return isObject(given.response) ? given.response : given
}

/** A time as MongoDB writes it (`{"$date":{"$numberLong":"1770026400000"}}`, or an ISO text inside), or plain. */
function mongoTime(value: unknown): number | null {
  const date = isObject(value) && '$date' in value ? value.$date : value
  if (!isObject(date)) return timeOf(date)
  const long = Number(date.$numberLong)
  return Number.isSafeInteger(long) ? timeOf(long) : null
}

function mapConversation(value: unknown, assets: AssetCollector): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  if (!Array.isArray(value.responses)) return { reason: 'it has no responses' }
  const head = isObject(value.conversation) ? value.conversation : value
  const entries: Entry[] = []
  let sortMs = 0
  for (const entry of value.responses.map(responseOf)) {
    if (Object.keys(entry).length === 0) continue
    const createdAtMs = mongoTime(entry.create_time ?? entry.createTime)
    sortMs = createdAtMs ?? sortMs
    entries.push({ entry, role: roleOf(entry), createdAtMs, sortMs })
  }
  const sorted = inTime(entries)
  const isTree = sorted.some(({ entry }) => parentOf(entry) !== null)
  const nodes: TreeNode[] = []
  for (const [place, each] of sorted.entries()) {
    const message = mapMessage(each, place, assets)
    const parent = isTree ? parentOf(each.entry) : (nodes.at(-1)?.id ?? null)
    nodes.push({ id: message.id, parent, message: message.parts.length === 0 ? null : message })
  }
  const messages = orderTree(nodes, { leaf: idOf(head.leaf_response_id), missing: 'siblings' })
  const first = messages[0]
  if (first === undefined) return 'empty'
  const createdAtMs = mongoTime(head.create_time ?? head.createTime)
  const title = nameOf(head.title)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId:
      idOf(head.id) ??
      idOf(head._id) ??
      idOf(head.conversation_id) ??
      idOf(head.conversationId) ??
      sourceIdOf(PROVIDER, '', first.role, jsonText(first.parts), createdAtMs ?? first.createdAtMs),
    title,
    model: messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs,
    // `modify_time` lags by days; the conversation is at least as new as what was last said in it.
    updatedAtMs: latestOf([
      mongoTime(head.modify_time ?? head.modifyTime),
      ...messages.map(message => message.createdAtMs),
    ]),
    messages,
    meta: metaOf(factsOf(head)),
  }
  return conversation
}

interface Entry {
  readonly entry: JsonObject
  readonly role: Role
  readonly createdAtMs: number | null
  /** Its time, or that of the one written before it. */
  readonly sortMs: number
}

/** By time, else as written; where several share one time, questions and answers in turns, a question first. */
function inTime(entries: Entry[]): Entry[] {
  entries.sort((a, b) => a.sortMs - b.sortMs)
  const out: Entry[] = []
  for (let from = 0; from < entries.length; ) {
    const { createdAtMs } = entries[from] as Entry
    let to = from + 1
    if (createdAtMs !== null) while (entries[to]?.createdAtMs === createdAtMs) to++
    const tied = entries.slice(from, to)
    const asked = tied.filter(each => each.role === 'user')
    const answered = tied.filter(each => each.role !== 'user')
    for (let i = 0; i < Math.max(asked.length, answered.length); i++)
      for (const each of [asked[i], answered[i]]) if (each !== undefined) out.push(each)
    from = to
  }
  return out
}

const parentOf = (entry: JsonObject): string | null =>
  idOf(entry.parent_response_id) ?? idOf(entry.parentResponseId)

function roleOf(entry: JsonObject): Role {
  const sender = (textOf(entry.sender) ?? '').toLowerCase()
  if (sender === 'human' || sender === 'user') return 'user'
  return sender === 'system' ? 'system' : 'assistant'
}

const factsOf = (head: JsonObject): Record<string, string | null> => ({
  starred: head.starred === true ? 'true' : null,
  temporary: head.temporary === true ? 'true' : null,
})

function mapMessage(each: Entry, place: number, assets: AssetCollector): ImportedMessage {
  const { entry, role, createdAtMs } = each
  const text = textOf(entry.message) ?? ''
  const parts: Part[] = []
  const thought = nameOf(entry.thinking_trace)
  if (thought !== null) parts.push({ type: 'thinking', text: thought, summary: null, opaque: false })
  for (const step of arrayOf(entry.steps))
    if (step !== null) parts.push({ type: 'unknown', raw: jsonText(step) })
  if (role === 'assistant') parts.push(...grokText(text))
  else if (text !== '') parts.push({ type: 'text', text, format: 'plain' })
  parts.push(...citationParts(entry, text))
  parts.push(...fileParts(entry, assets), ...imageParts(entry, assets))
  return {
    id:
      idOf(entry._id) ??
      idOf(entry.id) ??
      idOf(entry.response_id) ??
      idOf(entry.responseId) ??
      hashOf(place, role, text, createdAtMs),
    parent: null,
    role,
    author: null,
    createdAtMs,
    branch: 'main',
    hidden: role === 'system',
    // Questions name a model as well: the one that was asked.
    model: role === 'assistant' ? nameOf(entry.model) : null,
    parts,
  }
}

const hashOf = (place: number, role: Role, text: string, createdAtMs: number | null): string =>
  sourceIdOf(PROVIDER, String(place), role, text, createdAtMs)

/** What the cards of the text stand for, in their order, then pages of the search that no card names. */
function citationParts(entry: JsonObject, text: string): Part[] {
  const cards = new Map<string, JsonObject>()
  for (const each of arrayOf(entry.card_attachments_json)) {
    const card = cardOf(each)
    const id = idOf(card.id)
    if (id !== null && !cards.has(id)) cards.set(id, card)
  }
  const pages = new Map<string | null, JsonObject>()
  for (const page of arrayOf(entry.web_search_results).map(objectOf))
    if (!pages.has(nameOf(page.url))) pages.set(nameOf(page.url), page)
  const parts = new Map<string, Part>()
  const cite = (url: string | null, title: string | null, snippet: string | null): void => {
    if (url !== null && !parts.has(url))
      parts.set(url, { type: 'citation', url, title, start: null, end: null, snippet })
  }
  const citePage = (page: JsonObject): void =>
    cite(nameOf(page.url), nameOf(page.title), nameOf(page.preview) ?? nameOf(page.snippet))
  for (const card of [...cardIdsOf(text).map(id => cards.get(id)), ...cards.values()]) {
    const url = nameOf(card?.url)
    const page = url === null ? undefined : pages.get(url)
    if (page !== undefined) citePage(page)
    else cite(url, nameOf(card?.title), null)
  }
  for (const page of pages.values()) citePage(page)
  return [...parts.values()]
}

/** A card is JSON in a string. */
const cardOf = (value: unknown): JsonObject => objectOf(typeof value === 'string' ? parsedJson(value) : value)

/** Attachments are named by ids, under which the archive has their bytes without a name or a type. */
function fileParts(entry: JsonObject, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  const known = new Set<string>()
  for (const each of arrayOf(entry.file_attachments)) {
    const file = objectOf(each)
    const id = idOf(each) ?? idOf(file.id) ?? idOf(file.file_id) ?? idOf(file.asset_id)
    const name = nameOf(file.file_name) ?? nameOf(file.name) ?? id
    if (name === null || known.has(id ?? name)) continue
    known.add(id ?? name)
    const mime = nameOf(file.mime_type)
    const size = countOf(file.size)
    const part: Part = { type: 'attachment', name, mime, size, text: null, asset: null, missing: true }
    if (id !== null) assets.wantId(part, `${id}/content`)
    parts.push(part)
  }
  return parts
}

const ASSET_ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

/** A picture's address ends with the id of the asset, which the archive may have. */
function imageParts(entry: JsonObject, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(entry.generated_image_urls)) {
    const url = nameOf(each)
    if (url === null) continue
    const part: Part = {
      type: 'image',
      asset: null,
      mime: null,
      width: null,
      height: null,
      alt: null,
      missing: true,
    }
    const id = url.slice(0, 2000).match(ASSET_ID)?.at(-1)
    if (id !== undefined) assets.wantId(part, `${id}/content`)
    parts.push(part)
  }
  return parts
}
