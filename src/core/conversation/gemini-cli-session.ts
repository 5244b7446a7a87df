/** One Gemini CLI session as its log is replayed: what was taken back or compressed away stays as a branch. */
import type { ImportedConversation, ImportedMessage, Role } from '../model/conversation.ts'
import { sourceIdOf } from './conversation-id.ts'
import { latestOf, metaOf } from './facts.ts'
import type { ReadContext } from './format.ts'
import { answerExtras, geminiParts, OpenCalls } from './gemini-parts.ts'
import { arrayOf, idOf, isObject, type JsonObject, jsonText, nameOf, timeOf } from './json-values.ts'
import { charsOf, firstPrompt, promptTitle } from './session-text.ts'
import { orderTree, type TreeNode } from './tree.ts'

export const PROVIDER = 'gemini-cli'

const SETTING_UP =
  /^\s*(?:<session_context>|This is the (?:Gemini CLI|Qwen Code)\. We are setting up the context)/
const SET_UP = 'Got it. Thanks for the context!'

interface Known {
  readonly messages: ImportedMessage[]
  readonly parent: string | null
  readonly chars: number
}

export class GeminiSession {
  readonly where: string
  chars = 0
  #id: string | null = null
  #title: string | null = null
  #startedAtMs: number | null = null
  #updatedAtMs: number | null = null
  #meta: Record<string, string> = {}
  #anonymous = 0
  readonly #calls = new OpenCalls()
  /** Everything that was ever said, by id, in the order of its first writing. */
  readonly #known = new Map<string, Known>()
  /** What stands now. */
  #active: string[] = []
  #place = new Map<string, number>()

  constructor(where: string) {
    this.where = where
  }

  /** Whether a record of this session id belongs to another session. */
  isOther(id: string | null): boolean {
    return id !== null && this.#id !== null && id !== this.#id
  }

