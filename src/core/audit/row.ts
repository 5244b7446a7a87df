/** One row of the audit log: who did what by which right. Its canonical bytes and its place in the chain (docs/protocol.md section 10). */
import { encodeCbor } from '../crypto/cbor.ts'
import { sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import { utf8 } from '../kernel/bytes.ts'
import type { Did } from '../model/id.ts'

/** Who acted. `socket`, `session` and `capability` came over the socket, `did` over the network, `node` is the daemon itself. */
export type ActorKind = 'socket' | 'session' | 'capability' | 'did' | 'node'

export interface Actor {
  readonly kind: ActorKind
  /** The session, capability or person; null for the owner's socket and the node. */
  readonly id: string | null
  /** The name that the user gave to a capability. */
  readonly name: string | null
}

/** What happened, before it has a place. No word of anybody's content stands in it. */
export interface AuditFact {
  readonly atMs: number
  readonly who: Actor
  /** How it was allowed: the access of the method, the command of a capability, or what the network showed. */
  readonly right: string
  /** An RPC method, or an event of the node. */
  readonly action: string
  /** Ids with their kind before them (`share:…`), people as their DID. */
  readonly targets: readonly string[]
  /** `ok`, `begun` for a call that goes on, or the code of the error. */
  readonly outcome: string
  /** How many like it this row stands for; more than 1 where many came at once. */
  readonly times: number
}

export interface AuditRow extends AuditFact {
  /** From 1, without holes. */
  readonly seq: number
}

/** A row as it is kept: `hash` is 32 bytes. */
export interface ChainedRow extends AuditRow {
  readonly hash: Uint8Array
}

/** What stands before the first row: binds the chain to its user. @returns 32 bytes. */
export const chainStart = (did: Did): Uint8Array => sha256(bound(LABELS.audit, utf8(did)))

/** @param previous - 32 bytes: the hash of the row before, or `chainStart`. @returns 32 bytes. */
export function rowHash(previous: Uint8Array, row: AuditRow): Uint8Array {
  const { kind, id, name } = row.who
  const bytes = encodeCbor({
    seq: row.seq,
    at: row.atMs,
    who: { kind, id, name },
    right: row.right,
    action: row.action,
    targets: [...row.targets],
    outcome: row.outcome,
    times: row.times,
  })
  return sha256(bound(LABELS.audit, previous, bytes))
}
