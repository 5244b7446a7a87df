/** What the content filter finds, and the lists of a user. */
import { z } from 'zod'
import { IsoTime } from '../model/id.ts'
import { Count, FreeText } from './shapes.ts'

export const Finding = z
  .strictObject({
    rule: z.string(),
    severity: z.enum(['secret', 'personal']),
    /** Number of the message in the copy, from 1; 0 for title and note. */
    messageIndex: Count,
    /** `title`, `note`, or the kind of part and its field: `text`, `toolCall.input`, `attachment.name`, `attachment.file`. */
    where: z.string().optional(),
    /** How often the value stands there. */
    places: Count.optional(),
    /** The value, masked. */
    preview: z.string(),
    /** What would stand in its place, or null where findings are not redacted. */
    replacement: z.string().nullable(),
  })
  .meta({ id: 'Finding' })
/** A file whose bytes are not text: no rule can look into it. */
export const UnscannedFile = z
  .strictObject({ messageIndex: Count, name: FreeText.nullable(), mime: FreeText.nullable(), bytes: Count })
  .meta({ id: 'UnscannedFile' })
/** Numbers of places by rule. */
export const RuleCounts = z.record(z.string(), Count)
export const RuleSet = z.string().regex(/^[0-9a-f]{64}$/)
/** What was found in something that was looked over; `messageIndex` is null for a hidden message or one of another branch. */
export const ScanFinding = Finding.extend({
  messageIndex: Count.nullable(),
  /** The message's id in its conversation; null for a title, and in shares. */
  messageId: z.string().nullable(),
}).meta({ id: 'ScanFinding' })
const FilterEntry = z
  .strictObject({ text: FreeText, masked: z.boolean(), addedAt: IsoTime })
  .meta({ id: 'FilterEntry' })
export const FilterLists = z
  .strictObject({
    deny: z.array(FilterEntry.extend({ severity: z.enum(['secret', 'personal']) })),
    allow: z.array(FilterEntry),
    /** Hash of all rules and of both lists, as redaction receipts name it. */
    rules: RuleSet,
  })
  .meta({ id: 'FilterLists' })
