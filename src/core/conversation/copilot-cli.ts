/** Copilot CLI sessions: JSONL of events, each naming the one before it. What a sub-agent says is a conversation of its
 *  own; what the program sends in the place of a prompt is not imported. */
import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
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
  textOf,
  timeOf,
} from './json-values.ts'
import type { RawRecord } from './record.ts'
import { charsOf, firstPrompt, promptTitle } from './session-text.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'copilot-cli'

export const copilotCli: ConversationFormat = {
  name: 'copilot-cli',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: readSession,
}

const TURNS: ReadonlySet<unknown> = new Set([
  'session.start',
  'session.resume',
  'user.message',
  'assistant.message',
  'assistant.turn_start',
  'tool.execution_start',
  'tool.execution_complete',
])

const likeness = (value: unknown): number =>
  isObject(value) && TURNS.has(value.type) && isObject(value.data) && ('id' in value || 'timestamp' in value)
    ? 1
    : 0

interface Told {
  readonly role: Role
  readonly parts: Part[]
  readonly hidden: boolean
}

class Session {
  readonly where: string
  chars = 0
  id: string | null = null
  title: string | null = null
  model: string | null = null
  startedAtMs: number | null = null
  meta: Record<string, string> = {}
  readonly calls = new Set<string>()
  /** Nodes of the session itself under '', and of each sub-agent under the call that started it. */
  readonly #threads = new Map<string, TreeNode[]>([['', []]])
  #before: string | null = null
  #place = 0

  constructor(where: string) {
    this.where = where
  }

  add(event: JsonObject, told: Told | null): void {
    const createdAtMs = timeOf(event.timestamp)
    const id =
      idOf(event.id) ??
      sourceIdOf(PROVIDER, String(this.#place++), told?.role ?? '', jsonText(told?.parts ?? []), createdAtMs)
    const parent = 'parentId' in event ? idOf(event.parentId) : this.#before
    const agentCall = idOf(objectOf(event.data).parentToolCallId) ?? ''
    const message = told === null || told.parts.length === 0 ? null : this.#message(id, told, createdAtMs)
    this.chars += charsOf(message?.parts ?? [])
    this.#before = id
    const main = this.#threads.get('') as TreeNode[]
    main.push({ id, parent, message: agentCall === '' ? message : null })
    if (agentCall === '' || message === null) return
    const thread = this.#threads.get(agentCall) ?? []
    this.#threads.set(agentCall, thread)
    thread.push({ id, parent: thread.at(-1)?.id ?? null, message })
  }

  #message(id: string, { role, parts, hidden }: Told, createdAtMs: number | null): ImportedMessage {
    const model = role === 'assistant' ? this.model : null
    return { id, parent: null, role, author: null, createdAtMs, branch: 'main', hidden, model, parts }
  }

  *emitted(): Generator<Emitted> {
    const { where } = this
    for (const [call, nodes] of this.#threads) {
      const conversation = this.#conversation(call, nodes)
      if (conversation !== null) yield { kind: 'conversation', conversation, where }
      else if (call === '') yield { kind: 'empty', where }
    }
  }

  #conversation(call: string, nodes: readonly TreeNode[]): ImportedConversation | null {
    const messages = orderTree(nodes, { leaf: nodes.at(-1)?.id ?? null, missing: 'each' })
    const first = messages[0]
    if (first === undefined) return null
    const isMain = call === ''
    const createdAtMs = (isMain ? this.startedAtMs : null) ?? first.createdAtMs
    const session = this.id ?? sourceIdOf(PROVIDER, nodes[0]?.id ?? first.id, '', '', null)
    return {
      provider: PROVIDER,
      sourceId: isMain ? session : `${session}/${call}`,
      title: (isMain ? this.title : null) ?? promptTitle(firstPrompt(messages)),
      model: messages.findLast(message => message.model !== null)?.model ?? null,
      createdAtMs,
      updatedAtMs: latestOf(messages.map(message => message.createdAtMs)),
      messages,
      meta: isMain ? this.meta : { ...this.meta, ...metaOf({ parentSession: session, parentCall: call }) },
    }
  }
}

/** Reads a whole session before it is emitted. */
async function* readSession(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
): AsyncGenerator<Emitted> {
  const { sessionChars } = context.limits
  let session: Session | null = null
  for await (const { where, ...record } of records) {
    if (record.kind === 'bad' || !isObject(record.value)) {
      const reason = record.kind === 'bad' ? record.reason : 'it is not an object'
      yield { kind: 'skipped', where, reason }
      continue
    }
    const event = record.value
    const data = objectOf(event.data)
    if (event.type === 'session.start' && session?.id && session.id !== idOf(data.sessionId)) {
      yield* session.emitted()
      session = null
    }
    if (typeof event.type !== 'string' || !isObject(event.data)) continue
    session ??= new Session(where)
    if (session.chars > sessionChars) {
      yield { kind: 'skipped', where, reason: `the session holds more than ${sessionChars} characters` }
      continue
    }
    describe(session, event.type, data)
    session.add(event, toldBy(session, event.type, data))
  }
  if (session !== null) yield* session.emitted()
}

