/** Conversations as every importer brings them in and as they are shared: messages made of parts. */
import { z } from 'zod'

const text = z.string()
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

const TextPart = z.strictObject({ type: z.literal('text'), text, format: z.enum(['md', 'plain']) })
const CodePart = z.strictObject({ type: z.literal('code'), text, lang: text.nullable() })
const ImagePart = z.strictObject({
  type: z.literal('image'),
  /** SHA-256 of the bytes, hex; null while they are missing. */
  asset: sha256Hex.nullable(),
  mime: text.nullable(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
  alt: text.nullable(),
  missing: z.boolean(),
})
/** `input` is the call's input as JSON text, exactly one document. */
const ToolCallPart = z.strictObject({
  type: z.literal('toolCall'),
  callId: text.nullable(),
  name: text,
  input: text,
})
const ToolResultPart = z.strictObject({
  type: z.literal('toolResult'),
  callId: text.nullable(),
  output: text,
  isError: z.boolean(),
})
/** `opaque` says that the provider kept the reasoning encrypted; the blob itself is not kept. */
const ThinkingPart = z.strictObject({
  type: z.literal('thinking'),
  text,
  summary: text.nullable(),
  opaque: z.boolean(),
})
const CitationPart = z.strictObject({
  type: z.literal('citation'),
  url: text,
  title: text.nullable(),
  start: z.number().int().nullable(),
  end: z.number().int().nullable(),
  snippet: text.nullable(),
})
const AttachmentPart = z.strictObject({
  type: z.literal('attachment'),
  name: text,
  mime: text.nullable(),
  size: z.number().int().nullable(),
  text: text.nullable(),
  asset: sha256Hex.nullable(),
  missing: z.boolean(),
})
/** A block no importer knows yet, kept whole as JSON text. */
const UnknownPart = z.strictObject({ type: z.literal('unknown'), raw: text })

export const Part = z
  .discriminatedUnion('type', [
    TextPart,
    CodePart,
    ImagePart,
    ToolCallPart,
    ToolResultPart,
    ThinkingPart,
    CitationPart,
    AttachmentPart,
    UnknownPart,
  ])
  .meta({ id: 'Part' })
export type Part = z.infer<typeof Part>

export const Role = z.enum(['user', 'assistant', 'system', 'tool'])
export type Role = z.infer<typeof Role>

/** A message as an importer emits it; `id` is the provider's own, unique within the conversation. */
export interface ImportedMessage {
  id: string
  parent: string | null
  role: Role
  author: string | null
  /** Milliseconds since the epoch, or null: an importer never invents a time. */
  createdAtMs: number | null
  /** `main` on the way from the active leaf to the root, else the id of the first message off it. */
  branch: string
  hidden: boolean
  model: string | null
  parts: Part[]
}

/** One whole conversation as an importer emits it. */
export interface ImportedConversation {
  /** `chatgpt`, `claude.ai`, `claude-code`, … */
  provider: string
  /** The provider's own id, or a stable hash where it has none. */
  sourceId: string
  title: string | null
  model: string | null
  createdAtMs: number | null
  updatedAtMs: number | null
  messages: ImportedMessage[]
  /** Bounded facts worth keeping (parent session, do-not-remember, …), as strings. */
  meta: Record<string, string>
}

/** The text of a message, derived from its parts: text and code parts in order, blank line between; code is fenced.
 *  Everything else is shown by its own part and adds nothing here. */
export function messageText(parts: readonly Part[]): string {
  const pieces: string[] = []
  for (const part of parts) {
    if (part.type === 'text') pieces.push(part.text)
    else if (part.type === 'code') pieces.push(fenced(part.text, part.lang))
  }
  return pieces.join('\n\n')
}

function fenced(code: string, lang: string | null): string {
  let fence = '```'
  while (code.includes(fence)) fence += '`'
  return `${fence}${lang ?? ''}\n${code}\n${fence}`
}
