/** What a scan says of each thing that it looked over. */
import { z } from 'zod'
import { Cid, ConversationId, IsoTime, ShareId } from '../model/id.ts'
import { RuleCounts, RuleSet, ScanFinding } from './filter-shapes.ts'
import { Count, FreeText } from './shapes.ts'
import { Audience, ShareState } from './share-shapes.ts'

const scanned = {
  messages: Count,
  /** How many different findings there are of each severity. */
  secrets: Count,
  personal: Count,
  counts: RuleCounts,
  /** The first of them; `more` says how many were left out. */
  findings: z.array(ScanFinding),
  more: Count,
  /** Files into which no rule can look. */
  notScanned: Count,
  /** The code of what kept the filter from finishing, or null: then what is said here is not all. */
  error: z.string().nullable(),
}
export const ScannedConversation = z
  .strictObject({
    conversationId: ConversationId,
    title: FreeText.nullable(),
    provider: z.string(),
    ...scanned,
  })
  .meta({ id: 'ScannedConversation' })
export const ScannedShare = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    title: FreeText.nullable(),
    state: ShareState,
    expiresAt: IsoTime.nullable(),
    audience: Audience,
    ...scanned,
  })
  .meta({ id: 'ScannedShare' })
export const scanPage = {
  /** Looked at for this page, with those in which nothing was found and which are not named. */
  scanned: Count,
  messages: Count,
  /** Files of all that was looked at into which no rule can look. */
  notScanned: Count,
  /** Of all pages. */
  total: Count,
  /** For the next page, or null at the end. */
  next: z.string().nullable(),
  rules: RuleSet,
}
