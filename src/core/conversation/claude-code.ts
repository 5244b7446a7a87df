/** Claude Code sessions: JSONL in which every line is an event, and user, assistant and system lines are the talk.
 *  Other lines matter as links of the chain from a line to its parent, and for titles. */
import { createHash } from 'node:crypto'
import type { ImportedMessage } from '../model/conversation.ts'
import { type LineParts, lineParts } from './claude-code-parts.ts'
import { PROVIDER, SessionFile, type SessionLine } from './claude-code-session.ts'
import { sourceIdOf } from './conversation-id.ts'
import type { ConversationFormat, Emitted, ReadContext } from './format.ts'
import { idOf, isObject, type JsonObject, jsonText, nameOf, objectOf, timeOf } from './json-values.ts'
import type { RawRecord } from './record.ts'
import { charsOf } from './session-text.ts'
import { LateMessage, Shelved } from './shelf.ts'

export const claudeCode: ConversationFormat = {
  name: 'claude-code',
  provider: PROVIDER,

  detect(sample) {
    let best = 0
    for (const value of sample) {
      // Gemini CLI has `sessionId` too, Codex has `payload`, Qwen Code has `parts` in its messages.
      if (isObject(value) && ('projectHash' in value || 'payload' in value)) return 0
      if (isObject(value) && 'parts' in objectOf(value.message)) return 0
      best = Math.max(best, likeness(value))
    }
    return best
  },

  read: readSession,
}

function likeness(value: unknown): number {
  if (!isObject(value) || typeof value.type !== 'string') return 0
  const isEvent = 'sessionId' in value || 'parentUuid' in value
  switch (value.type) {
    case 'user':
    case 'assistant':
      return isObject(value.message) && isEvent ? 1 : 0
    case 'system':
      return isEvent && 'uuid' in value ? 0.9 : 0
    case 'file-history-snapshot':
      return 'messageId' in value && 'snapshot' in value ? 0.4 : 0
    case 'summary':
      return 'leafUuid' in value && 'summary' in value ? 0.9 : 0
    default:
      return typeof value.sessionId === 'string' && Object.keys(value).length > 2 ? 0.5 : 0
  }
}

const CONFLICT = 'another line has the same uuid and other content; the first was kept'

/** Reads the whole file before it emits its sessions: only then is known what follows what. */
async function* readSession(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
): AsyncGenerator<Emitted> {
  const file = new SessionFile()
  const { sessionChars, heldChars } = context.limits
  let chars = 0
  let before: SessionLine | null = null
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad' || !isObject(record.value)) {
      const reason = record.kind === 'bad' ? record.reason : 'it is not an object'
      yield { kind: 'skipped', where, reason }
      continue
    }
    const value = record.value
    file.note(value, where)
    const line = lineOf(value, where, before, context)
    if (line === null) continue
    chars += line.chars
    if (chars > sessionChars) {
      chars -= line.chars
      yield { kind: 'skipped', where, reason: `the session holds more than ${sessionChars} characters` }
      continue
    }
    const added = file.add(line)
    if (added === 'conflict') yield { kind: 'skipped', where, reason: CONFLICT }
    if (added !== 'added') continue
    await context.assets.settle()
    const { shelf } = context
    if (shelf !== null && chars > heldChars && line.message !== null) {
      const shelved = Shelved.of(line.message.parts, shelf)
      if (shelved !== null) {
        line.message = new LateMessage(line.message, [shelved])
        chars -= line.chars - charsOf(line.injected)
      }
    }
    before = line
  }
  yield* file.conversations()
}

/** The line as a link of its chain, with its message if it is a turn; null when it is neither. */
function lineOf(
  value: JsonObject,
  where: string,
  before: SessionLine | null,
  context: ReadContext,
): SessionLine | null {
  const type = value.type
  const isTurn = type === 'user' || type === 'assistant' || type === 'system'
  const body = objectOf(value.message)
  const told = isTurn ? lineParts(value, context.assets) : null
  const createdAtMs = timeOf(value.timestamp)
  let uuid = idOf(value.uuid)
  if (uuid === null) {
    if (told === null || told.parts.length + told.injected.length === 0) return null
    uuid = sourceIdOf(PROVIDER, where, told.role, jsonText(told.parts), createdAtMs)
  }
  const isSide = value.isSidechain === true
  // Most lines are of the session of the one before: one copy of its id is enough.
  const session = idOf(value.sessionId)
  const compact = value.subtype === 'compact_boundary' ? objectOf(value.compactMetadata) : null
  return {
    uuid,
    parent: parentOf(value, compact !== null, before),
    session: session === before?.session ? before.session : (session ?? before?.session ?? ''),
    agent: isSide ? (idOf(value.agentId) ?? '') : null,
    where,
    message: told === null ? null : messageOf(value, uuid, body, told, createdAtMs),
    injected: told?.injected ?? [],
    calls: told?.calls ?? [],
    results: told?.results ?? [],
    answerId: type === 'assistant' ? idOf(body.id) : null,
    compact,
    createdAtMs,
    chars: told?.chars ?? 0,
    fingerprint: told === null ? '' : fingerprint(value),
    resultAgent: idOf(objectOf(value.toolUseResult).agentId),
  }
}

/** A boundary restarts the chain and names what it continues; a line without any parent key follows the one before. */
function parentOf(value: JsonObject, isBoundary: boolean, before: SessionLine | null): string | null {
  const parent = idOf(value.parentUuid)
  if (parent !== null) return parent
  const logical = idOf(value.logicalParentUuid)
  if (logical !== null) return logical
  return isBoundary || !('parentUuid' in value) ? (before?.uuid ?? null) : null
}

/** Two lines of one uuid conflict when what they say differs. */
const fingerprint = (value: JsonObject): string =>
  createHash('sha256')
    .update(jsonText([value.type, value.message, value.content]))
    .digest('base64url')
    .slice(0, 22)

function messageOf(
  value: JsonObject,
  uuid: string,
  body: JsonObject,
  told: LineParts,
  createdAtMs: number | null,
): ImportedMessage | null {
  if (told.parts.length === 0) return null
  const model = nameOf(body.model)
  const isLocal = model === '<synthetic>' || value.isApiErrorMessage === true
  return {
    id: uuid,
    parent: null,
    role: told.role,
    author: isLocal ? PROVIDER : null,
    createdAtMs,
    branch: 'main',
    hidden: told.hidden,
    model: isLocal ? null : model,
    parts: told.parts,
  }
}
