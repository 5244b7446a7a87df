/** The parts of a ChatGPT message: some twenty kinds of content, attachments, citations and the marks they leave. */
import type { Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { stripMarks } from './chatgpt-marks.ts'
import {
  arrayOf,
  countOf,
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

export interface MessageContent {
  readonly id: string
  readonly role: Role
  readonly recipient: string
  readonly kind: string
  readonly content: JsonObject
  readonly metadata: JsonObject
  readonly assets: AssetCollector
}

const QUOTES: ReadonlySet<string> = new Set(['tether_quote', 'tether_browsing_display', 'sonic_webpage'])

/** Web pages that a tool quoted: evidence behind an answer, not part of the talk. */
export const isToolContent = (kind: string): boolean => QUOTES.has(kind)

export function contentParts(message: MessageContent): Part[] {
  const { id, recipient, kind, content, metadata } = message
  switch (kind) {
    case 'text':
    case 'multimodal_text':
    case '':
      return textParts(message)
    case 'code': {
      const code = textOf(content.text) ?? ''
      if (recipient !== 'all') return [toolCall(id, recipient, code)]
      const lang = nameOf(content.language)
      return code === '' ? [] : [{ type: 'code', text: code, lang: lang === 'unknown' ? null : lang }]
    }
    case 'execution_output':
      return [toolResult(textOf(content.text) ?? '', failed(metadata))]
    case 'citable_code_output':
      return [toolResult(textOf(content.output_str) ?? '', failed(metadata))]
    case 'system_error':
      return [toolResult([textOf(content.name), textOf(content.text)].filter(Boolean).join(': '), true)]
    case 'computer_output':
      return [
        toolResult(isObject(content.state) ? jsonText(content.state) : '', false),
        ...pointerParts(content.screenshot, message.assets),
      ]
    case 'thoughts':
      return arrayOf(content.thoughts).flatMap(thoughtPart)
    case 'reasoning_recap': {
      const recap = textOf(content.content)
      return recap ? [{ type: 'thinking', text: '', summary: recap, opaque: false }] : []
    }
    case 'tether_quote':
    case 'sonic_webpage':
    case 'tether_browsing_display':
      return quoteParts(content)
    case 'user_editable_context':
      return plain([textOf(content.user_profile), textOf(content.user_instructions)])
    case 'model_editable_context':
      return plain([textOf(content.model_set_context), textOf(content.repository)])
    default:
      return [{ type: 'unknown', raw: jsonText(content) }]
  }
}

const plain = (texts: readonly (string | null)[]): Part[] =>
  texts.flatMap((text): Part[] => (text ? [{ type: 'text', text, format: 'plain' }] : []))

const toolCall = (callId: string, name: string, input: string): Part => ({
  type: 'toolCall',
  callId,
  name,
  input: jsonDocument(input),
})

/** The call it answers is known only when all nodes are. */
const toolResult = (output: string, isError: boolean): Part => ({
  type: 'toolResult',
  callId: null,
  output,
  isError,
})

const failed = (metadata: JsonObject): boolean =>
  (textOf(objectOf(metadata.aggregate_result).status) ?? '').startsWith('failed')

/** `parts` of text and multimodal messages: strings and objects, with nulls and empty strings between. */
function textParts(message: MessageContent): Part[] {
  const { id, role, recipient, content, metadata, assets } = message
  const parts: Part[] = []
  let text = ''
  const flush = (): void => {
    const shown = role === 'system' ? text : stripMarks(text, role !== 'user')
    // Marks alone leave nothing to show; the citations they stand for are parts of their own.
    if (shown.trim() !== '')
      parts.push({ type: 'text', text: shown, format: role === 'user' ? 'plain' : 'md' })
    text = ''
  }
  const given = Array.isArray(content.parts)
    ? content.parts
    : [content.parts ?? content.text ?? content.result]
  for (const part of given) {
    if (typeof part === 'string') text += (text === '' ? '' : '\n') + part.toWellFormed()
    else if (isObject(part)) {
      flush()
      parts.push(...multimodalParts(part, assets))
    } else if (part !== null && part !== undefined) {
      flush()
      parts.push({ type: 'unknown', raw: jsonText(part) })
    }
  }
  if (role === 'assistant' && recipient !== 'all' && text !== '') {
    parts.push(toolCall(id, recipient, text), ...canvasParts(recipient, text))
    return parts
  }
  if (role === 'tool' && text !== '') {
    parts.push(toolResult(stripMarks(text, true), failed(metadata)))
    return parts
  }
  flush()
  return parts
}

/** A canvas document comes as JSON in the text of a call. */
function canvasParts(recipient: string, text: string): Part[] {
  if (recipient !== 'canmore.create_textdoc') return []
  const call = objectOf(parsedJson(text))
  const body = nameOf(call.content)
  const type = textOf(call.type) ?? ''
  if (body === null) return []
  if (type.startsWith('code/'))
    return [{ type: 'code', text: body, lang: type.slice('code/'.length) || null }]
  return [{ type: 'text', text: body, format: 'md' }]
}

function multimodalParts(part: JsonObject, assets: AssetCollector): Part[] {
  switch (part.content_type) {
    case 'image_asset_pointer':
    case 'audio_asset_pointer':
      return pointerParts(part, assets)
    case 'audio_transcription': {
      const text = nameOf(part.text)
      return text === null ? [] : [{ type: 'text', text, format: 'plain' }]
    }
    case 'real_time_user_audio_video_asset_pointer':
      return [
        ...pointerParts(part.audio_asset_pointer, assets),
        ...pointerParts(part.video_container_asset_pointer, assets),
        ...arrayOf(part.frames_asset_pointers).flatMap(frame => pointerParts(frame, assets)),
      ]
    default:
      return [{ type: 'unknown', raw: jsonText(part) }]
  }
}

/** `file-service://file-abc#file_abc#p_0.jpg` names the asset `file-abc`. */
const assetId = (pointer: string): string => pointer.replace(/^[a-z-]{1,20}:\/\//, '').replace(/#.*$/s, '')

function pointerParts(value: unknown, assets: AssetCollector): Part[] {
  if (!isObject(value)) return []
  const pointer = nameOf(value.asset_pointer)
  if (pointer === null) return [{ type: 'unknown', raw: jsonText(value) }]
  const id = assetId(pointer)
  if (value.content_type === 'image_asset_pointer' || 'width' in value) {
    const made = objectOf(objectOf(value.metadata).dalle)
    const image: Part = {
      type: 'image',
      asset: null,
      mime: null,
      width: countOf(value.width),
      height: countOf(value.height),
      alt: nameOf(made.prompt),
      missing: true,
    }
    pointerIds.set(image, id)
    assets.wantId(image, id)
    return [image]
  }
  const format = nameOf(value.format)
  const media: Part = {
    type: 'attachment',
    name: assets.source.nameOf(id) ?? id,
    mime: format === null ? null : `audio/${format}`,
    size: countOf(value.size_bytes),
    text: null,
    asset: null,
    missing: true,
  }
  pointerIds.set(media, id)
  assets.wantId(media, id)
  return [media]
}

/** Which asset a part came from, to merge it with the attachment that describes it. */
const pointerIds = new WeakMap<Part, string>()

function thoughtPart(value: unknown): Part[] {
  const thought = objectOf(value)
  const chunks = arrayOf(thought.chunks).map(chunk => textOf(chunk) ?? '')
  const text = nameOf(thought.content) ?? chunks.join('')
  const summary = nameOf(thought.summary)
  return text === '' && summary === null ? [] : [{ type: 'thinking', text, summary, opaque: false }]
}

function quoteParts(content: JsonObject): Part[] {
  const text = nameOf(content.text) ?? nameOf(content.result) ?? nameOf(content.summary) ?? ''
  const parts: Part[] = []
  const url = nameOf(content.url)
  if (url !== null) parts.push(citation(url, nameOf(content.title), null, null, nameOf(content.snippet)))
  if (text !== '' || url === null) parts.push(toolResult(stripMarks(text, true), false))
  return parts
}

const citation = (
  url: string,
  title: string | null,
  start: number | null,
  end: number | null,
  snippet: string | null,
): Extract<Part, { type: 'citation' }> => ({ type: 'citation', url, title, start, end, snippet })

/** Attachments of the message, and files that the export's library joins to it; an image that is shown already only
 *  lends its media type and name. */
export function attachmentParts(
  conversation: string | null,
  message: string,
  metadata: JsonObject,
  shown: readonly Part[],
  assets: AssetCollector,
): Part[] {
  const parts: Part[] = []
  const seen = new Map<string, Part>()
  for (const part of shown) {
    const id = pointerIds.get(part)
    if (id !== undefined) seen.set(id, part)
  }
  const add = (id: string | null, name: string | null, mime: string | null, size: number | null): void => {
    const known = id === null ? undefined : seen.get(id)
    if (known?.type === 'image') {
      known.mime ??= mime
      known.alt ??= name
      return
    }
    if (known?.type === 'attachment') {
      known.mime ??= mime
      return
    }
    const named = name ?? (id === null ? null : assets.source.nameOf(id)) ?? id ?? 'attachment'
    const part: Part = { type: 'attachment', name: named, mime, size, text: null, asset: null, missing: true }
    if (id !== null) {
      seen.set(id, part)
      assets.wantId(part, id)
    }
    parts.push(part)
  }
  for (const value of arrayOf(metadata.attachments)) {
    if (!isObject(value)) continue
    const mime = nameOf(value.mime_type) ?? nameOf(value.mimeType)
    add(idOf(value.id), nameOf(value.name), mime, countOf(value.size))
  }
  if (conversation !== null)
    for (const file of assets.source.filesOf(conversation, message))
      add(file.id, file.name, file.mime, file.size)
  return parts
}

/** More than any real answer cites; a hostile export repeats one page a million times. */
const CITATIONS = 500

/** Citations of all three eras, each page once for each place; offsets count in the text as the export has it. */
export function citationParts(metadata: JsonObject, shown: readonly Part[]): Part[] {
  const parts: Part[] = []
  const seen = new Set<string>()
  const cited = new Set<string>()
  for (const part of shown) if (part.type === 'citation') cited.add(part.url)
  const add = (from: JsonObject, start: number | null, end: number | null): void => {
    const url = nameOf(from.url)
    if (url === null || parts.length >= CITATIONS || seen.has(`${start} ${url}`)) return
    seen.add(`${start} ${url}`)
    cited.add(url)
    const snippet = nameOf(from.snippet) ?? nameOf(from.text)
    parts.push(citation(url, nameOf(from.title), start, end, snippet))
  }
  for (const value of arrayOf(metadata.content_references)) {
    const reference = objectOf(value)
    const start = countOf(reference.start_idx)
    const end = countOf(reference.end_idx)
    const items = arrayOf(reference.items)
    const sources = items.length > 0 ? items : arrayOf(reference.fallback_items)
    for (const item of sources) add(objectOf(item), start, end)
    if (sources.length === 0) add(reference, start, end)
  }
  for (const value of arrayOf(metadata.citations)) {
    const mark = objectOf(value)
    add(objectOf(mark.metadata), countOf(mark.start_ix), countOf(mark.end_ix))
  }
  for (const group of arrayOf(metadata.search_result_groups))
    for (const entry of arrayOf(objectOf(group).entries)) {
      const url = nameOf(objectOf(entry).url)
      if (url !== null && !cited.has(url)) add(objectOf(entry), null, null)
    }
  return parts
}
