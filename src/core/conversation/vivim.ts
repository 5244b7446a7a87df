/** VIVIM's own JSON export: written by `conversation export --format json`, read back as it was. The document is versioned
 *  by its first key. Its keys are those of `conversation show` and what that leaves out: who read the older JSON reads this. */
import { type ImportedConversation, type ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { ConversationDocument } from '../model/conversation-document.ts'
import { isoTime } from '../model/id.ts'
import type { AssetCollector } from './asset.ts'
import { type ConversationFormat, type Mapped, readEach } from './format.ts'
import { isObject, type JsonObject, jsonText, nameOf, textOf } from './json-values.ts'
import { orderTree } from './tree.ts'

/** The version that is written. A reader takes it and nothing newer. */
const VERSION = 1

/** What importers call providers; it is printed as it is. */
const PROVIDER = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** A conversation as it is stored, hidden messages and all branches with it. */
export interface Exportable extends Omit<ImportedConversation, 'messages'> {
  readonly id: string
  readonly messages: readonly (ImportedMessage & { readonly index: number | null; readonly text: string })[]
}

/** The document, indented; the same conversation gives the same bytes. */
export function exportDocument(conversation: Exportable): string {
  const document: ConversationDocument = {
    vivim: VERSION,
    id: conversation.id,
    title: conversation.title,
    provider: conversation.provider,
    sourceId: conversation.sourceId,
    model: conversation.model,
    createdAt: timeText(conversation.createdAtMs),
    updatedAt: timeText(conversation.updatedAtMs),
    meta: conversation.meta,
    messages: conversation.messages.map(message => ({
      id: message.id,
      parent: message.parent,
      index: message.index,
      role: message.role,
      author: message.author,
      createdAt: timeText(message.createdAtMs),
      hidden: message.hidden,
      branch: message.branch,
      model: message.model,
      parts: message.parts,
      text: message.text,
    })),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

const timeText = (ms: number | null): string | null => (ms === null ? null : isoTime(ms))

export const vivim: ConversationFormat = {
  name: 'vivim',
  provider: 'vivim',

  detect: sample => (sample.some(value => isDocument(value)) ? 1 : 0),

  read: (records, context) => readEach(records, context, mapDocument),
}

const isDocument = (value: unknown): value is JsonObject =>
  isObject(value) && typeof value.vivim === 'number' && Array.isArray(value.messages)

function mapDocument(given: unknown, assets: AssetCollector): Mapped {
  if (!isDocument(given)) return { reason: 'it is not a conversation that VIVIM exported' }
  if (given.vivim !== VERSION)
    return { reason: `it is of version ${given.vivim}; this program reads version ${VERSION}` }
  // Lone surrogates in any place, also deep inside, are replaced; the order of keys stays, and with it the hash.
  const value = JSON.parse(jsonText(given)) as JsonObject
  const provider = nameOf(value.provider)
  const sourceId = nameOf(value.sourceId)
  if (provider === null || !PROVIDER.test(provider) || sourceId === null)
    return { reason: 'it does not say where the conversation comes from' }
  const messages = (value.messages as unknown[]).map(mapMessage)
  for (const { parts } of messages)
    for (const part of parts)
      if ((part.type === 'image' || part.type === 'attachment') && part.asset !== null)
        assets.wantId(part, part.asset)
  if (messages.length === 0) return 'empty'
  const conversation: ImportedConversation = {
    provider,
    sourceId,
    title: textOf(value.title),
    model: textOf(value.model),
    createdAtMs: msOf(value.createdAt),
    updatedAtMs: msOf(value.updatedAt),
    messages: isOrdered(messages) ? messages : ordered(messages),
    meta: metaOf(value.meta),
  }
  return conversation
}

/** A message as it stands. What is no message is kept as a block that is not known, and hidden. */
function mapMessage(given: unknown, place: number): ImportedMessage {
  const value = isObject(given) ? given : {}
  const role = Role.safeParse(value.role)
  const parts = isObject(given) ? value.parts : [given]
  return {
    id: textOf(value.id) ?? `message-${place + 1}`,
    parent: textOf(value.parent),
    role: role.success ? role.data : 'system',
    author: textOf(value.author),
    createdAtMs: msOf(value.createdAt),
    branch: textOf(value.branch) ?? 'main',
    // What does not say that it may be shown is not shown.
    hidden: value.hidden !== false || !role.success,
    model: textOf(value.model),
    parts: (Array.isArray(parts) ? parts : [parts ?? null]).map(partOf),
  }
}

/** The part as it stands, or a block of a kind that is not known here. */
const partOf = (value: unknown): Part =>
  Part.safeParse(value).success ? (value as Part) : { type: 'unknown', raw: jsonText(value) }

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

function msOf(value: unknown): number | null {
  const ms = typeof value === 'string' && ISO_TIME.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? null : ms
}

function metaOf(value: unknown): Record<string, string> {
  const facts = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(facts.flatMap(([key, fact]) => (typeof fact === 'string' ? [[key, fact]] : [])))
}

/** Whether every message has an id of its own, stands after its parent, and names a branch that is there: what was stored
 *  is taken back in the order in which it was. */
function isOrdered(messages: readonly ImportedMessage[]): boolean {
  const ids = new Set(messages.map(message => message.id))
  const seen = new Set<string>()
  for (const { id, parent, branch } of messages) {
    if (seen.has(id) || (parent !== null && !seen.has(parent))) return false
    if (branch !== 'main' && !ids.has(branch)) return false
    seen.add(id)
  }
  return true
}

/** The tree of a document that somebody has changed. */
function ordered(messages: readonly ImportedMessage[]): ImportedMessage[] {
  const nodes = messages.map(message => ({ id: message.id, parent: message.parent, message }))
  const leaf = messages.findLast(message => message.branch === 'main')?.id ?? null
  return orderTree(nodes, { leaf, missing: 'each' })
}
