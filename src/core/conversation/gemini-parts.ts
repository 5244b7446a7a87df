/** The parts of Gemini's `Content`: text, thoughts, calls and their answers, data. */
import type { Part } from '../model/conversation.ts'
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

/** Calls without an id that wait for their answer: it comes under the same name, in the same order. */
export class OpenCalls {
  readonly #waiting = new Map<string, string[]>()
  #count = 0

  /** An id for a call that has none. */
  open(name: string): string {
    const id = `call-${++this.#count}`
    const list = this.#waiting.get(name)
    if (list) list.push(id)
    else this.#waiting.set(name, [id])
    return id
  }

  /** The id of the call that an answer without one belongs to, or null. */
  answer(name: string): string | null {
    return this.#waiting.get(name)?.shift() ?? null
  }
}

export interface PartContext {
  readonly assets: AssetCollector
  readonly calls: OpenCalls
  readonly format: 'md' | 'plain'
}

/** Parts of a `PartListUnion`: a string, a part, or a list of both. */
export function geminiParts(content: unknown, context: PartContext): Part[] {
  const parts: Part[] = []
  for (const piece of Array.isArray(content) ? content : [content]) {
    if (piece === null || piece === undefined || piece === '') continue
    if (typeof piece === 'string')
      parts.push({ type: 'text', text: piece.toWellFormed(), format: context.format })
    else if (isObject(piece)) parts.push(...pieceParts(piece, context))
    else parts.push({ type: 'unknown', raw: jsonText(piece) })
  }
  return parts
}

function pieceParts(piece: JsonObject, context: PartContext): Part[] {
  const { calls, format } = context
  if (isObject(piece.functionCall)) {
    const name = nameOf(piece.functionCall.name) ?? 'unknown'
    const callId = idOf(piece.functionCall.id) ?? calls.open(name)
    return [{ type: 'toolCall', callId, name, input: jsonText(piece.functionCall.args ?? {}) }]
  }
  if (isObject(piece.functionResponse)) {
    const { id, name, response } = piece.functionResponse
    const callId = idOf(id) ?? calls.answer(nameOf(name) ?? 'unknown')
    return [{ type: 'toolResult', callId, output: answerText(response), isError: isFailure(response) }]
  }
  if (isObject(piece.inlineData)) return [dataPart(piece.inlineData, context.assets)]
  if (isObject(piece.fileData)) {
    const uri = nameOf(piece.fileData.fileUri) ?? 'file'
    const mime = nameOf(piece.fileData.mimeType)
    return [{ type: 'attachment', name: uri, mime, size: null, text: null, asset: null, missing: true }]
  }
  if (isObject(piece.executableCode)) {
    const { code, language } = piece.executableCode
    return [{ type: 'code', text: textOf(code) ?? '', lang: nameOf(language)?.toLowerCase() ?? null }]
  }
  if (isObject(piece.codeExecutionResult)) {
    const { output, outcome } = piece.codeExecutionResult
    const isError = typeof outcome === 'string' && !outcome.endsWith('OK')
    return [{ type: 'toolResult', callId: null, output: textOf(output) ?? '', isError }]
  }
  const text = textOf(piece.text)
  if (text !== null) {
    if (piece.thought === true) return [{ type: 'thinking', text, summary: null, opaque: false }]
    return text === '' ? [] : [{ type: 'text', text, format }]
  }
  if ('thoughtSignature' in piece) return [{ type: 'thinking', text: '', summary: null, opaque: true }]
  return [{ type: 'unknown', raw: jsonText(piece) }]
}

function dataPart(data: JsonObject, assets: AssetCollector): Part {
  const mime = nameOf(data.mimeType)
  const part: Part = mime?.startsWith('image/')
    ? { type: 'image', asset: null, mime, width: null, height: null, alt: null, missing: true }
    : {
        type: 'attachment',
        name: nameOf(data.displayName) ?? mime ?? 'data',
        mime,
        size: null,
        text: null,
        asset: null,
        missing: true,
      }
  if (typeof data.data === 'string') assets.wantInline(part, data.data)
  return part
}

function answerText(response: unknown): string {
  if (typeof response === 'string') return response.toWellFormed()
  const { output, error } = objectOf(response)
  return textOf(output) ?? textOf(error) ?? jsonText(response ?? null)
}

const isFailure = (response: unknown): boolean => {
  const { error } = objectOf(response)
  return error !== undefined && error !== null
}

/** Thoughts and calls that Gemini CLI writes beside the content of an answer, each call with its result. */
export function answerExtras(message: JsonObject): { thoughts: Part[]; calls: Part[] } {
  const thoughts = arrayOf(message.thoughts).map((each): Part => {
    const thought = objectOf(each)
    return {
      type: 'thinking',
      text: textOf(thought.description) ?? '',
      summary: nameOf(thought.subject),
      opaque: false,
    }
  })
  const calls: Part[] = []
  for (const each of arrayOf(message.toolCalls)) {
    if (!isObject(each)) continue
    const callId = idOf(each.id)
    const name = nameOf(each.name) ?? 'unknown'
    calls.push({ type: 'toolCall', callId, name, input: jsonText(each.args ?? {}) })
    const output = resultText(each.result) ?? textOf(each.resultDisplay)
    if (output === null) continue
    const isError = each.status === 'error' || each.status === 'cancelled'
    calls.push({ type: 'toolResult', callId, output, isError })
  }
  return { thoughts, calls }
}

function resultText(result: unknown): string | null {
  if (result === null || result === undefined) return null
  const texts: string[] = []
  for (const piece of Array.isArray(result) ? result : [result]) {
    const { functionResponse, text } = objectOf(piece)
    if (typeof piece === 'string') texts.push(piece.toWellFormed())
    else if (isObject(functionResponse)) texts.push(answerText(functionResponse.response))
    else texts.push(textOf(text) ?? jsonText(piece))
  }
  return texts.length === 0 ? null : texts.join('\n')
}