  /** Takes the facts of a conversation record, whole or as set by `$set`. */
  describe(record: JsonObject): void {
    this.#id ??= idOf(record.sessionId)
    this.#title = nameOf(record.summary) ?? this.#title
    this.#startedAtMs ??= timeOf(record.startTime)
    this.#updatedAtMs = latestOf([this.#updatedAtMs, timeOf(record.lastUpdated)])
    this.#meta = {
      ...this.#meta,
      ...metaOf({ project: nameOf(record.projectHash), kind: nameOf(record.kind) }),
    }
  }

  /** Takes a list of messages as all that stands now. */
  replace(messages: readonly unknown[], context: ReadContext): void {
    const ids: string[] = []
    for (const message of messages) {
      const id = isObject(message) ? this.#keep(message, ids.at(-1) ?? null, context) : null
      if (id !== null) ids.push(id)
    }
    this.#active = [...new Set(ids)]
    this.#place = new Map(this.#active.map((id, at) => [id, at]))
  }

  /** Takes one message: in the place of the one with its id, or after all others. */
  upsert(message: JsonObject, context: ReadContext): void {
    const id = this.#keep(message, this.#active.at(-1) ?? null, context)
    if (this.#place.has(id)) return
    this.#place.set(id, this.#active.length)
    this.#active.push(id)
  }

  /** Takes back a message and all after it; an id that does not stand here takes back everything. */
  rewind(id: string | null): void {
    const at = id === null ? undefined : this.#place.get(id)
    for (const gone of this.#active.splice(at ?? 0)) this.#place.delete(gone)
  }

  #keep(record: JsonObject, before: string | null, context: ReadContext): string {
    const messages = this.#messagesOf(record, context)
    const last = messages.at(-1) as ImportedMessage
    const chars = messages.reduce((sum, { parts }) => sum + charsOf(parts), 0)
    const was = this.#known.get(last.id)
    this.chars += chars - (was?.chars ?? 0)
    this.#known.set(last.id, { messages, parent: was ? was.parent : before, chars })
    return last.id
  }

  /** The message, after what was put beside a prompt that is shown otherwise than it was sent. */
  #messagesOf(record: JsonObject, { assets }: ReadContext): ImportedMessage[] {
    const isContent = 'parts' in record
    const type = isContent ? record.role : record.type
    const isAnswer = type === 'gemini' || type === 'model' || type === 'assistant'
    const format = isAnswer ? 'md' : 'plain'
    const context = { assets, calls: this.#calls, format } as const
    const parts = geminiParts(isContent ? record.parts : record.content, context)
    if (isAnswer && !isContent) {
      const { thoughts, calls } = answerExtras(record)
      parts.unshift(...thoughts)
      parts.push(...calls)
    }
    const role = roleOf(type, isAnswer, parts)
    const createdAtMs = timeOf(record.timestamp)
    const id =
      idOf(record.id) ?? sourceIdOf(PROVIDER, String(this.#anonymous++), role, jsonText(parts), createdAtMs)
    const text = parts.find(part => part.type === 'text')?.text ?? ''
    const isSetUp = role === 'user' ? SETTING_UP.test(text) : isAnswer && text === SET_UP
    const message: ImportedMessage = {
      id,
      parent: null,
      role,
      author: role === 'system' ? nameOf(type) : null,
      createdAtMs,
      branch: 'main',
      hidden: role === 'system' || isSetUp,
      model: isAnswer ? nameOf(record.model) : null,
      parts,
    }
    const shown = isAnswer ? [] : geminiParts(record.displayContent, context)
    if (shown.length === 0 || jsonText(shown) === jsonText(parts)) return [message]
    const sent: ImportedMessage = { ...message, id: `${id}:sent`, role: 'system', hidden: true }
    return [sent, { ...message, parts: shown }]
  }

  /** The conversation, or null when nothing was said. */
  conversation(): ImportedConversation | null {
    const nodes: TreeNode[] = []
    for (const [id, { messages, parent }] of this.#known) {
      const at = this.#place.get(id)
      let above = at === undefined ? parent : (this.#active[at - 1] ?? null)
      for (const message of messages) {
        nodes.push({ id: message.id, parent: above, message: message.parts.length === 0 ? null : message })
        above = message.id
      }
    }
    const messages = orderTree(nodes, { leaf: this.#active.at(-1) ?? null, missing: 'each' })
    const first = messages[0]
    if (first === undefined) return null
    const model = messages.findLast(message => message.model !== null)?.model ?? null
    const createdAtMs = this.#startedAtMs ?? first.createdAtMs
    return {
      provider: PROVIDER,
      sourceId: this.#id ?? this.#likelyId(messages),
      title: this.#title ?? promptTitle(firstPrompt(messages)),
      model,
      createdAtMs,
      updatedAtMs: latestOf([this.#updatedAtMs, ...messages.map(message => message.createdAtMs)]),
      messages,
      meta: this.#meta,
    }
  }

  /** A saved chat has no id: its first visible question with its answer stands for it, however long it grows. */
  #likelyId(messages: readonly ImportedMessage[]): string {
    const visible = messages.filter(message => !message.hidden)
    const begin = (visible.length === 0 ? messages : visible).slice(0, 2)
    const text = jsonText(begin.map(({ role, parts }) => [role, parts]))
    return sourceIdOf(PROVIDER, 'checkpoint', 'user', text, begin[0]?.createdAtMs ?? null)
  }
}

function roleOf(type: unknown, isAnswer: boolean, parts: readonly { type: string }[]): Role {
  if (isAnswer) return 'assistant'
  if (type !== 'user') return 'system'
  const isResult = parts.some(part => part.type === 'toolResult')
  return isResult && parts.every(part => part.type !== 'text') ? 'tool' : 'user'
}

/** Whether a record is one piece of Gemini's `Content`. */
export function isContent(record: JsonObject): boolean {
  if (record.role !== 'user' && record.role !== 'model') return false
  return (
    Array.isArray(record.parts) && arrayOf(record.parts).every(part => isObject(part) && !('type' in part))
  )
}
