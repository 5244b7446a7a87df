/** Conversations that are lists of turns without ids: ids by hash, so that a list that has grown is known again. */
import type { ImportedMessage, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import type { Emitted, Mapped, ReadContext } from './format.ts'
import { isObject, type JsonObject } from './json-values.ts'
import type { RawRecord } from './record.ts'
import { orderTree, type TreeNode } from './tree.ts'

/** What a turn says; its id and place are the list's to give. */
export type Turn = Omit<ImportedMessage, 'id' | 'parent' | 'branch'>

const ROLES: Readonly<Record<string, Role>> = {
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  model: 'assistant',
  ai: 'assistant',
  bot: 'assistant',
  system: 'system',
  developer: 'system',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
  tool_response: 'tool',
  function_response: 'tool',
}

/** The role that a data set's word means, or null for a word that is not known. */
export const roleOf = (word: string): Role | null =>
  Object.hasOwn(ROLES, word.toLowerCase()) ? (ROLES[word.toLowerCase()] as Role) : null

/** Keys that messages of applications have and turns of a data set do not. */
const OF_APPLICATIONS = ['chatId', 'messageId', 'sessionId', 'uuid', 'versions', 'thread_id', 'payload']

/** Whether a value is a turn: `role` with `content` or calls, or `from` with `value`. */
export function isTurn(value: unknown): value is JsonObject {
  if (!isObject(value) || OF_APPLICATIONS.some(key => key in value)) return false
  return isRoleTurn(value) || (typeof value.from === 'string' && 'value' in value)
}

export const isRoleTurn = (value: JsonObject): boolean =>
  typeof value.role === 'string' && ('content' in value || 'tool_calls' in value || 'function_call' in value)

/** Text from a user is shown as it is, text from a model is Markdown. */
export const textPart = (text: string, role: Role): Part => ({
  type: 'text',
  text,
  format: role === 'user' ? 'plain' : 'md',
})

/** All words in parts, for hashing: how they are cut into parts may change between versions of a reader. */
function wordsOf(parts: readonly Part[]): string {
  const words: string[] = []
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'code' || part.type === 'thinking') words.push(part.text)
    else if (part.type === 'toolCall') words.push(part.name, part.input)
    else if (part.type === 'toolResult') words.push(part.output)
    else if (part.type === 'attachment') words.push(part.name)
    else if (part.type === 'unknown') words.push(part.raw)
    else if (part.type === 'image') words.push(part.alt ?? '')
  }
  return words.join('\n')
}

const OPENING_ANSWERS = 2

/** Builds a conversation out of turns. A message's id is a hash of its role, its words and how often they came before:
 *  what is added, taken out or edited elsewhere does not change it. */
export class TurnList {
  readonly #provider: string
  readonly #nodes: TreeNode[] = []
  readonly #seen = new Map<string, number>()
  /** The words up to the second answer: what tells one conversation from another when it has no id. Greetings are often
   *  answered alike, so that the first answer is not enough. */
  readonly #opening: string[] = []
  #answers = 0

  constructor(provider: string) {
    this.#provider = provider
  }

  /** Adds a turn under a message. @returns its id, or the parent's when the turn shows nothing. */
  add(turn: Turn | null, parent: string | null): string | null {
    if (turn === null || turn.parts.length === 0) return parent
    const words = wordsOf(turn.parts)
    if (this.#answers < OPENING_ANSWERS) this.#opening.push(turn.role, words)
    if (turn.role === 'assistant') this.#answers++
    const hash = sourceIdOf(this.#provider, '', turn.role, words, null)
    const before = this.#seen.get(hash) ?? 0
    this.#seen.set(hash, before + 1)
    const id = before === 0 ? hash : sourceIdOf(this.#provider, String(before), turn.role, words, null)
    this.#nodes.push({ id, parent, message: { ...turn, id, parent, branch: 'main' } })
    return id
  }

  /** A conversation's id: a hash over where it stands and its words up to the second answer. */
  sourceId(place: string, createdAtMs: number | null = null): string {
    return sourceIdOf(this.#provider, place, '', JSON.stringify(this.#opening), createdAtMs)
  }

  /** @param leaf - the end of the active branch, or null for the newest */
  messages(leaf: string | null): ImportedMessage[] {
    return orderTree(this.#nodes, { leaf, missing: 'each' })
  }
}

/** `read` for formats in which a record is a conversation, or a turn of the one conversation that the file is. */
export async function* readTurns(
  records: AsyncIterable<RawRecord>,
  context: ReadContext,
  map: (value: unknown, place: string, assets: AssetCollector) => Mapped,
): AsyncGenerator<Emitted> {
  const loose: { turns: JsonObject[]; where: string; bytes: number } = { turns: [], where: '', bytes: 0 }
  const { assets, limits } = context
  let place = 0
  const emit = async (value: unknown, where: string, at: string): Promise<Emitted> => {
    const mapped = map(value, at, assets)
    await assets.settle()
    if (mapped === 'empty') return { kind: 'empty', where }
    if ('reason' in mapped) return { kind: 'skipped', where, reason: mapped.reason }
    return { kind: 'conversation', conversation: mapped, where }
  }
  for await (const record of records) {
    const { where } = record
    place++
    if (record.kind === 'bad') yield { kind: 'skipped', where, reason: record.reason }
    else if (!isTurn(record.value)) yield await emit(record.value, where, String(place))
    else if (loose.bytes + record.bytes > limits.recordBytes)
      yield { kind: 'skipped', where, reason: `the conversation is longer than ${limits.recordBytes} bytes` }
    else {
      if (loose.turns.length === 0) loose.where = where
      loose.turns.push(record.value)
      loose.bytes += record.bytes
    }
  }
  if (loose.turns.length > 0) yield await emit(loose.turns, loose.where, '')
}
