/** OpenAI messages: JSONL of `messages` as for fine-tuning, preference rows, one object, a bare list of turns. */

import type { ImportedConversation } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { metaOf } from './facts.ts'
import { type ConversationFormat, likest, type Mapped } from './format.ts'
import { arrayOf, idOf, isObject, type JsonObject, nameOf, objectOf, timeOf } from './json-values.ts'
import { Calls, openAiTurn } from './openai-turn.ts'
import { isRoleTurn, isTurn, readTurns, TurnList } from './turns.ts'

const PROVIDER = 'openai-messages'

export const openAiMessages: ConversationFormat = {
  name: 'openai-messages',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readTurns(records, context, mapConversation),
}

const isMessage = (value: unknown): boolean => isTurn(value) && isRoleTurn(value)

/** A turn by itself says little: whoever has more of its own in its records is surer. */
function likeness(value: unknown): number {
  if (Array.isArray(value)) return value.slice(0, 50).some(isMessage) ? 0.5 : 0
  // Open WebUI repeats the messages of its `history` in a list.
  if (!isObject(value) || isObject(value.history)) return 0
  if (isPreference(value)) return 0.9
  if (arrayOf(value.messages).slice(0, 50).some(isMessage)) return 0.7
  return isMessage(value) && !isOfLog(value) ? 0.45 : 0
}

/** A session log may have lines with role and content, beside what makes it a log. */
const isOfLog = (value: JsonObject): boolean => 'timestamp' in value || value.type === 'message'

const isPreference = (value: JsonObject): boolean =>
  isObject(value.input) && ('preferred_output' in value || 'non_preferred_output' in value)

function mapConversation(value: unknown, place: string, assets: AssetCollector): Mapped {
  const record = objectOf(value)
  const turns = Array.isArray(value)
    ? value
    : isPreference(record)
      ? objectOf(record.input).messages
      : record.messages
  if (!Array.isArray(turns)) return { reason: 'it has no messages' }
  if (turns.length > 0 && !turns.some(isMessage))
    return { reason: 'none of its messages has a role and content' }
  const calls = new Calls()
  const list = new TurnList(PROVIDER)
  let last: string | null = null
  for (const turn of turns) last = list.add(openAiTurn(turn, calls, assets), last)
  const asked = last
  for (const turn of arrayOf(record.preferred_output)) last = list.add(openAiTurn(turn, calls, assets), last)
  let other = asked
  for (const turn of arrayOf(record.non_preferred_output))
    other = list.add(openAiTurn(turn, calls, assets), other)
  const messages = list.messages(last === asked ? other : last)
  if (messages.length === 0) return 'empty'
  const id = idOf(record.id) ?? idOf(record.conversation_id)
  const createdAtMs = timeOf(record.created_at) ?? timeOf(record.created)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    // Ids of data sets are often mere numbers: two files may have the same.
    sourceId: list.sourceId(id ?? place),
    title: nameOf(record.title) ?? nameOf(record.name),
    model: nameOf(record.model) ?? messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs,
    updatedAtMs: timeOf(record.updated_at),
    messages,
    meta: toolsOf(record),
  }
  return conversation
}

/** The names of the tools that the model was given. */
function toolsOf(record: JsonObject): Record<string, string> {
  const names = [...arrayOf(record.tools), ...arrayOf(record.functions)].flatMap(each => {
    const tool = objectOf(each)
    return nameOf(objectOf(tool.function).name) ?? nameOf(tool.name) ?? []
  })
  return metaOf({ tools: names.join(', ') })
}
