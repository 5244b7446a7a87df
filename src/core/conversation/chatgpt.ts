/** The ChatGPT data export: a tree of nodes per conversation under `mapping`, whole or slim (2026), sharded or not. */

import type { ImportedConversation, ImportedMessage, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { attachmentParts, citationParts, contentParts, isToolContent } from './chatgpt-parts.ts'
import { sourceIdOf } from './conversation-id.ts'
import { metaOf } from './facts.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
import { idOf, isObject, type JsonObject, nameOf, objectOf, textOf, timeOf } from './json-values.ts'
import { orderTree, type TreeNode } from './tree.ts'

const PROVIDER = 'chatgpt'

export const chatgpt: ConversationFormat = {
  name: 'chatgpt',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapConversation),
}

/** DeepSeek also has `mapping`, but `fragments` in its messages and `inserted_at` beside. */
function likeness(value: unknown): number {
  if (!isObject(value) || !isObject(value.mapping) || 'inserted_at' in value) return 0
  for (const node of Object.values(value.mapping)) {
    const message = objectOf(objectOf(node).message)
    if ('fragments' in message) return 0
    if (isObject(message.author)) return 1
  }
  return 'current_node' in value || 'create_time' in value || 'conversation_id' in value ? 0.4 : 0
}

const META: readonly (readonly [from: string, to: string])[] = [
  ['gizmo_id', 'gizmoId'],
  ['gizmo_type', 'gizmoType'],
  ['is_archived', 'archived'],
  ['is_starred', 'starred'],
  ['is_study_mode', 'studyMode'],
  ['is_do_not_remember', 'doNotRemember'],
  ['memory_scope', 'memoryScope'],
  ['voice', 'voice'],
  ['conversation_origin', 'origin'],
]
/** What is neither absent nor false. */
const factsOf = (value: JsonObject): Record<string, string | null> =>
  Object.fromEntries(META.map(([from, to]) => [to, value[from] === true ? 'true' : textOf(value[from])]))

function mapConversation(value: unknown, assets: AssetCollector): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  const { mapping } = value
  if (!isObject(mapping)) return { reason: 'it has no mapping' }
  const model = nameOf(value.default_model_slug)
  const nativeId = idOf(value.conversation_id) ?? idOf(value.id)
  const nodes: TreeNode[] = []
  const toolNodes = new Map<string, ToolNode>()
  for (const [key, entry] of Object.entries(mapping)) {
    if (!isObject(entry)) continue
    const id = key.toWellFormed()
    const parent = idOf(entry.parent)
    const message = isObject(entry.message) ? mapMessage(id, entry.message, nativeId, assets) : null
    if (message?.role === 'assistant') message.model ??= model
    nodes.push({ id, parent, message })
    if (
      message?.parts.some(part => part.type === 'toolCall' || part.type === 'toolResult') ||
      message?.role === 'tool'
    )
      toolNodes.set(id, { parent, message: message as ImportedMessage })
  }
  pairResults(toolNodes)
  // The order of keys means nothing and changes between exports; times only mend parents that are not there.
  nodes.sort((a, b) => (a.message?.createdAtMs ?? 0) - (b.message?.createdAtMs ?? 0))
  const messages = orderTree(nodes, { leaf: idOf(value.current_node), missing: 'siblings' })
  const first = messages[0]
  if (first === undefined) return 'empty'
  const createdAtMs = timeOf(value.create_time)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    sourceId: nativeId ?? sourceIdOf(PROVIDER, first.id, first.role, '', createdAtMs ?? first.createdAtMs),
    title: nameOf(value.title),
    model: model ?? messages.findLast(message => message.model !== null)?.model ?? null,
    createdAtMs,
    updatedAtMs: timeOf(value.update_time),
    messages,
    meta: metaOf(factsOf(value)),
  }
  return conversation
}

interface ToolNode {
  readonly parent: string | null
  readonly message: ImportedMessage
}

/** A result answers the nearest call above it; between them stand only other results of the same call. */
function pairResults(nodes: ReadonlyMap<string, ToolNode>): void {
  /** Known calls of result nodes, so that a long run of results is walked once. */
  const calls = new Map<string, string | null>()
  for (const [id, node] of nodes) {
    if (!node.message.parts.some(part => part.type === 'toolResult')) continue
    const walked = new Set([id])
    let at = node.parent
    while (at !== null && !calls.has(at) && !walked.has(at)) {
      const above = nodes.get(at)
      if (above?.message.role !== 'tool') break
      walked.add(at)
      at = above.parent
    }
    const call = at !== null && calls.has(at) ? (calls.get(at) ?? null) : at
    const isCall = call !== null && nodes.get(call)?.message.parts.some(part => part.type === 'toolCall')
    for (const each of walked) calls.set(each, call)
    for (const part of node.message.parts)
      if (part.type === 'toolResult') part.callId = isCall ? call : node.parent
  }
}

const ROLES: ReadonlySet<string> = new Set(['user', 'assistant', 'system', 'tool'])

/** A message with all its parts, or null when it shows nothing at all. */
function mapMessage(
  id: string,
  message: JsonObject,
  conversation: string | null,
  assets: AssetCollector,
): ImportedMessage | null {
  const author = objectOf(message.author)
  const content = objectOf(message.content)
  const metadata = objectOf(message.metadata)
  const kind = textOf(content.content_type) ?? ''
  const given = textOf(author.role) ?? 'unknown'
  const isContext = kind === 'user_editable_context' || kind === 'model_editable_context'
  const isKnown = ROLES.has(given)
  const role: Role = isContext || !isKnown ? 'system' : (given as Role)
  const recipient = nameOf(message.recipient) ?? 'all'
  const parts = contentParts({ id, role, recipient, kind, content, metadata, assets })
  parts.push(...attachmentParts(conversation, idOf(message.id) ?? id, metadata, parts, assets))
  parts.push(...citationParts(metadata, parts))
  if (parts.length === 0) return null
  const isFlagged = metadata.is_visually_hidden_from_conversation === true
  const isSystem = role === 'system' && metadata.is_user_system_message !== true
  const hidden = isFlagged || isSystem || isContext || !isKnown || isToolContent(kind)
  return {
    id,
    parent: null,
    role,
    author: nameOf(author.name) ?? (isKnown ? null : given),
    createdAtMs: timeOf(message.create_time),
    branch: 'main',
    hidden,
    model: nameOf(metadata.model_slug),
    parts,
  }
}
