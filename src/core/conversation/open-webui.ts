/** Open WebUI: exported chats, and rows of the table `chat`, which hold the same. A tree of messages a chat. */
import type { ImportedConversation, ImportedMessage, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import { metaOf } from './facts.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
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
import { messageParts } from './open-webui-parts.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'open-webui'

export const openWebui: ConversationFormat = {
  name: 'open-webui',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapChat),
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  const chat = chatOf(value)
  const { history } = chat
  if (isObject(history) && isObject(history.messages)) return 1
  return isObject(value.chat) && ('history' in chat || ('messages' in chat && 'models' in chat)) ? 0.6 : 0
}

/** The chat inside its row; some exports are the chat itself. */
const chatOf = (value: JsonObject): JsonObject =>
  isObject(value.chat) ? value.chat : isObject(value.history) ? value : {}

const SYSTEM_ID = 'system-prompt'

function mapChat(value: unknown, assets: AssetCollector): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  const chat = chatOf(value)
  const history = objectOf(chat.history)
  const entries: [string | null, unknown][] = isObject(history.messages)
    ? Object.entries(history.messages)
    : arrayOf(chat.messages).map(each => [null, each])
  if (entries.length === 0 && !('history' in chat) && !('messages' in chat))
    return { reason: 'it has no chat' }
  const isTree = isObject(history.messages)
  const system = nameOf(objectOf(chat.params).system) ?? nameOf(chat.system)
  const nodes: TreeNode[] = []
  if (system !== null && entries.length > 0) nodes.push(systemNode(system))
  let before = nodes[0]?.id ?? null
  const root = before
  for (const [place, [key, each]] of entries.entries()) {
    if (!isObject(each)) continue
    const message = mapMessage(each, key, place, assets)
    const named = idOf(each.parentId)
    const parent = named ?? (isTree || 'parentId' in each ? root : before)
    nodes.push({ id: message.id, parent, message: message.parts.length === 0 ? null : message })
    before = message.id
  }
  // The order of keys is that of writing; a time only mends parents that are not there.
  const messages = orderTree(nodes, { leaf: idOf(history.currentId), missing: 'siblings' })
  const first = messages.find(message => message.id !== SYSTEM_ID)
  if (first === undefined) return 'empty'
  const model = nameOf(arrayOf(chat.models)[0])
  const createdAtMs = timeOf(value.created_at) ?? timeOf(chat.timestamp) ?? timeOf(value.timestamp)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId: idOf(value.id) ?? idOf(chat.id) ?? sourceIdOf(PROVIDER, first.id, first.role, '', createdAtMs),
    title: nameOf(value.title) ?? nameOf(chat.title),
    model: messages.findLast(message => message.model !== null)?.model ?? model,
    createdAtMs,
    updatedAtMs: timeOf(value.updated_at),
    messages,
    meta: metaOf({
      archived: isTrue(value.archived),
      pinned: isTrue(value.pinned),
      folder: idOf(value.folder_id),
    }),
  }
  return conversation
}

/** SQLite has no true. */
const isTrue = (value: unknown): string | null => (value === true || value === 1 ? 'true' : null)

const systemNode = (text: string): TreeNode => ({
  id: SYSTEM_ID,
  parent: null,
  message: {
    id: SYSTEM_ID,
    parent: null,
    role: 'system',
    author: null,
    createdAtMs: null,
    branch: 'main',
    hidden: true,
    model: null,
    parts: [{ type: 'text', text, format: 'plain' }],
  },
})

const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system', 'tool'])

function mapMessage(
  entry: JsonObject,
  key: string | null,
  place: number,
  assets: AssetCollector,
): ImportedMessage {
  const given = entry.role
  const isKnown = ROLES.has(given)
  const role: Role = isKnown ? (given as Role) : 'system'
  const parts = messageParts(entry, role, assets)
  const createdAtMs = timeOf(entry.timestamp)
  return {
    id:
      nameOf(key) ??
      idOf(entry.id) ??
      sourceIdOf(PROVIDER, String(place), role, jsonText(parts), createdAtMs),
    parent: null,
    role,
    author: isKnown ? null : nameOf(given),
    createdAtMs,
    branch: 'main',
    hidden: role === 'system',
    model: role === 'assistant' ? nameOf(entry.model) : null,
    parts,
  }
}
