/** Perplexity, in three shapes: the official export (threads of entries), and two of browser extensions (one thread a
 *  file; the older one an object around its turns, the newer one the answer of the web API). */
import type { ImportedConversation, ImportedMessage, Part } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
import { type ConversationFormat, type Emitted, likest, type ReadContext } from './format.ts'
import { arrayOf, idOf, isObject, type JsonObject, nameOf, objectOf, textOf, timeOf } from './json-values.ts'
import { answerParts, PROVIDER } from './perplexity-parts.ts'
import type { RawRecord } from './record.ts'
import { oneLine } from './title.ts'

export const perplexity: ConversationFormat = {
  name: 'perplexity',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: readThreads,
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  if (isTurn(value) || isThreadOfTurns(value)) return 0.9
  if (!Array.isArray(value.entries)) return 0
  if ('context_uuid' in value || isObject(value.thread_metadata)) return 1
  const first = objectOf(value.entries[0])
  return 'query_str' in first || ('entry_uuid' in first && 'query' in first) ? 1 : 0
}

/** A turn of the older extension. */
const isTurn = (value: JsonObject): boolean =>
  'query' in value &&
  'answer' in value &&
  ('uuid' in value || 'related_queries' in value || 'sources' in value)

/** A whole thread of the older extension, where it stands on a line of its own. */
const isThreadOfTurns = (value: JsonObject): boolean =>
  isObject(value.metadata) && isTurn(objectOf(arrayOf(value.conversations)[0]))

/** Every shape of a thread, told in one way. */
interface Thread {
  readonly id: string | null
  readonly title: string | null
  readonly createdAtMs: number | null
  readonly updatedAtMs: number | null
  readonly mode: string | null
  readonly entries: readonly unknown[]
}

async function* readThreads(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
): AsyncGenerator<Emitted> {
  const { sessionChars } = context.limits
  /** Turns that are records of their own are one thread as long as one object wraps them. */
  let turns: { head: JsonObject | undefined; where: string; entries: JsonObject[]; chars: number } | null =
    null
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad') {
      yield { kind: 'skipped', where, reason: record.reason }
      continue
    }
    const value = objectOf(record.value)
    if (isTurn(value) && !Array.isArray(value.entries)) {
      if (turns !== null && turns.head !== record.head) {
        yield emitted(threadOfTurns(turns.head, turns.entries), turns.where)
        turns = null
      }
      turns ??= { head: record.head, where, entries: [], chars: 0 }
      if (turns.chars + record.bytes > sessionChars) {
        yield { kind: 'skipped', where, reason: `the thread holds more than ${sessionChars} characters` }
        continue
      }
      turns.chars += record.bytes
      turns.entries.push(value)
    } else if (isThreadOfTurns(value))
      yield emitted(threadOfTurns(value, arrayOf(value.conversations).map(objectOf)), where)
    else if (Array.isArray(value.entries)) yield emitted(threadOf(value, value.entries), where)
    else {
      const reason = isObject(record.value) ? 'it has no entries' : 'it is not an object'
      yield { kind: 'skipped', where, reason }
    }
  }
  if (turns !== null) yield emitted(threadOfTurns(turns.head, turns.entries), turns.where)
}

function threadOf(value: JsonObject, entries: readonly unknown[]): Thread {
  const metadata = objectOf(value.thread_metadata)
  const first = objectOf(entries[0])
  return {
    id: idOf(value.context_uuid) ?? idOf(metadata.context_uuid) ?? idOf(first.context_uuid),
    title: nameOf(value.context_title) ?? nameOf(metadata.title) ?? nameOf(first.thread_title),
    createdAtMs: timeOf(value.created_at) ?? timeOf(metadata.created_at),
    updatedAtMs: timeOf(value.updated_at) ?? timeOf(metadata.updated_at),
    mode: nameOf(value.mode) ?? nameOf(metadata.mode) ?? nameOf(first.mode),
    entries,
  }
}

