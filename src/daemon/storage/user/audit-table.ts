/** Tables `audit` and `audit_checkpoint`: the user's audit log and the checkpoints that devices signed. Rows are only added; triggers
 *  refuse everything else. */
import type { Actor, ActorKind, AuditRow, ChainedRow } from '../../../core/audit/row.ts'
import { plain } from '../../../core/crypto/hash.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

interface Stored {
  seq: number
  at_ms: number
  who_kind: string
  who_id: string | null
  who_name: string | null
  allowed_by: string
  action: string
  targets: string
  outcome: string
  times: number
  hash: Uint8Array
}

/** Which rows are asked for. */
export interface AuditQuery {
  sinceMs: number | null
  /** A whole action, or a noun that stands for all its actions. */
  action: string | null
  /** Only rows before this one. */
  before: number | null
  limit: number
}

/** As it stands: whether the file was edited is for the chain to say. */
const rowOf = (row: Stored): ChainedRow => ({
  seq: row.seq,
  atMs: row.at_ms,
  who: { kind: row.who_kind as ActorKind, id: row.who_id, name: row.who_name } satisfies Actor,
  right: row.allowed_by,
  action: row.action,
  targets: row.targets === '' ? [] : row.targets.split(' '),
  outcome: row.outcome,
  times: row.times,
  hash: plain(row.hash),
})

export function makeAuditReader(sql: Sql) {
  return {
    last(): ChainedRow | null {
      const row = sql.get<Stored>('SELECT * FROM audit ORDER BY seq DESC LIMIT 1')
      return row && rowOf(row)
    },
    hashAt(seq: number): Uint8Array | null {
      const row = sql.get<{ hash: Uint8Array }>('SELECT hash FROM audit WHERE seq = ?', seq)
      return row && plain(row.hash)
    },
    /** The first rows behind number `after` and up to `last`, in order. Numbers that no row has are found too: an edited file may hold them. */
    range: (after: number, last: number, limit: number): ChainedRow[] =>
      sql
        .all<Stored>(
          'SELECT * FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
          after,
          last,
          limit,
        )
        .map(rowOf),
    /** The newest that fit, the oldest of them first. */
    list({ sinceMs, action, before, limit }: AuditQuery): ChainedRow[] {
      const rows = sql.all<Stored>(
        `SELECT * FROM audit WHERE seq >= 1 AND seq < ? AND at_ms >= ?
           AND (? IS NULL OR action = ? OR substr(action, 1, length(?) + 1) = ? || '.')
         ORDER BY seq DESC LIMIT ?`,
        before ?? Number.MAX_SAFE_INTEGER,
        sinceMs ?? 0,
        action,
        action,
        action,
        action,
        limit,
      )
      return rows.map(rowOf).reverse()
    },
    /** Signed checkpoints with the number they are kept under, in order. */
    checkpoints: (): { seq: number; wire: Uint8Array }[] =>
      sql
        .all<{ seq: number; wire: Uint8Array }>('SELECT seq, wire FROM audit_checkpoint ORDER BY seq')
        .map(({ seq, wire }) => ({ seq, wire: plain(wire) })),
    lastCheckpoint: (): number =>
      sql.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM audit_checkpoint')?.seq ?? 0,
  }
}

export function makeAuditWriter(sql: WritingSql) {
  return {
    ...makeAuditReader(sql),
    add(row: AuditRow, hash: Uint8Array): void {
      sql.run(
        `INSERT INTO audit (seq, at_ms, who_kind, who_id, who_name, allowed_by, action, targets, outcome, times, hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.seq,
        row.atMs,
        row.who.kind,
        row.who.id,
        row.who.name,
        row.right,
        row.action,
        row.targets.join(' '),
        row.outcome,
        row.times,
        hash,
      )
    },
    addCheckpoint(seq: number, wire: Uint8Array): void {
      sql.run('INSERT INTO audit_checkpoint (seq, wire) VALUES (?, ?) ON CONFLICT DO NOTHING', seq, wire)
    },
  }
}
