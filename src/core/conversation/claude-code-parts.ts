/** The parts of one Claude Code line, and what of it was written by the program instead of the person. */
import type { Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  textOf,
} from './json-values.ts'

export interface LineParts {
  readonly role: Role
  readonly hidden: boolean
  readonly parts: Part[]
  /** What the program put into the person's own line: a hidden message beside it. */
  readonly injected: Part[]
  /** Ids of the calls made here, with the prompt where a call starts an agent. */
  readonly calls: readonly { readonly id: string; readonly prompt: string | null }[]
  /** Ids of the calls answered here. */
  readonly results: readonly string[]
  /** How much text the parts hold. */
  readonly chars: number
}

interface Draft {
  readonly parts: Part[]
  readonly injected: Part[]
  readonly calls: { id: string; prompt: string | null }[]
  readonly results: string[]
  chars: number
}

/** The parts of a user, assistant or system line. */
export function lineParts(line: JsonObject, assets: AssetCollector): LineParts {
  const draft: Draft = { parts: [], injected: [], calls: [], results: [], chars: 0 }
  const type = line.type
  if (type === 'system') {
    const content = nameOf(line.content)
    if (content !== null) addText(draft, content, 'plain')
    return { ...draft, role: 'system', hidden: true }
  }
  const message = objectOf(line.message)
  const isUser = type === 'user'
  const content = typeof message.content === 'string' ? [message.content] : arrayOf(message.content)
  for (const block of content) addBlock(draft, block, isUser, assets)
  if (!isUser) return { ...draft, role: 'assistant', hidden: line.isMeta === true }
  // What compaction and hooks write as the user's turn is no turn of the user.
  const isWritten =
    line.isMeta === true || line.isCompactSummary === true || line.isVisibleInTranscriptOnly === true
  if (isWritten || (draft.parts.length === 0 && draft.injected.length > 0)) {
    const parts = [...draft.parts, ...draft.injected]
    return {
      ...draft,
      parts,
      injected: [],
      role: line.isCompactSummary === true ? 'system' : 'user',
      hidden: true,
    }
  }
  const isAnswer = draft.results.length > 0 && draft.parts.every(part => part.type !== 'text')
  return { ...draft, role: isAnswer ? 'tool' : 'user', hidden: false }
}

function addText(draft: Draft, text: string, format: 'md' | 'plain'): void {
  draft.parts.push({ type: 'text', text, format })
  draft.chars += text.length
}

function addBlock(draft: Draft, block: unknown, isUser: boolean, assets: AssetCollector): void {
  if (typeof block === 'string') {
    if (isUser) addPrompt(draft, block.toWellFormed())
    else if (block !== '') addText(draft, block.toWellFormed(), 'md')
    return
  }
  if (!isObject(block)) {
    if (block !== null && block !== undefined) addUnknown(draft, block)
    return
  }
  switch (block.type) {
    case 'text': {
      const text = textOf(block.text) ?? ''
      if (isUser) addPrompt(draft, text)
      else if (text !== '') addText(draft, text, 'md')
      break
    }
    case 'thinking': {
      const text = textOf(block.thinking) ?? ''
      draft.chars += text.length
      const opaque = text === '' && nameOf(block.signature) !== null
      draft.parts.push({ type: 'thinking', text, summary: null, opaque })
      break
    }
    case 'redacted_thinking':
      draft.parts.push({ type: 'thinking', text: '', summary: null, opaque: true })
      break
    case 'tool_use': {
      const id = idOf(block.id)
      const input = jsonText(block.input ?? {})
      const name = nameOf(block.name) ?? 'unknown'
      draft.chars += input.length
      draft.parts.push({ type: 'toolCall', callId: id, name, input })
      const isAgent = name === 'Task' || name === 'Agent'
      if (id !== null) draft.calls.push({ id, prompt: isAgent ? nameOf(objectOf(block.input).prompt) : null })
      break
    }
    case 'tool_result':
      addResult(draft, block, assets)
      break
    case 'image':
      addImage(draft, block, assets)
      break
    case 'document':
      addDocument(draft, block, assets)
      break
    default:
      addUnknown(draft, block)
  }
}

function addUnknown(draft: Draft, block: unknown): void {
  const raw = jsonText(block)
  draft.chars += raw.length
  draft.parts.push({ type: 'unknown', raw })
}

const REMINDER = ['<system-reminder>', '</system-reminder>'] as const
/** How a text begins that the program wrote under the user's name. */
const WRITTEN = /^\s*<(?:command-name|command-message|command-args|local-command-[a-z]+|task-notification)>/

/** A text of the user's line: the reminders in it, and texts that are no prompt at all, are set apart. */
function addPrompt(draft: Draft, text: string): void {
  if (WRITTEN.test(text)) {
    draft.injected.push({ type: 'text', text, format: 'plain' })
    draft.chars += text.length
    return
  }
  const [open, close] = REMINDER
  let own = ''
  let from = 0
  for (let at = text.indexOf(open); at >= 0; at = text.indexOf(open, from)) {
    const end = text.indexOf(close, at)
    if (end < 0) break
    own += text.slice(from, at)
    from = end + close.length
    draft.injected.push({ type: 'text', text: text.slice(at, from), format: 'plain' })
    draft.chars += from - at
  }
  own += text.slice(from)
  if (own.trim() !== '') addText(draft, from === 0 ? own : own.trim(), 'plain')
}

function addResult(draft: Draft, block: JsonObject, assets: AssetCollector): void {
  const callId = idOf(block.tool_use_id)
  const texts: string[] = []
  const images: JsonObject[] = []
  const { content } = block
  if (typeof content === 'string') texts.push(content.toWellFormed())
  else {
    for (const each of Array.isArray(content) ? content : content ? [content] : []) {
      const inner = objectOf(each)
      if (typeof each === 'string') texts.push(each.toWellFormed())
      else if (inner.type === 'text') texts.push(textOf(inner.text) ?? '')
      else if (inner.type === 'image') images.push(inner)
      else if (each !== null) texts.push(jsonText(each))
    }
  }
  const output = texts.join('\n')
  draft.chars += output.length
  draft.parts.push({ type: 'toolResult', callId, output, isError: block.is_error === true })
  if (callId !== null) draft.results.push(callId)
  for (const image of images) addImage(draft, image, assets)
}

function addImage(draft: Draft, block: JsonObject, assets: AssetCollector): void {
  const source = objectOf(block.source)
  const part: Part = {
    type: 'image',
    asset: null,
    mime: nameOf(source.media_type),
    width: null,
    height: null,
    alt: nameOf(source.url),
    missing: true,
  }
  draft.parts.push(part)
  if (typeof source.data === 'string') assets.wantInline(part, source.data)
}

function addDocument(draft: Draft, block: JsonObject, assets: AssetCollector): void {
  const source = objectOf(block.source)
  const data = textOf(source.data)
  const isText = source.type === 'text'
  const part: Part = {
    type: 'attachment',
    name: nameOf(block.title) ?? nameOf(source.url) ?? 'document',
    mime: nameOf(source.media_type),
    size: null,
    text: isText ? data : null,
    asset: null,
    missing: !isText || data === null,
  }
  draft.parts.push(part)
  if (isText) draft.chars += data?.length ?? 0
  else if (data !== null) assets.wantInline(part, data)
}