function threadOfTurns(head: JsonObject | undefined, entries: readonly JsonObject[]): Thread {
  const metadata = objectOf(head?.metadata)
  return {
    id: idOf(metadata.context_uuid) ?? idOf(metadata.thread_id) ?? idOf(entries[0]?.context_uuid),
    title: nameOf(metadata.thread_title) ?? nameOf(metadata.title),
    createdAtMs: timeOf(metadata.created_at),
    updatedAtMs: timeOf(metadata.updated_at),
    mode: nameOf(entries[0]?.mode),
    entries,
  }
}

function emitted(thread: Thread, where: string): Emitted {
  const conversation = conversationOf(thread)
  return conversation === null ? { kind: 'empty', where } : { kind: 'conversation', conversation, where }
}

function conversationOf(thread: Thread): ImportedConversation | null {
  const messages: ImportedMessage[] = []
  /** How often a question was asked before. */
  const asked = new Map<string, number>()
  let hasZone = true
  for (const each of thread.entries) {
    const entry = objectOf(each)
    hasZone &&= !isZoneless(entry.created_at) && !isZoneless(entry.timestamp)
    for (const message of turnOf(entry, asked)) {
      message.parent = messages.at(-1)?.id ?? null
      messages.push(message)
    }
  }
  const first = messages[0]
  if (first === undefined) return null
  let updatedAtMs = thread.updatedAtMs
  for (const { createdAtMs } of messages)
    if (createdAtMs !== null && (updatedAtMs === null || createdAtMs > updatedAtMs)) updatedAtMs = createdAtMs
  const meta: Record<string, string> = {}
  if (thread.mode !== null) meta.mode = thread.mode.slice(0, 200).toWellFormed()
  if (!hasZone) meta.timeZone = 'UTC assumed'
  return {
    provider: PROVIDER,
    sourceId: thread.id ?? sourceIdOf(PROVIDER, '', first.role, first.id, first.createdAtMs),
    title: thread.title === null ? null : oneLine(thread.title).slice(0, 1000).toWellFormed() || null,
    model: messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs: thread.createdAtMs ?? first.createdAtMs,
    updatedAtMs,
    messages,
    meta,
  }
}

const isZoneless = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-/.test(value) && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(value)

/** An entry is a question and its answer. The shapes share no ids of entries: a message is known by its question and how
 *  often that was asked before, so that a thread that comes from two of them is still one. */
function turnOf(entry: JsonObject, asked: Map<string, number>): ImportedMessage[] {
  const query = textOf(entry.query) ?? textOf(entry.query_str) ?? ''
  const question = oneLine(query).toLowerCase()
  const time = entry.created_at ?? entry.entry_created_datetime ?? entry.timestamp ?? entry.updated_datetime
  const createdAtMs = timeOf(time)
  const before = asked.get(question) ?? 0
  const common = { parent: null, author: null, createdAtMs, branch: 'main', hidden: false }
  const questionParts: Part[] = []
  if (query.trim() !== '') questionParts.push({ type: 'text', text: query, format: 'plain' })
  questionParts.push(...attachmentParts(entry.attachments))
  const answer = answerParts(entry)
  if (questionParts.length + answer.length === 0) return []
  asked.set(question, before + 1)
  const idFor = (role: 'user' | 'assistant') => sourceIdOf(PROVIDER, String(before), role, question, null)
  const messages: ImportedMessage[] = []
  if (questionParts.length > 0)
    messages.push({ ...common, id: idFor('user'), role: 'user', model: null, parts: questionParts })
  if (answer.length > 0) {
    const model = nameOf(entry.model) ?? nameOf(entry.display_model)
    messages.push({ ...common, id: idFor('assistant'), role: 'assistant', model, parts: answer })
  }
  return messages
}

/** Attachments are addresses, or objects that name themselves; their bytes are not in any export. */
function attachmentParts(value: unknown): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const file = objectOf(each)
    const named = nameOf(file.name) ?? nameOf(file.file_name) ?? nameOf(each) ?? nameOf(file.url)
    if (named === null) continue
    const name = named.split(/[?#]/)[0]?.split('/').at(-1) || named.slice(0, 200)
    parts.push({ type: 'attachment', name, mime: null, size: null, text: null, asset: null, missing: true })
  }
  return parts
}
