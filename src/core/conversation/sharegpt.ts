/** ShareGPT data sets: `conversations` of `from` and `value`, or of their twins `role` and `content`. */
import type { ImportedConversation, Part } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { type ConversationFormat, likest, type Mapped } from './format.ts'
import { htmlText, isHtmlAnswer } from './html-text.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonDocument,
  jsonText,
  nameOf,
  objectOf,
  parsedJson,
  textOf,
} from './json-values.ts'
import { Calls, callPart, openAiTurn, outputText } from './openai-turn.ts'
import { isTurn, readTurns, roleOf, type Turn, TurnList, textPart } from './turns.ts'

const PROVIDER = 'sharegpt'

/** Keys under which the turns stand, in the order in which they are looked for. */
const LISTS = ['conversations', 'conversation', 'items', 'messages'] as const

export const shareGpt: ConversationFormat = {
  name: 'sharegpt',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readTurns(records, context, mapConversation),
}

const isFromTurn = (value: unknown): boolean => isTurn(value) && typeof value.from === 'string'

/** A list of `role` and `content` counts under the two names only that no application gives to it. */
function likeness(value: unknown): number {
  if (Array.isArray(value)) return value.slice(0, 50).some(isFromTurn) ? 0.5 : 0
  if (!isObject(value)) return 0
  for (const key of LISTS) {
    const turns = arrayOf(value[key]).slice(0, 50)
    if (turns.some(isFromTurn)) return 0.9
    if ((key === 'conversations' || key === 'conversation') && turns.some(isTurn)) return 0.8
  }
  return isFromTurn(value) ? 0.5 : 0
}

function mapConversation(value: unknown, place: string, assets: AssetCollector): Mapped {
  const record = objectOf(value)
  const key = LISTS.find(each => Array.isArray(record[each]))
  const turns = Array.isArray(value) ? value : key === undefined ? null : arrayOf(record[key])
  if (turns === null) return { reason: 'it has no conversations' }
  if (turns.length > 0 && !turns.some(isTurn)) return { reason: 'none of its turns has a speaker and words' }
  const calls = new Calls()
  const list = new TurnList(PROVIDER)
  const system = textOf(record.system) ?? textOf(record.system_prompt)
  let last: string | null = null
  if (system !== null && !turns.some(turn => isTurn(turn) && wordsOf(turn) === system))
    last = list.add(hiddenText(system), null)
  for (const turn of turns) last = list.add(mapTurn(turn, calls, assets), last)
  const asked = last
  const chosen = list.add(mapTurn(record.chosen, calls, assets), asked)
  const rejected = list.add(mapTurn(record.rejected, calls, assets), asked)
  const messages = list.messages(chosen === asked ? rejected : chosen)
  if (messages.length === 0) return 'empty'
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    // Ids are often mere numbers: two files may have the same.
    sourceId: list.sourceId(idOf(record.id) ?? place),
    title: nameOf(record.title),
    model: nameOf(record.model),
    createdAtMs: null,
    updatedAtMs: null,
    messages,
    meta: {},
  }
  return conversation
}

const wordsOf = (turn: JsonObject): unknown => turn.value ?? turn.content

const hiddenText = (text: string): Turn => ({
  role: 'system',
  author: null,
  createdAtMs: null,
  hidden: true,
  model: null,
  parts: text === '' ? [] : [textPart(text.toWellFormed(), 'system')],
})

/** Speakers whose word names a product rather than a role. */
const PRODUCTS: ReadonlySet<string> = new Set(['chatgpt', 'bing', 'bard'])

function mapTurn(value: unknown, calls: Calls, assets: AssetCollector): Turn | null {
  if (!isObject(value)) return null
  if (typeof value.from !== 'string' && 'role' in value) return openAiTurn(value, calls, assets)
  const from = textOf(value.from) ?? 'unknown'
  const isCall = /^(?:function|tool)_call$/i.test(from)
  const known = isCall ? 'assistant' : roleOf(from)
  const role = known ?? 'system'
  let parts: Part[]
  if (isCall) parts = callParts(value.value, calls)
  else if (role === 'tool')
    parts = [
      { type: 'toolResult', callId: calls.answer(null), output: outputText(value.value), isError: false },
    ]
  else parts = saidParts(value.value, role === 'assistant', role)
  return {
    role,
    author: known === null || PRODUCTS.has(from.toLowerCase()) ? from : null,
    createdAtMs: null,
    hidden: role === 'system',
    model: null,
    parts,
  }
}

function saidParts(value: unknown, isAnswer: boolean, role: Turn['role']): Part[] {
  if (value === null || value === undefined || value === '') return []
  if (typeof value !== 'string') return [{ type: 'unknown', raw: jsonText(value) }]
  const text = (isAnswer && isHtmlAnswer(value) ? htmlText(value) : null) ?? value
  return text === '' ? [] : [textPart(text.toWellFormed(), role)]
}

/** One call, or several in a list, as JSON text or as they are; what is no JSON is the input of a call without a name. */
function callParts(value: unknown, calls: Calls): Part[] {
  const given = typeof value === 'string' ? parsedJson(value) : value
  if (typeof value === 'string' && given === undefined)
    return [{ type: 'toolCall', callId: calls.call(null), name: 'unknown', input: jsonDocument(value) }]
  return (Array.isArray(given) ? given : [given]).map(each => {
    const call = objectOf(each)
    const name = nameOf(call.name)
    return callPart(idOf(call.id), name, name === null ? each : (call.arguments ?? call.parameters), calls)
  })
}
