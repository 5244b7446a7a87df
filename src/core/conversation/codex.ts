/** Codex CLI rollouts: JSONL of envelopes around response items and events, and the two older shapes of lines. The
 *  instructions of the program itself, and the history that a compaction repeats, are not imported. */
import { eventParts, type ItemParts, itemParts } from './codex-parts.ts'
import { CodexSession, PROVIDER } from './codex-session.ts'
import { type ConversationFormat, type Emitted, likest, type ReadContext } from './format.ts'
import { arrayOf, countOf, isObject, type JsonObject, nameOf, objectOf, timeOf } from './json-values.ts'
import type { RawRecord } from './record.ts'

export const codex: ConversationFormat = {
  name: 'codex',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: readRollout,
}

const ENVELOPES: ReadonlySet<unknown> = new Set([
  'session_meta',
  'response_item',
  'event_msg',
  'turn_context',
  'compacted',
])
const ITEMS: ReadonlySet<unknown> = new Set([
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'local_shell_call',
  'local_shell_call_output',
  'web_search_call',
])

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  if (ENVELOPES.has(value.type) && isObject(value.payload)) return 1
  if (isWhole(value)) return 0.9
  if (isHeader(value)) return 0.5
  if (ITEMS.has(value.type) && !('payload' in value) && !('message' in value)) {
    if (value.type !== 'message') return 'call_id' in value || 'summary' in value ? 0.5 : 0
    const kinds = arrayOf(value.content).map(piece => objectOf(piece).type)
    return kinds.some(kind => kind === 'input_text' || kind === 'output_text') ? 0.8 : 0
  }
  return isOldest(value) && 'model' in value ? 0.6 : 0
}

/** First line of a file of 2025: an id and a time, with the instructions that were read. */
const isHeader = (value: JsonObject): boolean =>
  !('type' in value) &&
  typeof value.id === 'string' &&
  typeof value.timestamp === 'string' &&
  ('instructions' in value || 'git' in value)

/** One object: what the first Codex CLI wrote. */
const isWhole = (value: JsonObject): boolean =>
  Array.isArray(value.items) && 'timestamp' in objectOf(value.session) && 'id' in objectOf(value.session)

/** The oldest lines: a flat record for each turn. */
const isOldest = (value: JsonObject): boolean =>
  !('type' in value) &&
  (value.role === 'user' || value.role === 'assistant') &&
  'content' in value &&
  timeOf(value.timestamp) !== null

interface Line {
  readonly type: unknown
  readonly payload: JsonObject
  readonly timeMs: number | null
}

/** A line of any age as an envelope; none for what is no part of a session. */
function* linesOf(value: JsonObject): Generator<Line> {
  const timeMs = timeOf(value.timestamp)
  if (isWhole(value)) {
    yield { type: 'session_meta', payload: objectOf(value.session), timeMs: null }
    for (const item of arrayOf(value.items)) if (isObject(item)) yield* linesOf(asItem(item))
  } else if (isObject(value.payload)) yield { type: value.type, payload: value.payload, timeMs }
  else if (isHeader(value)) yield { type: 'session_meta', payload: value, timeMs }
  else if (ITEMS.has(value.type)) yield { type: 'response_item', payload: value, timeMs }
  else if (isOldest(value)) {
    yield { type: 'turn_context', payload: { model: value.model }, timeMs }
    yield { type: 'response_item', payload: asItem(value), timeMs }
  }
}

const asItem = (value: JsonObject): JsonObject => ('type' in value ? value : { ...value, type: 'message' })

/** Reads a whole session before it is emitted: only then is known which events repeat an item. */
async function* readRollout(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
): AsyncGenerator<Emitted> {
  const { sessionChars, heldChars } = context.limits
  let session: CodexSession | null = null
  for await (const { where, ...record } of records) {
    if (record.kind === 'bad' || !isObject(record.value)) {
      const reason = record.kind === 'bad' ? record.reason : 'it is not an object'
      yield { kind: 'skipped', where, reason }
      continue
    }
    for (const line of linesOf(record.value)) {
      if (line.type === 'session_meta') {
        const next = sessionAfter(session, line, where)
        if (session !== null && next !== session && next.parent !== session.id) yield emit(session)
        session = next
        continue
      }
      session ??= new CodexSession({}, where, null)
      if (session.chars > sessionChars) {
        yield { kind: 'skipped', where, reason: `the session holds more than ${sessionChars} characters` }
        continue
      }
      for (const { teller, told } of take(session, line, context)) {
        await context.assets.settle()
        const shelf = session.chars > heldChars ? context.shelf : null
        session.add(teller, told, line.timeMs, shelf)
      }
    }
  }
  if (session !== null) yield emit(session)
}

function emit(session: CodexSession): Emitted {
  const { where } = session
  const conversation = session.conversation()
  return conversation === null ? { kind: 'empty', where } : { kind: 'conversation', conversation, where }
}

/** Whose lines follow a header: a repeated header changes nothing, that of a parent marks what is repeated of it, and a
 *  header that names this session as its parent, or has nothing to do with it, begins another. */
function sessionAfter(before: CodexSession | null, header: Line, where: string): CodexSession {
  const next = new CodexSession(header.payload, where, header.timeMs)
  if (before === null || (before.id === null && next.id !== null)) return next
  if (next.id === before.id) before.ownBegins()
  if (next.id === before.id || next.id === null) return before
  if (next.parent !== null && next.parent === before.id) return next
  const isOlder = (next.startedAtMs ?? 0) < (before.startedAtMs ?? 0)
  if (before.parent === null && !isOlder) return next
  before.replays()
  return before
}

interface Said {
  readonly teller: 'item' | 'event'
  readonly told: ItemParts
}

/** What a line says; what it changes of the session otherwise is done. */
function* take(
  session: CodexSession,
  { type, payload, timeMs }: Line,
  { assets }: ReadContext,
): Generator<Said> {
  if (session.isRepeated(timeMs)) return
  if (type === 'response_item') {
    const told = itemParts(payload, assets)
    if (told !== null) yield { teller: 'item', told }
  } else if (type === 'turn_context') {
    session.turnBegins(payload)
    session.setModel(nameOf(payload.model))
  } else if (type === 'compacted') {
    const text = nameOf(payload.message)
    if (text === null) return
    const parts: ItemParts['parts'] = [{ type: 'text', text, format: 'md' }]
    yield { teller: 'item', told: { role: 'system', author: null, hidden: true, parts, injected: [] } }
  } else if (type === 'event_msg') {
    if (payload.type === 'task_started' || payload.type === 'turn_started') session.turnBegins(payload)
    else if (payload.type === 'thread_name_updated') session.setName(nameOf(payload.thread_name))
    else if (payload.type === 'thread_rolled_back') session.goBack(countOf(payload.num_turns) ?? 0)
    else for (const told of eventParts(payload, assets)) yield { teller: 'event', told }
  }
}
