/** Chats of VS Code with Copilot: the export, the stored session, and the log of changes that took its place. */
import type { ImportedConversation, ImportedMessage, Part } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
import { promptParts, responseParts } from './copilot-chat-parts.ts'
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
import { isLogEntry, MutationLog } from './mutation-log.ts'
import type { RawRecord } from './record.ts'
import { firstPrompt, promptTitle } from './session-text.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'copilot-chat'

export const copilotChat: ConversationFormat = {
  name: 'copilot-chat',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: readChats,
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  if (isChat(value)) return 1
  if (value.kind === 0 && isObject(value.v)) return Array.isArray(value.v.requests) ? 1 : 0
  return isLogEntry(value) ? 0.4 : 0
}

const isChat = (value: JsonObject): boolean =>
  Array.isArray(value.requests) &&
  ('responderUsername' in value ||
    'initialLocation' in value ||
    ('sessionId' in value && ('creationDate' in value || 'version' in value)))

/** A log is replayed to its end before it is emitted; any other record is a chat by itself. */
async function* readChats(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncGenerator<Emitted> {
  const { sessionChars } = context.limits
  let log: MutationLog | null = null
  let begin = ''
  let bytes = 0
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad' || !isObject(record.value)) {
      const reason = record.kind === 'bad' ? record.reason : 'it is not an object'
      yield { kind: 'skipped', where, reason }
      continue
    }
    const { value } = record
    if (!isLogEntry(value)) {
      if (Array.isArray(value.requests)) yield await emit(value, where, context)
      else yield { kind: 'skipped', where, reason: 'it has no requests' }
      continue
    }
    if (value.kind === 0) {
      // The same chat written anew takes the place of what was before; another chat follows it.
      if (log !== null && idOf(objectOf(log.state).sessionId) !== idOf(objectOf(value.v).sessionId))
        yield await emit(log.state, begin, context)
      log = new MutationLog()
      begin = where
      bytes = 0
    }
    bytes += record.bytes
    if (log === null) yield { kind: 'skipped', where, reason: 'no chat stands before it' }
    else if (bytes > sessionChars)
      yield { kind: 'skipped', where, reason: `the session holds more than ${sessionChars} characters` }
    else {
      const refusal = log.apply(value)
      if (refusal !== null) yield { kind: 'skipped', where, reason: refusal }
    }
  }
  if (log !== null) yield await emit(log.state, begin, context)
}

async function emit(value: unknown, where: string, context: ReadContext): Promise<Emitted> {
  const conversation = mapChat(objectOf(value))
  await context.assets.settle()
  return conversation === null ? { kind: 'empty', where } : { kind: 'conversation', conversation, where }
}

function mapChat(chat: JsonObject): ImportedConversation | null {
  const nodes: TreeNode[] = []
  let before: string | null = null
  for (const [place, each] of arrayOf(chat.requests).entries()) {
    if (!isObject(each)) continue
    for (const message of messagesOf(each, place)) {
      nodes.push({ id: message.id, parent: before, message: message.parts.length === 0 ? null : message })
      before = message.id
    }
  }
  const messages = orderTree(nodes, { leaf: before, missing: 'each' })
  const first = messages[0]
  if (first === undefined) return null
  const createdAtMs = timeOf(chat.creationDate) ?? first.createdAtMs
  const times = messages.map(message => message.createdAtMs)
  return {
    provider: PROVIDER,
    sourceId: idOf(chat.sessionId) ?? sourceIdOf(PROVIDER, first.id, first.role, '', createdAtMs),
    title: nameOf(chat.customTitle) ?? nameOf(chat.computedTitle) ?? promptTitle(firstPrompt(messages)),
    model: messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs,
    updatedAtMs: latestOf([timeOf(chat.lastMessageDate), ...times]),
    messages,
    meta: metaOf({ location: nameOf(chat.initialLocation) }),
  }
}

/** The prompt and its response. */
function messagesOf(request: JsonObject, place: number): ImportedMessage[] {
  const prompt = promptParts(request)
  const createdAtMs = timeOf(request.timestamp)
  const id =
    idOf(request.requestId) ?? sourceIdOf(PROVIDER, String(place), 'user', jsonText(prompt), createdAtMs)
  // A turn that was undone stays in the file until the next one is sent.
  const isGone = request.isHidden === true || isObject(request.shouldBeRemovedOnSend)
  const model = nameOf(request.modelId) ?? nameOf(objectOf(objectOf(request.result).metadata).resolvedModel)
  const message = (role: 'user' | 'assistant', parts: Part[]): ImportedMessage => ({
    id: role === 'user' ? id : `${id}:response`,
    parent: null,
    role,
    author: null,
    createdAtMs,
    branch: 'main',
    // VS Code itself sends some prompts, as when a command has ended.
    hidden: isGone || (role === 'user' && request.isSystemInitiated === true),
    model: role === 'user' ? null : model,
    parts,
  })
  return [message('user', prompt), message('assistant', responseParts(request))]
}
