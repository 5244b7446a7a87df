/** One message as the OpenAI API and everything modelled on it writes them: content, calls, results. */
import type { Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { dataUrl, imageFromUrl } from './image-url.ts'
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
  textOf,
  timeOf,
} from './json-values.ts'
import { roleOf, type Turn, textPart } from './turns.ts'

/** Pairs calls with results where one of them has no id: the oldest call that waits is answered. */
export class Calls {
  #count = 0
  readonly #calls: string[] = []
  readonly #waiting = new Set<string>()
  /** Every call before this one was answered. */
  #oldest = 0

  /** The id of a call, made up where it has none. */
  call(id: string | null): string {
    const call = id ?? `call-${++this.#count}`
    this.#calls.push(call)
    this.#waiting.add(call)
    return call
  }

  /** The call that a result answers, or null. */
  answer(id: string | null): string | null {
    let call = id
    for (; call === null && this.#oldest < this.#calls.length; this.#oldest++) {
      const oldest = this.#calls[this.#oldest] as string
      if (this.#waiting.has(oldest)) call = oldest
    }
    if (call !== null) this.#waiting.delete(call)
    return call
  }
}

/** A turn of `role` and `content`; null when it is none. */
export function openAiTurn(value: unknown, calls: Calls, assets: AssetCollector): Turn | null {
  if (!isObject(value)) return null
  const given = textOf(value.role) ?? 'unknown'
  const known = roleOf(given)
  const role = known ?? 'system'
  const parts = role === 'tool' ? resultParts(value, calls) : saidParts(value, role, calls, assets)
  return {
    role,
    author: nameOf(value.name) ?? (known === null ? given : null),
    createdAtMs: timeOf(value.created_at) ?? timeOf(value.timestamp),
    hidden: role === 'system',
    model: nameOf(value.model),
    parts,
  }
}

function saidParts(value: JsonObject, role: Role, calls: Calls, assets: AssetCollector): Part[] {
  const parts: Part[] = []
  const reasoning = nameOf(value.reasoning_content) ?? nameOf(value.reasoning)
  if (reasoning !== null) parts.push({ type: 'thinking', text: reasoning, summary: null, opaque: false })
  parts.push(...contentParts(value.content, role, calls, assets))
  const spoken = nameOf(objectOf(value.audio).transcript)
  if (spoken !== null && parts.length === 0) parts.push(textPart(spoken, role))
  const refusal = nameOf(value.refusal)
  if (refusal !== null) parts.push(textPart(refusal, role))
  for (const each of arrayOf(value.tool_calls)) {
    const call = objectOf(each)
    const made = isObject(call.function) ? call.function : objectOf(call.custom)
    parts.push(callPart(idOf(call.id), nameOf(made.name), made.arguments ?? made.input, calls))
  }
  if (isObject(value.function_call))
    parts.push(callPart(null, nameOf(value.function_call.name), value.function_call.arguments, calls))
  parts.push(...annotationParts(value.annotations))
  return parts
}

export const callPart = (id: string | null, name: string | null, input: unknown, calls: Calls): Part => ({
  type: 'toolCall',
  callId: calls.call(id),
  name: name ?? 'unknown',
  input: typeof input === 'string' ? jsonDocument(input) : jsonText(input ?? {}),
})

function resultParts(value: JsonObject, calls: Calls): Part[] {
  const callId = calls.answer(idOf(value.tool_call_id))
  return [{ type: 'toolResult', callId, output: outputText(value.content), isError: false }]
}

/** What a tool gave back: text as it is, blocks of text one after the other, anything else as JSON. */
export function outputText(content: unknown): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content.toWellFormed()
  if (!Array.isArray(content)) return jsonText(content)
  return content
    .map(each =>
      typeof each === 'string' ? each.toWellFormed() : (nameOf(objectOf(each).text) ?? jsonText(each)),
    )
    .join('\n')
}

function contentParts(content: unknown, role: Role, calls: Calls, assets: AssetCollector): Part[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return content === '' ? [] : [textPart(content.toWellFormed(), role)]
  if (!Array.isArray(content)) return [{ type: 'unknown', raw: jsonText(content) }]
  return content.flatMap(each => blockParts(each, role, calls, assets))
}

function blockParts(block: unknown, role: Role, calls: Calls, assets: AssetCollector): Part[] {
  if (block === null || block === '') return []
  if (typeof block === 'string') return [textPart(block.toWellFormed(), role)]
  if (!isObject(block)) return [{ type: 'unknown', raw: jsonText(block) }]
  switch (block.type) {
    case 'text':
    case 'input_text':
    case 'output_text': {
      const text = textOf(block.text)
      if (text === null) break
      return [...(text === '' ? [] : [textPart(text, role)]), ...annotationParts(block.annotations)]
    }
    case 'refusal': {
      const text = nameOf(block.refusal)
      if (text === null) break
      return [textPart(text, role)]
    }
    case 'image_url':
    case 'input_image': {
      const url = textOf(block.image_url) ?? textOf(objectOf(block.image_url).url)
      if (url === null) break
      return [imageFromUrl(url, assets)]
    }
    case 'input_audio': {
      const audio = objectOf(block.input_audio)
      const format = nameOf(audio.format) ?? 'wav'
      return [filePart(`audio.${format}`, `audio/${format}`, textOf(audio.data), assets)]
    }
    case 'file':
    case 'input_file': {
      const file = isObject(block.file) ? block.file : block
      const name = nameOf(file.filename) ?? idOf(file.file_id)
      if (name === null) break
      return [filePart(name, null, textOf(file.file_data), assets)]
    }
    // The blocks of Anthropic's API, which logs of scripts hold under the same keys.
    case 'thinking': {
      const text = textOf(block.thinking)
      if (text === null) break
      return [{ type: 'thinking', text, summary: null, opaque: text === '' }]
    }
    case 'tool_use':
      return [callPart(idOf(block.id), nameOf(block.name), block.input, calls)]
    case 'tool_result':
      return [
        {
          type: 'toolResult',
          callId: calls.answer(idOf(block.tool_use_id)),
          output: outputText(block.content),
          isError: block.is_error === true,
        },
      ]
    case 'image': {
      const { data, media_type: mime, url } = objectOf(block.source)
      if (typeof data === 'string') return [imageFromUrl(`data:${textOf(mime) ?? ''};base64,${data}`, assets)]
      if (typeof url === 'string') return [imageFromUrl(url, assets)]
    }
  }
  return [{ type: 'unknown', raw: jsonText(block) }]
}

/** @param data - base64, bare or in a data URL; null while the export lacks the bytes */
function filePart(name: string, mime: string | null, data: string | null, assets: AssetCollector): Part {
  const inUrl = data === null ? null : dataUrl(data)
  const part: Part = {
    type: 'attachment',
    name,
    mime: inUrl?.mime ?? mime,
    size: null,
    text: null,
    asset: null,
    missing: true,
  }
  if (data !== null) assets.wantInline(part, inUrl?.base64 ?? data)
  return part
}

function annotationParts(value: unknown): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const mark = objectOf(each)
    const cited = isObject(mark.url_citation) ? mark.url_citation : mark
    const url = nameOf(cited.url)
    if (url === null) continue
    parts.push({
      type: 'citation',
      url,
      title: nameOf(cited.title),
      start: countOf(cited.start_index),
      end: countOf(cited.end_index),
      snippet: null,
    })
  }
  return parts
}
