/** What an import reports, and conversations as they are shown. */
import { z } from 'zod'
import { Part, Role } from '../model/conversation.ts'
import { ConversationId, IsoTime } from '../model/id.ts'
import { Count, FreeText } from './shapes.ts'

export const Skipped = z.strictObject({ where: z.string(), reason: z.string() })
export const ImportFileReport = z
  .strictObject({
    path: FreeText,
    format: z.string().nullable(),
    read: Count,
    imported: Count,
    updated: Count,
    unchanged: Count,
    empty: Count,
    skipped: z.array(Skipped),
    /** What the owner should know of how conversations were taken in; absent where there is nothing. */
    notes: z.array(z.strictObject({ where: z.string(), note: z.string() })).optional(),
  })
  .meta({ id: 'ImportFileReport' })
export const ImportReport = z
  .strictObject({
    files: z.array(ImportFileReport),
    totals: z.strictObject({
      read: Count,
      imported: Count,
      updated: Count,
      unchanged: Count,
      empty: Count,
      skipped: Count,
    }),
  })
  .meta({ id: 'ImportReport' })

export const ConversationSummary = z
  .strictObject({
    id: ConversationId,
    title: FreeText.nullable(),
    /** How the first question begins, where there is no title; null otherwise. */
    opening: FreeText.nullable(),
    provider: z.string(),
    model: z.string().nullable(),
    createdAt: IsoTime.nullable(),
    updatedAt: IsoTime.nullable(),
    messages: Count,
  })
  .meta({ id: 'ConversationSummary' })
export const StoredMessage = z
  .strictObject({
    id: z.string(),
    /** Counts visible messages of the active branch from 1; null for the others. */
    index: Count.nullable(),
    role: Role,
    createdAt: IsoTime.nullable(),
    hidden: z.boolean(),
    branch: z.string(),
    parts: z.array(Part),
    text: FreeText,
  })
  .meta({ id: 'StoredMessage' })
export const ConversationView = z
  .strictObject({
    id: ConversationId,
    title: FreeText.nullable(),
    provider: z.string(),
    model: z.string().nullable(),
    createdAt: IsoTime.nullable(),
    messages: z.array(StoredMessage),
  })
  .meta({ id: 'ConversationView' })
export const SearchHit = z
  .strictObject({
    /** A conversation's id, or the share id of something opened from the inbox. */
    conversationId: z.string(),
    messageId: z.string(),
    title: FreeText.nullable(),
    snippet: FreeText,
    score: z.number(),
  })
  .meta({ id: 'SearchHit' })
