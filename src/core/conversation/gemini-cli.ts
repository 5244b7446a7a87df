/** Gemini CLI: sessions as one object or as a log of operations, and chats saved as a list of contents. */
import { type ConversationFormat, type Emitted, likest, type ReadContext } from './format.ts'
import { GeminiSession, isContent, PROVIDER } from './gemini-cli-session.ts'
import { arrayOf, idOf, isObject, type JsonObject, nameOf, objectOf } from './json-values.ts'
import type { RawRecord } from './record.ts'

export const geminiCli: ConversationFormat = {
  name: 'gemini-cli',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: readSessions,
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  if (typeof value.sessionId === 'string' && typeof value.projectHash === 'string') return 1
  if (typeof value.sessionId === 'string' && Array.isArray(value.messages) && 'startTime' in value) return 0.9
  if (isSaved(value)) return 0.8
  if (isContent(value) && arrayOf(value.parts).length > 0) return 0.7
  if (isOperation(value)) return 0.6
  return value.type === 'gemini' && isMessage(value) ? 0.6 : 0
}

/** `/chat save` with the way of signing in beside the history. */
const isSaved = (value: JsonObject): boolean => {
  const first = arrayOf(value.history)[0]
  return isObject(first) && isContent(first)
}

const isOperation = (value: JsonObject): boolean =>
  Object.keys(value).length === 1 && (isObject(value.$set) || typeof value.$rewindTo === 'string')

/** Kinds of messages that are not known here are kept, too. */
const isMessage = (value: JsonObject): boolean =>
  typeof value.type === 'string' && 'content' in value && ('id' in value || 'timestamp' in value)

/** Replays a whole session before it is emitted: a later line may take everything back. */
async function* readSessions(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
): AsyncGenerator<Emitted> {
  const { sessionChars } = context.limits
  let session: GeminiSession | null = null
  for await (const { where, ...record } of records) {
    if (record.kind === 'bad' || !isObject(record.value)) {
      const reason = record.kind === 'bad' ? record.reason : 'it is not an object'
      yield { kind: 'skipped', where, reason }
      continue
    }
    const { value } = record
    const isRecord = nameOf(value.sessionId) !== null && !isMessage(value)
    if (session?.isOther(isRecord ? idOf(value.sessionId) : null)) {
      yield emit(session)
      session = null
    }
    session ??= new GeminiSession(where)
    if (session.chars > sessionChars) {
      yield { kind: 'skipped', where, reason: `the session holds more than ${sessionChars} characters` }
      continue
    }
    take(session, value, isRecord, context)
    await context.assets.settle()
  }
  if (session !== null) yield emit(session)
}

function emit(session: GeminiSession): Emitted {
  const { where } = session
  const conversation = session.conversation()
  return conversation === null ? { kind: 'empty', where } : { kind: 'conversation', conversation, where }
}

function take(session: GeminiSession, value: JsonObject, isRecord: boolean, context: ReadContext): void {
  if (isRecord) {
    session.describe(value)
    setMessages(session, value.messages, context)
  } else if ('$set' in value) {
    const set = objectOf(value.$set)
    session.describe(set)
    setMessages(session, set.messages, context)
  } else if ('$rewindTo' in value) session.rewind(idOf(value.$rewindTo))
  else if (isSaved(value)) session.replace(arrayOf(value.history), context)
  else if (isContent(value) || isMessage(value)) session.upsert(value, context)
}

/** An empty list sets nothing. */
function setMessages(session: GeminiSession, messages: unknown, context: ReadContext): void {
  if (Array.isArray(messages) && messages.length > 0) session.replace(messages, context)
}
