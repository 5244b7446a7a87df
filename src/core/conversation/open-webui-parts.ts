/** What one Open WebUI message holds: text with the blocks that the program writes into it, files, sources, output. */
import type { Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { itemParts } from './codex-parts.ts'
import { imageFromUrl } from './image-url.ts'
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

export function messageParts(message: JsonObject, role: Role, assets: AssetCollector): Part[] {
  const parts = contentParts(message.content, role, assets)
  // `output` tells again what stands in the text: it counts only where the text is empty.
  if (parts.length === 0)
    for (const item of arrayOf(message.output))
      parts.push(...(itemParts(objectOf(item), assets)?.parts ?? []))
  parts.push(...executions(message.code_executions))
  const failure = nameOf(message.error) ?? nameOf(objectOf(message.error).content)
  if (failure !== null) parts.push({ type: 'text', text: failure, format: 'plain' })
  for (const file of arrayOf(message.files)) if (isObject(file)) parts.push(filePart(file, assets))
  for (const source of arrayOf(message.sources ?? message.citations))
    parts.push(...citations(objectOf(source)))
  return parts
}

function contentParts(content: unknown, role: Role, assets: AssetCollector): Part[] {
  const format = role === 'user' ? 'plain' : 'md'
  const parts: Part[] = []
  for (const piece of Array.isArray(content) ? content : [content]) {
    const { image_url: image, text: inner } = objectOf(piece)
    const text = textOf(piece) ?? textOf(inner)
    const url = nameOf(image) ?? nameOf(objectOf(image).url)
    if (url !== null) parts.push(imageFromUrl(url, assets))
    else if (text === null) {
      if (piece !== null && piece !== undefined) parts.push({ type: 'unknown', raw: jsonText(piece) })
    } else if (role === 'assistant') parts.push(...withBlocks(text))
    else if (text.trim() !== '') parts.push({ type: 'text', text, format })
  }
  return parts
}

/** Only these: a block of another type is the author's own. */
const OPEN = /<details type="(?:reasoning|tool_calls|code_interpreter)"/g
const CLOSE = '</details>'

/** Markdown in which `<details>` blocks stand for reasoning, calls and code that was run. */
function withBlocks(text: string): Part[] {
  const parts: Part[] = []
  const add = (piece: string) => {
    if (piece.trim() !== '') parts.push({ type: 'text', text: piece.trim(), format: 'md' })
  }
  let from = 0
  for (const { index } of text.matchAll(OPEN)) {
    if (index < from) continue
    const tagEnd = text.indexOf('>', index)
    const end = tagEnd < 0 ? -1 : text.indexOf(CLOSE, tagEnd)
    if (end < 0) break
    add(text.slice(from, index))
    parts.push(...blockParts(text.slice(index, tagEnd), text.slice(tagEnd + 1, end)))
    from = end + CLOSE.length
  }
  if (from === 0) return text.trim() === '' ? [] : [{ type: 'text', text, format: 'md' }]
  add(text.slice(from))
  return parts
}

/** What a block stands for. */
function blockParts(tag: string, body: string): Part[] {
  const attributes = new Map<string, string>()
  for (const [, name = '', value = ''] of tag.matchAll(/([a-z_-]{1,40})="([^"]*)"/g))
    attributes.set(name, unescaped(value))
  const inner = body.replace(/^\s*<summary>[^<]*<\/summary>/, '').trim()
  switch (attributes.get('type')) {
    case 'reasoning': {
      const text = unescaped(inner.replace(/^> ?/gm, ''))
      return [{ type: 'thinking', text, summary: null, opaque: false }]
    }
    case 'tool_calls': {
      const callId = nameOf(attributes.get('id'))
      const name = nameOf(attributes.get('name')) ?? 'unknown'
      const input = jsonDocument(attributes.get('arguments') ?? '{}')
      const parts: Part[] = [{ type: 'toolCall', callId, name, input: jsonDocument(decoded(input)) }]
      const result = attributes.get('result') ?? (inner === '' ? undefined : inner)
      if (result !== undefined)
        parts.push({ type: 'toolResult', callId, output: decoded(result), isError: false })
      return parts
    }
    default: {
      const fence = /^```(\w{0,20})\n([\s\S]*?)\n?```/.exec(inner)
      const code = fence?.[2] ?? inner
      const parts: Part[] = [{ type: 'code', text: code, lang: fence?.[1] || null }]
      const output = attributes.get('output')
      if (output !== undefined)
        parts.push({ type: 'toolResult', callId: null, output: decoded(output), isError: false })
      return parts
    }
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#34;': '"',
  '&#x27;': "'",
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
}

const unescaped = (text: string): string =>
  text.replace(/&(?:quot|#34|#x27|#39|lt|gt|amp);/g, entity => ENTITIES[entity] as string)

/** A JSON string as what it says, anything else as it is. */
function decoded(text: string): string {
  if (!text.startsWith('"')) return text
  return textOf(parsedJson(text)) ?? text
}

function executions(value: unknown): Part[] {
  const parts: Part[] = []
  for (const each of arrayOf(value)) {
    const run = objectOf(each)
    const callId = idOf(run.id) ?? idOf(run.uuid)
    const code = textOf(run.code)
    if (code === null) continue
    const input = jsonText({ language: nameOf(run.language), code })
    parts.push({ type: 'toolCall', callId, name: 'code_interpreter', input })
    const { output, error } = objectOf(run.result)
    const told = nameOf(error) ?? textOf(output)
    if (told !== null)
      parts.push({ type: 'toolResult', callId, output: told, isError: nameOf(error) !== null })
  }
  return parts
}

function filePart(file: JsonObject, assets: AssetCollector): Part {
  const inner = objectOf(file.file)
  const name = nameOf(file.name) ?? nameOf(inner.filename) ?? idOf(file.id) ?? 'file'
  if (file.type === 'image') return imageFromUrl(nameOf(file.url) ?? '', assets, nameOf(file.name))
  const about = objectOf(inner.meta)
  const text = textOf(objectOf(inner.data).content) ?? textOf(file.content)
  return {
    type: 'attachment',
    name,
    mime: nameOf(file.content_type) ?? nameOf(about.content_type),
    size: countOf(file.size) ?? countOf(about.size),
    text,
    asset: null,
    missing: text === null,
  }
}

/** The documents of a source: each with its own address where it has one. */
function citations(source: JsonObject): Part[] {
  const about = objectOf(source.source)
  const title = nameOf(about.name)
  const documents = arrayOf(source.document)
  const facts = arrayOf(source.metadata)
  const parts: Part[] = []
  for (let i = 0; i < Math.max(1, documents.length); i++) {
    const fact = objectOf(facts[i])
    const url = nameOf(fact.source) ?? nameOf(about.url) ?? title
    const snippet = nameOf(documents[i])
    if (url === null) continue
    parts.push({ type: 'citation', url, title: nameOf(fact.name) ?? title, start: null, end: null, snippet })
  }
  return parts
}
