/** Rows of `share`, `intent` and `share_recipient` as the pipeline's ports name them, both ways. */
import { RecipientState, ShareState } from '../../../core/contract/share-shapes.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { Cid, CircleId, Did, ShareId } from '../../../core/model/id.ts'
import type { RecipientRow, ShareRow } from '../../../core/pipeline/ports.ts'
import type { MasterSchema } from './schema.ts'

export const ENDED = ['expired', 'revoked', 'exhausted'] as const satisfies ShareState[]

export type StoredShare = MasterSchema['share'] & { wire: Uint8Array; key: string | null }

export const shareOf = (row: StoredShare): ShareRow => ({
  shareId: ShareId.parse(row.share_id),
  owner: Did.parse(row.owner),
  version: row.version,
  contentId: Cid.parse(row.content_id),
  state: ShareState.parse(row.state),
  terms: JSON.parse(row.terms),
  audience: JSON.parse(row.audience),
  intent: plain(row.wire),
  slip: plain(row.slip),
  tombstone: plain(row.tombstone),
  key: row.key,
  createdAtMs: row.created_at_ms,
  endedAtMs: row.ended_at_ms,
})

export const storedShare = (share: ShareRow): MasterSchema['share'] => ({
  share_id: share.shareId,
  owner: share.owner,
  version: share.version,
  content_id: share.contentId,
  state: share.state,
  terms: JSON.stringify(share.terms),
  audience: JSON.stringify(share.audience),
  slip: share.slip,
  tombstone: share.tombstone,
  expires_ms: share.terms.expiresMs,
  created_at_ms: share.createdAtMs,
  ended_at_ms: share.endedAtMs,
})

export const recipientOf = (row: MasterSchema['share_recipient']): RecipientRow => ({
  shareId: ShareId.parse(row.share_id),
  did: Did.parse(row.did),
  circle: row.circle === null ? null : CircleId.parse(row.circle),
  state: RecipientState.parse(row.state),
  envelopes: JSON.parse(row.envelopes),
  receipt: row.receipt && plain(row.receipt),
  acknowledgedAtMs: row.acknowledged_at_ms,
})

export const storedRecipient = (row: RecipientRow): MasterSchema['share_recipient'] => ({
  share_id: row.shareId,
  did: row.did,
  circle: row.circle,
  state: row.state,
  envelopes: JSON.stringify(row.envelopes),
  receipt: row.receipt,
  acknowledged_at_ms: row.acknowledgedAtMs,
})
