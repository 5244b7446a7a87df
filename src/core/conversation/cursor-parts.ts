/** What one bubble of Cursor holds, and one line of the transcripts of its CLI. */
import type { Part } from '../model/conversation.ts'
import {
  arrayOf,
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

export function bubbleParts(bubble: JsonObject, isUser: boolean): Part[] {
  const parts: Part[] = []
  const thoughts =
    Array.isArray(bubble.allThinkingBlocks) && bubble.allThinkingBlocks.length > 0
      ? bubble.allThinkingBlocks
      : [bubble.thinking]
  for (const each of thoughts) {
    const text = textOf(each) ?? textOf(objectOf(each).text) ?? textOf(objectOf(each).thinking) ?? ''
    const isSealed = text === '' && nameOf(objectOf(each).signature) !== null
    if (text !== '' || isSealed) parts.push({ type: 'thinking', text, summary: null, opaque: isSealed })
  }
  const text = nameOf(bubble.text) ?? nameOf(bubble.rawText) ?? editorText(bubble.richText ?? bubble.initText)
  if (text !== null && text.trim() !== '') parts.push({ type: 'text', text, format: isUser ? 'plain' : 'md' })
  for (const each of arrayOf(bubble.codeBlocks)) {
    const block = objectOf(each)
    const code = nameOf(block.content)
    if (code === null || text?.includes(code.trim())) continue
    parts.push({ type: 'code', text: code, lang: nameOf(block.languageId) })
  }
  parts.push(...toolParts(bubble.toolFormerData), ...attached(bubble))
  for (const each of arrayOf(bubble.webReferences)) {
    const url = nameOf(objectOf(each).url)
    const title = nameOf(objectOf(each).title)
    if (url !== null) parts.push({ type: 'citation', url, title, start: null, end: null, snippet: null })
  }
  const failure = nameOf(objectOf(bubble.errorDetails).message)
  if (failure !== null) parts.push({ type: 'text', text: failure, format: 'plain' })
  return parts
}

/** Deeper or wider than any prompt in an editor. */
const MOST_NODES = 100_000

/** The text of the editor's own JSON, for prompts that are kept as nothing else; null for nothing. */
function editorText(value: unknown): string | null {
  if (typeof value !== 'string' || !value.startsWith('{')) return null
  const root = parsedJson(value)
  if (root === undefined) return null
  let text = ''
  const stack: unknown[] = [objectOf(root).root]
  for (let n = 0; stack.length > 0 && n < MOST_NODES; n++) {
    const node = stack.pop()
    if (typeof node === 'string') text += node
    if (!isObject(node)) continue
    text += textOf(node.text) ?? (node.type === 'linebreak' ? '\n' : '')
    if (node.type === 'paragraph') stack.push('\n')
    for (const child of arrayOf(node.children).toReversed()) stack.push(child)
  }
  return text.trim().toWellFormed() || null
}

function toolParts(value: unknown): Part[] {
  if (!isObject(value) || (nameOf(value.name) === null && value.tool === undefined)) return []
  const callId = idOf(value.toolCallId)
  const name = nameOf(value.name) ?? `tool ${idOf(value.tool) ?? 'unknown'}`
  const given = nameOf(value.rawArgs) ?? value.params ?? {}
  const input = typeof given === 'string' ? jsonDocument(given) : jsonText(given)
  const parts: Part[] = [{ type: 'toolCall', callId, name, input }]
  const { result, error } = value
  const output =
    textOf(result) ??
    textOf(error) ??
    (isObject(result) ? jsonText(result) : isObject(error) ? jsonText(error) : null)
  if (output !== null) parts.push({ type: 'toolResult', callId, output, isError: value.status === 'error' })
  return parts
}

/** Files and pictures that were given with a prompt, by name: their bytes are not in the store. */
function attached(bubble: JsonObject): Part[] {
  const parts: Part[] = []
  const context = objectOf(bubble.context)
  for (const each of [...arrayOf(context.fileSelections), ...arrayOf(bubble.attachedFiles)]) {
    const file = objectOf(each)
    const path = nameOf(objectOf(file.uri).path) ?? nameOf(objectOf(file.uri).fsPath) ?? nameOf(file.path)
    const name = path?.split(/[\\/]/).at(-1) ?? ''
    if (name !== '')
      parts.push({ type: 'attachment', name, mime: null, size: null, text: null, asset: null, missing: true })
  }
  for (const each of [...arrayOf(bubble.images), ...arrayOf(context.selectedImages)]) {
    if (!isObject(each)) continue
    const mime = nameOf(each.mimeType)
    parts.push({ type: 'image', asset: null, mime, width: null, height: null, alt: null, missing: true })
  }
  return parts
}

const QUERY = ['<user_query>', '</user_query>'] as const

/** The parts of a line of a transcript, and what stands beside the person's own query. */
export function lineParts(content: readonly unknown[], isUser: boolean): { parts: Part[]; injected: Part[] } {
  const parts: Part[] = []
  const injected: Part[] = []
  for (const each of content) {
    const block = objectOf(each)
    const text = textOf(each) ?? (block.type === 'text' ? textOf(block.text) : null)
    if (text !== null) {
      const [own, beside] = isUser ? ownQuery(text) : [text, '']
      if (own.trim() !== '') parts.push({ type: 'text', text: own, format: isUser ? 'plain' : 'md' })
      if (beside.trim() !== '') injected.push({ type: 'text', text: beside.trim(), format: 'plain' })
    } else if (block.type === 'tool_use') {
      const name = nameOf(block.name) ?? 'unknown'
      parts.push({ type: 'toolCall', callId: idOf(block.id), name, input: jsonText(block.input ?? {}) })
    } else if (block.type === 'tool_result') {
      const output = textOf(block.content) ?? jsonText(block.content ?? null)
      const isError = block.is_error === true
      parts.push({ type: 'toolResult', callId: idOf(block.tool_use_id), output, isError })
    } else if (each !== null && each !== undefined) parts.push({ type: 'unknown', raw: jsonText(each) })
  }
  return { parts, injected }
}

function ownQuery(text: string): [own: string, beside: string] {
  const [open, close] = QUERY
  const from = text.indexOf(open)
  const to = text.indexOf(close, from)
  if (from < 0 || to < 0) return [text, '']
  return [text.slice(from + open.length, to).trim(), text.slice(0, from) + text.slice(to + close.length)]
}
