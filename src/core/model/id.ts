/** The names of things: schema and branded type side by side, each made in one place only. */
import { z } from 'zod'

/** A person: `did:key` of an Ed25519 identity key (multicodec 0xed, base58btc). Nothing outside `identity/` looks inside. */
export const Did = z
  .string()
  .max(128)
  .regex(/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/, 'not a did:key of an Ed25519 key')
  .brand('Did')
  .meta({ id: 'Did' })
export type Did = z.infer<typeof Did>

/** 16 random bytes in base32 (26 characters, lower case, no padding). */
const randomId = z.string().regex(/^[a-z2-7]{26}$/, 'not an id of 26 base32 characters')

export const ShareId = randomId.brand('ShareId').meta({ id: 'ShareId' })
export type ShareId = z.infer<typeof ShareId>

export const CircleId = randomId.brand('CircleId').meta({ id: 'CircleId' })
export type CircleId = z.infer<typeof CircleId>

export const NoticeId = randomId.brand('NoticeId').meta({ id: 'NoticeId' })
export type NoticeId = z.infer<typeof NoticeId>

/** Hash of provider and native id in base32 (26 characters), so that re-imports and devices agree. */
export const ConversationId = randomId.brand('ConversationId').meta({ id: 'ConversationId' })
export type ConversationId = z.infer<typeof ConversationId>

/** The beginning of its conversation's id and a hash of what the unit is, so that re-imports and devices agree. */
export const AcuId = randomId.brand('AcuId').meta({ id: 'AcuId' })
export type AcuId = z.infer<typeof AcuId>

export const NotebookId = randomId.brand('NotebookId').meta({ id: 'NotebookId' })
export type NotebookId = z.infer<typeof NotebookId>

export const BundleId = randomId.brand('BundleId').meta({ id: 'BundleId' })
export type BundleId = z.infer<typeof BundleId>

export const MemoryId = randomId.brand('MemoryId').meta({ id: 'MemoryId' })
export type MemoryId = z.infer<typeof MemoryId>

export const ProposalId = randomId.brand('ProposalId').meta({ id: 'ProposalId' })
export type ProposalId = z.infer<typeof ProposalId>

/** CIDv1, sha2-256, base32: of a manifest (dag-cbor) or of a sealed block (raw). */
export const Cid = z
  .string()
  .regex(/^baf[a-z2-7]{56}$/, 'not a CIDv1 with sha2-256 in base32')
  .brand('Cid')
  .meta({ id: 'Cid' })
export type Cid = z.infer<typeof Cid>

/** ISO 8601 in UTC with milliseconds, as every interface prints time. */
export const IsoTime = z.iso.datetime().meta({ id: 'IsoTime' })
export const isoTime = (ms: number): string => new Date(ms).toISOString()
