/** The tables of the master database as Kysely sees them: references only. No content, title, note, display name, alias, circle
 *  name or key of a person ever stands here. Times are milliseconds; flags are 0 or 1; lists are JSON text. */
import type { Generated, Kysely } from 'kysely'

export interface MasterSchema {
  identity: {
    did: string
    local: number
    /** Whether the document is signed by the recovery key: it outranks all that are not. */
    recovery: number
    seq: number
    hash: string
    document: Uint8Array
    alarm: number
    updated_at_ms: number
  }
  device: { did: string; ed: string; added_at_ms: number; revoked_at_ms: number | null }
  session: { id: string; did: string; created_at_ms: number; expires_at_ms: number; last_used_at_ms: number }
  circle: { circle_id: string; did: string; epoch: number; shard: number; created_at_ms: number }
  circle_member: { circle_id: string; did: string; member: string; role: string; state: string }
  peer: { peer: string; addrs: string; last_seen_ms: number; blocked: number }
  peer_did: { peer: string; did: string; standing: Uint8Array | null; last_seen_ms: number }
  intent: { share_id: string; owner: string; wire: Uint8Array; key: string | null }
  share: {
    share_id: string
    owner: string
    version: number
    content_id: string
    state: string
    terms: string
    audience: string
    slip: Uint8Array
    tombstone: Uint8Array
    expires_ms: number | null
    created_at_ms: number
    ended_at_ms: number | null
  }
  share_recipient: {
    share_id: string
    did: string
    circle: string | null
    state: string
    envelopes: string
    receipt: Uint8Array | null
    acknowledged_at_ms: number | null
  }
  envelope: { hash: string; share_id: string; wire: Uint8Array }
  record: { share_id: string; wire: Uint8Array; published_at_ms: number | null }
  event: {
    id: Generated<number>
    at_ms: number
    owner: string
    share: string
    event: string
    target: string | null
  }
  job: {
    id: Generated<number>
    kind: string
    owner: string
    share: string | null
    circle: string | null
    target: string | null
    not_before_ms: number
    next_try_at_ms: number
    attempts: number
    last_error: string | null
    lease_until_ms: number | null
    created_at_ms: number
  }
  config: { key: string; value: string }
  audit_anchor: { did: string; seq: number; hash: string; at_ms: number }
  vivim_migration: { version: number; name: string; applied_at_ms: number }
}

export type MasterDb = Kysely<MasterSchema>
export type Engine = 'sqlite' | 'postgres'
