/** LM Studio: one conversation a file, each message with versions of which one is selected; no id stands inside. */

import type { ImportedConversation, Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import { latestOf } from './facts.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
import { imageFromUrl } from './image-url.ts'
import {
  arrayOf,
  countOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  textOf,
  timeOf,
} from './json-values.ts'
import { Calls, callPart, outputText } from './openai-turn.ts'
import { roleOf, type Turn, TurnList, textPart } from './turns.ts'

const PROVIDER = 'lm-studio'

export const lmStudio: ConversationFormat = {
  name: 'lm-studio',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) => readEach(records, context, mapConversation),
}

function likeness(value: unknown): number {
  if (!isObject(value) || !Array.isArray(value.messages)) return 0
  for (const message of value.messages.slice(0, 50)) {
    const { versions } = objectOf(message)
    if (Array.isArray(versions) && versions.some(version => 'role' in objectOf(version))) return 1
  }
  return 'lastUsedModel' in value && 'createdAt' in value ? 0.6 : 0
}

function mapConversation(value: unknown, assets: AssetCollector): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  if (!Array.isArray(value.messages)) return { reason: 'it has no messages' }
  const model = modelOf(value.lastUsedModel)
  const list = new TurnList(PROVIDER)
  const prompt = nameOf(value.systemPrompt)
  let last: string | null = null
  let opening: string | null = null
  if (prompt !== null) last = list.add(systemTurn(prompt), null)
  for (const entry of value.messages) {
    const versions = arrayOf(objectOf(entry).versions)
    const selected = countOf(objectOf(entry).currentlySelected) ?? 0
    const before: string | null = last
    for (const [place, version] of versions.entries()) {
      if (!isObject(version)) continue
      const turn = mapVersion(version, assets)
      opening ??= turn.parts.length === 0 ? null : jsonText(version.content ?? version.steps)
      const id = list.add(turn, before)
      if (place === selected || last === before) last = id
    }
  }
  if (opening === null) return 'empty'
  const createdAtMs = timeOf(value.createdAt)
  const messages = list.messages(last)
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    // The name and the choice of a version change, the first words do not.
    sourceId: sourceIdOf(PROVIDER, '', '', opening, createdAtMs),
    title: nameOf(value.name),
    model,
    createdAtMs,
    updatedAtMs: latestOf([timeOf(value.userLastMessagedAt), timeOf(value.assistantLastMessagedAt)]),
    messages,
    meta: value.pinned === true ? { pinned: 'true' } : {},
  }
  return conversation
}

const modelOf = (value: unknown): string | null =>
  nameOf(value) ?? nameOf(objectOf(value).identifier) ?? nameOf(objectOf(value).indexedModelIdentifier)

const systemTurn = (text: string): Turn => ({
  role: 'system',
  author: null,
  createdAtMs: null,
  hidden: true,
  model: null,
  parts: [textPart(text, 'system')],
})

function mapVersion(version: JsonObject, assets: AssetCollector): Turn {
  const given = textOf(version.role) ?? 'unknown'
  const known = roleOf(given)
  const role = known ?? 'system'
  const calls = new Calls()
  const parts = arrayOf(version.content).flatMap(block => blockParts(block, role, calls, assets))
  let model: string | null = null
  let createdAtMs: number | null = null
  for (const each of arrayOf(version.steps)) {
    const step = objectOf(each)
    createdAtMs ??= timeOfStep(step)
    model ??= modelOf(step.genInfo)
    if (step.type === 'contentBlock') parts.push(...stepParts(step, role, calls, assets))
    else if (!PASSED.has(textOf(step.type) ?? '')) parts.push({ type: 'unknown', raw: jsonText(each) })
  }
  model ??= nameOf(objectOf(version.senderInfo).senderName)
  return {
    role,
    author: known === null ? given : null,
    createdAtMs,
    hidden: role === 'system',
    model: role === 'assistant' ? model : null,
    parts,
  }
}

/** Steps that tell how a run went and nothing that was said. */
const PASSED: ReadonlySet<string> = new Set(['toolStatus', 'debugInfoBlock', 'status'])

/** A step's identifier begins with the milliseconds at which it was made. */
function timeOfStep(step: JsonObject): number | null {
  const match = /^(\d{13})-0\.\d+$/.exec(textOf(step.stepIdentifier) ?? '')
  return match === null ? null : timeOf(Number(match[1]))
}

function stepParts(step: JsonObject, role: Role, calls: Calls, assets: AssetCollector): Part[] {
  const blocks = arrayOf(step.content)
  const isThinking = objectOf(step.style).type === 'thinking'
  if (!isThinking) return blocks.flatMap(block => blockParts(block, role, calls, assets))
  const texts = blocks.map(block => nameOf(objectOf(block).text) ?? '').filter(text => text !== '')
  const rest = blocks.filter(block => objectOf(block).type !== 'text')
  const thought: Part[] =
    texts.length === 0
      ? []
      : [
          {
            type: 'thinking',
            text: texts.join('\n'),
            summary: nameOf(objectOf(step.style).title),
            opaque: false,
          },
        ]
  return [...thought, ...rest.flatMap(block => blockParts(block, role, calls, assets))]
}

function blockParts(block: unknown, role: Role, calls: Calls, assets: AssetCollector): Part[] {
  if (typeof block === 'string') return block === '' ? [] : [textPart(block.toWellFormed(), role)]
  if (isObject(block)) {
    switch (block.type) {
      case 'text': {
        const text = textOf(block.text)
        if (text === null) break
        return text === '' ? [] : [textPart(text, role)]
      }
      case 'toolCallRequest':
        return [callPart(callIdOf(block), nameOf(block.name), block.parameters, calls)]
      case 'toolCallResult':
        return [
          {
            type: 'toolResult',
            callId: calls.answer(callIdOf(block)),
            output: outputText(block.content),
            isError: false,
          },
        ]
      case 'image_url': {
        const url = textOf(objectOf(block.image_url).url) ?? textOf(block.url)
        if (url === null) break
        return [imageFromUrl(url, assets)]
      }
      case 'file':
        return [filePart(block)]
    }
  }
  return block === null ? [] : [{ type: 'unknown', raw: jsonText(block) }]
}

const callIdOf = (block: JsonObject): string | null =>
  idOf(block.toolCallRequestId) ?? idOf(block.toolCallId) ?? idOf(block.callId)

/** The bytes of a file lie in a folder of their own, not in the conversation. */
function filePart(block: JsonObject): Part {
  const name = nameOf(block.fileName) ?? nameOf(block.name) ?? idOf(block.fileIdentifier) ?? 'file'
  const size = countOf(block.sizeBytes)
  if (block.fileType === 'image')
    return { type: 'image', asset: null, mime: null, width: null, height: null, alt: name, missing: true }
  return { type: 'attachment', name, mime: null, size, text: null, asset: null, missing: true }
}
