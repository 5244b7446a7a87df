/** What a chunk of an AI Studio prompt says: text, thoughts, code that was run, files in it or on Drive, sources. */
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

/** What is known of a chunk besides what becomes a part. */
const FACTS: ReadonlySet<string> = new Set(
  `branchChildren branchParent createTime finishReason grounding id isEdited isGeneratedUsingApiKey isThought parts role
   safetyRatings text thinkingBudget thinkingLevel thoughtSignatures tokenCount`.split(/\s+/),
)

/** A turn while chunks are added to it. */
export interface Turn {
  readonly parts: Part[]
  /** Runs of code so far. */
  calls: number
  /** Addresses that are cited already. */
  readonly cited: Set<string>
}

/** Adds the parts of a chunk to its turn. */
export function addChunk(turn: Turn, chunk: JsonObject, role: Role, assets: AssetCollector): void {
  const { parts } = turn
  const isThought = chunk.isThought === true
  const pieces = arrayOf(chunk.parts)
  // `text` repeats the text of the pieces, which are cut anywhere.
  let joined = ''
  let joinedThought = ''
  for (const each of pieces) {
    const piece = objectOf(each)
    const text = textOf(piece.text)
    if (text === null) continue
    if (isThought || piece.thought === true) joinedThought += text
    else joined += text
  }
  const whole = textOf(chunk.text) ?? ''
  if (joined === '' && joinedThought === '') {
    if (isThought) joinedThought = whole
    else joined = whole
  }
  if (joinedThought !== '')
    parts.push({ type: 'thinking', text: joinedThought, summary: null, opaque: false })
  if (joined !== '') parts.push({ type: 'text', text: joined, format: role === 'user' ? 'plain' : 'md' })
  const seen = new Set<string>()
  for (const piece of [...pieces, chunk]) {
    if (!isObject(piece)) continue
    for (const [key, value] of Object.entries(piece)) {
      if (FACTS.has(key) || key === 'thought' || key === 'thoughtSignature') continue
      if (value === null || value === false || value === '') continue
      // A chunk repeats what its pieces hold.
      const raw = jsonText([key, value])
      if (seen.has(raw)) continue
      seen.add(raw)
      parts.push(partOf(key, value, turn, assets))
    }
  }
  addSources(turn, chunk.grounding)
}

function partOf(key: string, value: unknown, turn: Turn, assets: AssetCollector): Part {
  const given = objectOf(value)
  switch (key) {
    case 'executableCode':
      return {
        type: 'toolCall',
        callId: `code-${++turn.calls}`,
        name: 'code_execution',
        input: jsonText({ language: given.language ?? null, code: given.code ?? '' }),
      }
    case 'codeExecutionResult':
      return {
        type: 'toolResult',
        callId: turn.calls === 0 ? null : `code-${turn.calls}`,
        output: textOf(given.output) ?? '',
        isError: given.outcome !== undefined && given.outcome !== 'OUTCOME_OK',
      }
    case 'inlineData':
    case 'inlineFile':
    case 'inlineImage':
    case 'inlineAudio':
    case 'inlineVideo':
      return inlinePart(given, assets)
    case 'driveImage':
      return { ...imagePart(nameOf(given.mimeType)), alt: nameOf(given.name) ?? idOf(given.id) }
    case 'driveDocument':
    case 'driveAudio':
    case 'driveVideo':
    case 'driveFile':
      return attachment(nameOf(given.name) ?? idOf(given.id) ?? key, nameOf(given.mimeType))
    case 'youtubeVideo': {
      const id = idOf(given.id)
      if (id === null) break
      const url = `https://www.youtube.com/watch?v=${encodeURIComponent(id)}`
      return { type: 'citation', url, title: null, start: null, end: null, snippet: null }
    }
  }
  return { type: 'unknown', raw: jsonText({ [key]: value }) }
}

type Image = Extract<Part, { type: 'image' }>
type Attachment = Extract<Part, { type: 'attachment' }>

const imagePart = (mime: string | null): Image => ({
  type: 'image',
  asset: null,
  mime,
  width: null,
  height: null,
  alt: null,
  missing: true,
})

const attachment = (name: string, mime: string | null): Attachment => ({
  type: 'attachment',
  name,
  mime,
  size: null,
  text: null,
  asset: null,
  missing: true,
})

/** Longer text files are only attached: this much of one can be read in a conversation. */
const TEXT_BASE64 = 1024 * 1024

/** A file in the prompt itself. */
function inlinePart(given: JsonObject, assets: AssetCollector): Part {
  const mime = nameOf(given.mimeType)
  const isImage = mime?.startsWith('image/') ?? false
  const part = isImage
    ? imagePart(mime)
    : attachment(nameOf(given.fileName) ?? nameOf(given.displayName) ?? 'inline file', mime)
  const data = nameOf(given.data)
  if (data === null) return part
  assets.wantInline(part, data)
  if (part.type === 'attachment' && mime?.startsWith('text/') && data.length <= TEXT_BASE64)
    part.text = Buffer.from(data, 'base64').toString('utf8')
  return part
}

/** Pages that a search gave to the answer. */
function addSources(turn: Turn, value: unknown): void {
  const grounding = objectOf(value)
  for (const each of [...arrayOf(grounding.groundingSources), ...arrayOf(grounding.corroborationSegments)]) {
    const source = objectOf(each)
    const url = nameOf(source.uri)
    if (url === null || turn.cited.has(url)) continue
    turn.cited.add(url)
    turn.parts.push({
      type: 'citation',
      url,
      title: nameOf(source.title),
      start: null,
      end: null,
      snippet: null,
    })
  }
}
