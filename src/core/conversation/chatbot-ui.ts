/** Chatbot UI: one file with `history`, `folders` and `prompts`; each conversation a list of `role` and `content`. */
import type { ImportedConversation } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import type { ConversationFormat, Emitted, ReadContext } from './format.ts'
import { idOf, isObject, type JsonObject, nameOf, objectOf } from './json-values.ts'
import { Calls, openAiTurn } from './openai-turn.ts'
import type { RawRecord } from './record.ts'
import { TurnList, textPart } from './turns.ts'

const PROVIDER = 'chatbot-ui'

export const chatbotUi: ConversationFormat = {
  name: 'chatbot-ui',
  provider: PROVIDER,
  detect: sample => (sample.some(isExport) ? 1 : 0),
  read,
}

const isExport = (value: unknown): value is JsonObject & { history: unknown[] } =>
  isObject(value) && Array.isArray(value.history) && Array.isArray(value.folders) && 'version' in value

async function* read(records: AsyncIterable<RawRecord>, context: ReadContext): AsyncGenerator<Emitted> {
  for await (const record of records) {
    const { where } = record
    if (record.kind === 'bad') yield { kind: 'skipped', where, reason: record.reason }
    else if (!isExport(record.value)) yield { kind: 'skipped', where, reason: 'it has no history' }
    else if (record.value.history.length === 0) yield { kind: 'empty', where }
    else
      for (const [place, entry] of record.value.history.entries()) {
        const at = `${where}, conversation ${place + 1}`
        const emitted = mapConversation(entry, String(place), at, context.assets)
        await context.assets.settle()
        yield emitted
      }
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i

function mapConversation(value: unknown, place: string, where: string, assets: AssetCollector): Emitted {
  if (!isObject(value) || !Array.isArray(value.messages))
    return { kind: 'skipped', where, reason: 'it has no messages' }
  const calls = new Calls()
  const list = new TurnList(PROVIDER)
  const prompt = nameOf(value.prompt)
  let last: string | null = null
  if (prompt !== null && value.messages.length > 0)
    last = list.add(
      {
        role: 'system',
        author: null,
        createdAtMs: null,
        hidden: true,
        model: null,
        parts: [textPart(prompt, 'system')],
      },
      null,
    )
  for (const turn of value.messages) last = list.add(openAiTurn(turn, calls, assets), last)
  const messages = list.messages(last)
  if (!messages.some(message => !message.hidden)) return { kind: 'empty', where }
  const id = idOf(value.id)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    // Older versions number their conversations: two files may have the same.
    sourceId: id !== null && UUID.test(id) ? id : list.sourceId(id ?? place),
    title: nameOf(value.name),
    model: nameOf(objectOf(value.model).id) ?? nameOf(value.model),
    createdAtMs: null,
    updatedAtMs: null,
    messages,
    meta: {},
  }
  return { kind: 'conversation', conversation, where }
}
