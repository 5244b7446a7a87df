/** Google AI Studio: a prompt a file, chunks of one speaker in a row being one turn. The title is the file's name. */
import type { ImportedConversation, ImportedMessage, Part, Role } from '../model/conversation.ts'
import { addChunk, type Turn } from './ai-studio-parts.ts'
import type { AssetCollector } from './asset.ts'
import { sourceIdOf } from './conversation-id.ts'
import { type ConversationFormat, likest, type Mapped, readEach } from './format.ts'
import { arrayOf, isObject, jsonText, nameOf, objectOf, textOf, timeOf } from './json-values.ts'

const PROVIDER = 'ai-studio'

export const aiStudio: ConversationFormat = {
  name: 'ai-studio',
  provider: PROVIDER,

  detect: sample => likest(sample, likeness),

  read: (records, context) =>
    readEach(records, context, (value, assets) => mapPrompt(value, assets, titleOf(context.fileName))),
}

function likeness(value: unknown): number {
  if (!isObject(value)) return 0
  if (Array.isArray(objectOf(value.chunkedPrompt).chunks)) return 1
  return isObject(value.runSettings) && ('model' in value.runSettings || 'systemInstruction' in value)
    ? 0.9
    : 0
}

/** Drive gives the files no ending; whoever downloads them may. */
const titleOf = (fileName: string | null): string | null => nameOf(fileName?.replace(/\.json$/i, '').trim())

function mapPrompt(value: unknown, assets: AssetCollector, title: string | null): Mapped {
  if (!isObject(value)) return { reason: 'it is not an object' }
  if (!isObject(value.chunkedPrompt))
    return { reason: 'it is not a prompt of the chat kind: it has no chunks' }
  const { chunks } = value.chunkedPrompt
  const model = nameOf(objectOf(value.runSettings).model)?.replace(/^models\//, '') ?? null
  const messages: ImportedMessage[] = []
  const say = (role: Role, createdAtMs: number | null, hidden: boolean): Turn => {
    const isAnswer = role === 'assistant'
    const parts: Part[] = []
    messages.push({
      id: '',
      parent: null,
      role,
      author: null,
      createdAtMs,
      branch: 'main',
      hidden,
      model: isAnswer ? model : null,
      parts,
    })
    return { parts, calls: 0, cited: new Set() }
  }
  const instruction = instructionOf(value.systemInstruction)
  if (instruction !== '')
    say('system', null, true).parts.push({ type: 'text', text: instruction, format: 'plain' })
  let turn: Turn | null = null
  for (const each of arrayOf(chunks)) {
    if (!isObject(each)) continue
    const role: Role = each.role === 'user' ? 'user' : each.role === 'system' ? 'system' : 'assistant'
    const last = messages.at(-1)
    const createdAtMs = timeOf(each.createTime)
    if (turn === null || last?.role !== role) turn = say(role, createdAtMs, role === 'system')
    else last.createdAtMs ??= createdAtMs
    addChunk(turn, each, role, assets)
  }
  const told = messages.filter(message => message.parts.length > 0)
  const first = told.find(message => !message.hidden)
  if (first === undefined) return 'empty'
  addCitations(told, value.citations)
  linkUp(told)
  const times = told.flatMap(message => message.createdAtMs ?? [])
  const conversation: ImportedConversation = {
    provider: PROVIDER,
    // Nothing in the file is an id: what began it and what it is called are what stays.
    sourceId:
      nameOf(value.id) ??
      sourceIdOf(PROVIDER, title ?? '', first.role, textIn(first.parts), first.createdAtMs),
    title: nameOf(value.displayName) ?? title,
    model,
    createdAtMs: timeOf(value.createTime) ?? times[0] ?? null,
    updatedAtMs: timeOf(value.updateTime) ?? times.at(-1) ?? null,
    messages: told,
    meta: {},
  }
  return conversation
}

/** Text, or parts of it, or nothing. */
function instructionOf(value: unknown): string {
  const given = objectOf(value)
  const whole = textOf(value) ?? textOf(given.text)
  if (whole) return whole
  return arrayOf(given.parts)
    .map(part => textOf(objectOf(part).text) ?? '')
    .join('')
}

/** Pages that the prompt as a whole cites belong to its last answer, unless something cites them already. */
function addCitations(messages: readonly ImportedMessage[], value: unknown): void {
  const answer = messages.findLast(message => message.role === 'assistant')
  if (answer === undefined) return
  const known = new Set(
    messages.flatMap(each => each.parts.flatMap(part => (part.type === 'citation' ? [part.url] : []))),
  )
  for (const each of arrayOf(value)) {
    const url = nameOf(objectOf(each).uri)
    if (url === null || known.has(url)) continue
    known.add(url)
    answer.parts.push({ type: 'citation', url, title: null, start: null, end: null, snippet: null })
  }
}

/** A chain; the id of a turn is its place and what it says. */
function linkUp(messages: readonly ImportedMessage[]): void {
  let parent: string | null = null
  for (const [place, message] of messages.entries()) {
    message.parent = parent
    message.id = sourceIdOf(PROVIDER, String(place), message.role, textIn(message.parts), null)
    parent = message.id
  }
}

const textIn = (parts: readonly Part[]): string =>
  parts.map(part => (part.type === 'text' || part.type === 'code' ? part.text : '')).join('\n') ||
  jsonText(parts.map(part => (part.type === 'attachment' ? part.name : part.type)))
