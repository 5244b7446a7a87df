/** The JSON document of an exported conversation, version 1: what `conversation export --format json` writes and `import`
 *  reads back to the same thing. Keys are only added to a version. */
import { z } from 'zod'
import { Part, Role } from './conversation.ts'
import { IsoTime } from './id.ts'

const DocumentMessage = z.strictObject({
  /** Unique within the conversation; `parent` is another one's or null, and stands before. */
  id: z.string(),
  parent: z.string().nullable(),
  /** Counts visible messages of the active branch from 1; null for the others. Not read back. */
  index: z.number().int().nullable(),
  role: Role,
  author: z.string().nullable(),
  createdAt: IsoTime.nullable(),
  hidden: z.boolean(),
  /** `main`, or the id of the first message off the active branch. */
  branch: z.string(),
  model: z.string().nullable(),
  parts: z.array(Part),
  /** The text and code of the parts. Not read back. */
  text: z.string(),
})

export const ConversationDocument = z
  .strictObject({
    vivim: z.literal(1),
    /** The id in the home that it was exported from. Not read back: it follows from `provider` and `sourceId`. */
    id: z.string(),
    title: z.string().nullable(),
    provider: z.string(),
    sourceId: z.string(),
    model: z.string().nullable(),
    createdAt: IsoTime.nullable(),
    updatedAt: IsoTime.nullable(),
    meta: z.record(z.string(), z.string()),
    /** All messages in order, hidden ones and other branches too. Assets are named by their SHA-256 in the parts. */
    messages: z.array(DocumentMessage),
  })
  .meta({ id: 'ConversationDocument' })
export type ConversationDocument = z.infer<typeof ConversationDocument>

const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'application/pdf': '.pdf',
  'audio/wav': '.wav',
  'audio/mpeg': '.mp3',
  'text/plain': '.txt',
}

/** The file that an asset is exported to: its hash, and an ending where the media type is one of the usual. */
export const assetFileName = (sha256: string, mime: string | null): string =>
  `${sha256}${Object.hasOwn(ENDINGS, mime ?? '') ? ENDINGS[mime ?? ''] : ''}`