function describe(session: Session, type: string, data: JsonObject): void {
  session.model = nameOf(data.newModel) ?? nameOf(data.selectedModel) ?? nameOf(data.model) ?? session.model
  if (type === 'session.title_changed') session.title = nameOf(data.title) ?? session.title
  if (type !== 'session.start') return
  const place = objectOf(data.context)
  session.id ??= idOf(data.sessionId)
  session.startedAtMs ??= timeOf(data.startTime)
  session.meta = metaOf({
    cwd: nameOf(place.cwd),
    gitBranch: nameOf(place.branch),
    version: nameOf(data.copilotVersion),
  })
}

function toldBy(session: Session, type: string, data: JsonObject): Told | null {
  switch (type) {
    case 'user.message': {
      const source = nameOf(data.source)
      const hidden = source !== null && source !== 'user'
      return { role: 'user', parts: [...textParts(data.content, 'plain'), ...attachments(data)], hidden }
    }
    case 'assistant.message':
      return { role: 'assistant', parts: answerParts(session, data), hidden: false }
    case 'assistant.reasoning': {
      const text = textOf(data.content) ?? ''
      const parts: Part[] = text === '' ? [] : [{ type: 'thinking', text, summary: null, opaque: false }]
      return { role: 'assistant', parts, hidden: false }
    }
    case 'tool.execution_start': {
      const callId = idOf(data.toolCallId)
      if (callId !== null && session.calls.has(callId)) return null
      if (callId !== null) session.calls.add(callId)
      return { role: 'assistant', parts: [callPart(callId, data.toolName, data.arguments)], hidden: false }
    }
    case 'tool.execution_complete':
      return { role: 'tool', parts: [resultPart(data)], hidden: false }
    case 'system.message':
    case 'skill.invoked':
      return { role: 'system', parts: textParts(data.content, 'md'), hidden: true }
    case 'session.compaction_complete':
      return { role: 'system', parts: textParts(data.summaryContent, 'md'), hidden: true }
    case 'session.info':
    case 'session.warning':
    case 'session.error':
      return { role: 'system', parts: textParts(data.message, 'plain'), hidden: true }
    default:
      return null
  }
}

function textParts(value: unknown, format: 'md' | 'plain'): Part[] {
  const text = textOf(value) ?? ''
  return text.trim() === '' ? [] : [{ type: 'text', text, format }]
}

function attachments(data: JsonObject): Part[] {
  return arrayOf(data.attachments).flatMap((each): Part[] => {
    const file = objectOf(each)
    const name = nameOf(file.displayName) ?? nameOf(file.path)?.split(/[\\/]/).at(-1) ?? null
    const text = textOf(file.text)
    const missing = text === null
    return name === null
      ? []
      : [{ type: 'attachment', name, mime: nameOf(file.mimeType), size: null, text, asset: null, missing }]
  })
}

function answerParts(session: Session, data: JsonObject): Part[] {
  const parts: Part[] = []
  const reasoning = textOf(data.reasoningText) ?? ''
  const isSealed = nameOf(data.reasoningOpaque) !== null || nameOf(data.encryptedContent) !== null
  if (reasoning !== '' || isSealed)
    parts.push({ type: 'thinking', text: reasoning, summary: null, opaque: reasoning === '' })
  parts.push(...textParts(data.content, 'md'))
  for (const each of arrayOf(data.toolRequests)) {
    const request = objectOf(each)
    const callId = idOf(request.toolCallId)
    if (callId !== null) session.calls.add(callId)
    parts.push(callPart(callId, request.name, request.arguments))
  }
  return parts
}

const callPart = (callId: string | null, name: unknown, input: unknown): Part => ({
  type: 'toolCall',
  callId,
  name: nameOf(name) ?? 'unknown',
  input: jsonText(input ?? {}),
})

function resultPart(data: JsonObject): Part {
  const { result, error } = data
  const output =
    textOf(result) ??
    textOf(objectOf(result).content) ??
    textOf(objectOf(error).message) ??
    jsonText(result ?? error ?? null)
  return { type: 'toolResult', callId: idOf(data.toolCallId), output, isError: data.success === false }
}
