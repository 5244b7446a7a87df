/** Shapes of what a user collects: units, notebooks, memories, bundles, profile. */
import { z } from 'zod'
import { Role } from '../model/conversation.ts'
import { AcuId, BundleId, IsoTime, MemoryId, NotebookId } from '../model/id.ts'
import { ACU_KINDS, MEMORY_KINDS } from '../model/library.ts'
import { Count, FreeText } from './shapes.ts'

export const AcuKind = z.enum(ACU_KINDS)
export const Acu = z
  .strictObject({
    id: AcuId,
    kind: AcuKind,
    /** A conversation's id, or the share id of something opened from the inbox. */
    conversationId: z.string(),
    messageId: z.string(),
    /** The number of its message among the visible ones of the active branch, from 1; of an exchange, of its question. */
    messageIndex: Count,
    role: Role,
    /** As Markdown; code with its fence. */
    text: FreeText,
    lang: FreeText.nullable(),
    /** SHA-256 of the text, hex. */
    contentHash: z.string(),
    previous: AcuId.nullable(),
    next: AcuId.nullable(),
  })
  .meta({ id: 'Acu' })
export const AcuHit = z
  .strictObject({
    id: AcuId,
    kind: AcuKind,
    conversationId: z.string(),
    messageId: z.string(),
    messageIndex: Count,
    title: FreeText.nullable(),
    text: FreeText,
    lang: FreeText.nullable(),
    /** Of the message; matches stand between « and ». */
    snippet: FreeText,
    score: z.number(),
  })
  .meta({ id: 'AcuHit' })

/** What stands in a notebook or a bundle. Of a unit it is the text at the time of adding, whatever became of its conversation. */
const LibraryItem = z
  .strictObject({
    itemId: z.string(),
    kind: z.enum(['unit', 'note', 'memory', 'notebook']),
    text: FreeText,
    /** What the user wrote about it. */
    note: FreeText.nullable(),
    addedAt: IsoTime,
    acuId: AcuId.nullable(),
    unitKind: AcuKind.nullable(),
    lang: FreeText.nullable(),
    role: Role.nullable(),
    conversationId: z.string().nullable(),
    messageId: z.string().nullable(),
    messageIndex: Count.nullable(),
    /** Of the conversation that a unit is from. */
    title: FreeText.nullable(),
    memoryId: MemoryId.nullable(),
    notebookId: NotebookId.nullable(),
  })
  .meta({ id: 'LibraryItem' })
const times = { createdAt: IsoTime, updatedAt: IsoTime }
const notebookHead = { notebookId: NotebookId, name: FreeText, ...times }
const bundleHead = { bundleId: BundleId, name: FreeText, ...times }
export const Notebook = z.strictObject({ ...notebookHead, items: Count }).meta({ id: 'Notebook' })
export const NotebookView = z
  .strictObject({ ...notebookHead, items: z.array(LibraryItem) })
  .meta({ id: 'NotebookView' })
export const Bundle = z.strictObject({ ...bundleHead, items: Count }).meta({ id: 'Bundle' })
export const BundleView = z
  .strictObject({ ...bundleHead, items: z.array(LibraryItem) })
  .meta({ id: 'BundleView' })

export const MemoryKind = z.enum(MEMORY_KINDS)
export const MemoryState = z.enum(['proposed', 'kept', 'rejected'])
export type MemoryState = z.infer<typeof MemoryState>
export const Memory = z
  .strictObject({
    memoryId: MemoryId,
    kind: MemoryKind,
    state: MemoryState,
    text: FreeText,
    /** Where it comes from, as far as that was said; the conversation may have been deleted since. */
    source: z
      .strictObject({
        conversationId: z.string(),
        messageId: z.string().nullable(),
        acuId: AcuId.nullable(),
      })
      .nullable(),
    ...times,
  })
  .meta({ id: 'Memory' })

/** Letters, digits, dot, hyphen and underscore. */
export const ProfileKey = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9._-]*$/, 'a key is letters, digits, dot, hyphen and underscore')
