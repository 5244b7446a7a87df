/** Table `letter`: sealed envelopes that came by inbox, kept until they were opened and applied. */
import { plain } from '../../../core/crypto/hash.ts'
import { Cid, Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

/** `waiting`: to be opened; `held`: from somebody not accepted; `done`: applied, kept for its receipt. */
export type LetterState = 'waiting' | 'held' | 'done'

export interface LetterRow {
  /** Names sender and envelope: SHA-256 over both, hex. */
  hash: string
  sender: Did
  /** The envelope; empty once it was given up. */
  wire: Uint8Array
  contentId: Cid | null
  slip: Uint8Array | null
  manifest: Uint8Array | null
  receipt: Uint8Array | null
  state: LetterState
  arrivedAtMs: number
}

interface Stored {
  hash: string
  sender: string
  wire: Uint8Array
  content_id: string | null
  slip: Uint8Array | null
  manifest: Uint8Array | null
  receipt: Uint8Array | null
  state: LetterState
  arrived_at_ms: number
}

const rowOf = (row: Stored): LetterRow => ({
  hash: row.hash,
  sender: Did.parse(row.sender),
  wire: plain(row.wire),
  contentId: row.content_id === null ? null : Cid.parse(row.content_id),
  slip: row.slip && plain(row.slip),
  manifest: row.manifest && plain(row.manifest),
  receipt: row.receipt && plain(row.receipt),
  state: row.state,
  arrivedAtMs: row.arrived_at_ms,
})

export function makeLetterReader(sql: Sql) {
  return {
    get(hash: string): LetterRow | null {
      const row = sql.get<Stored>('SELECT * FROM letter WHERE hash = ?', hash)
      return row && rowOf(row)
    },
    /** In the order of arrival. */
    list: (state: LetterState, sender?: Did): LetterRow[] =>
      sql
        .all<Stored>(
          'SELECT * FROM letter WHERE state = ? AND sender = coalesce(?, sender) ORDER BY arrived_at_ms, rowid',
          state,
          sender ?? null,
        )
        .map(rowOf),
    /** How many of a sender's letters lie here, and their bytes: what quotas count. */
    held(sender: Did): { letters: number; bytes: number } {
      const row = sql.get<{ letters: number; bytes: number }>(
        `SELECT count(*) AS letters, coalesce(sum(length(wire) + coalesce(length(manifest), 0)), 0) AS bytes
         FROM letter WHERE sender = ? AND state IN ('held', 'waiting')`,
        sender,
      )
      return row ?? { letters: 0, bytes: 0 }
    },
    /** What waits to be opened, with the bytes of the letter itself. */
    waiting: (): { sender: Did; bytes: number; manifest: Uint8Array | null }[] =>
      sql
        .all<{ sender: string; bytes: number; manifest: Uint8Array | null }>(
          `SELECT sender, length(wire) + coalesce(length(manifest), 0) AS bytes, manifest FROM letter
           WHERE state IN ('held', 'waiting')`,
        )
        .map(row => ({
          ...row,
          sender: Did.parse(row.sender),
          manifest: row.manifest && plain(row.manifest),
        })),
    /** Bytes of all that waits from people who were not accepted. */
    strangersBytes: (): number =>
      sql.get<{ bytes: number }>(
        `SELECT coalesce(sum(length(wire) + coalesce(length(manifest), 0)), 0) AS bytes FROM letter
         WHERE state IN ('held', 'waiting')
           AND sender NOT IN (SELECT did FROM contact WHERE state IN ('known', 'verified'))`,
      )?.bytes ?? 0,
    /** Manifests of what waits from people who were not accepted: their blocks lie here too. */
    strangersManifests: (): { sender: Did; manifest: Uint8Array }[] =>
      sql
        .all<{ sender: string; manifest: Uint8Array }>(
          `SELECT sender, manifest FROM letter
           WHERE state IN ('held', 'waiting') AND manifest IS NOT NULL
             AND sender NOT IN (SELECT did FROM contact WHERE state IN ('known', 'verified'))`,
        )
        .map(row => ({ sender: Did.parse(row.sender), manifest: plain(row.manifest) })),
    /** Manifests of what waits from a sender. */
    manifestsFrom: (sender: Did): Uint8Array[] =>
      sql
        .all<{ manifest: Uint8Array }>(
          `SELECT manifest FROM letter
           WHERE sender = ? AND state IN ('held', 'waiting') AND manifest IS NOT NULL`,
          sender,
        )
        .map(({ manifest }) => plain(manifest)),
    /** How many letters of a sender are known here, those that were applied among them. */
    countOf: (sender: Did): number =>
      sql.get<{ n: number }>('SELECT count(*) AS n FROM letter WHERE sender = ?', sender)?.n ?? 0,
    /** Those that are not applied and came with content. */
    withContent: (): LetterRow[] =>
      sql.all<Stored>(`SELECT * FROM letter WHERE content_id IS NOT NULL AND state <> 'done'`).map(rowOf),
    /** Those that are not applied and came with this content. */
    ofContent: (content: Cid): LetterRow[] =>
      sql.all<Stored>(`SELECT * FROM letter WHERE content_id = ? AND state <> 'done'`, content).map(rowOf),
    /** Whether a letter that waits brought a manifest that names a block, besides that of `content` from `sender` (null: from anybody).
     *  @param block - the CID's bytes. */
    names: (block: Uint8Array, content: Cid, sender: Did | null): boolean =>
      sql.get(
        `SELECT 1 FROM letter WHERE state <> 'done' AND NOT (content_id = ? AND sender = coalesce(?, sender))
           AND instr(manifest, ?) > 0 LIMIT 1`,
        content,
        sender,
        block,
      ) !== null,
    /** Content ids that any letter names: their blocks are still wanted. */
    contents: (): Cid[] =>
      sql
        .all<{ content_id: string }>(
          `SELECT DISTINCT content_id FROM letter WHERE content_id IS NOT NULL AND state IN ('held', 'waiting')`,
        )
        .map(row => Cid.parse(row.content_id)),
  }
}

export function makeLetterWriter(sql: WritingSql) {
  return {
    ...makeLetterReader(sql),
    /** @returns false when the letter was here; the first stays. */
    add: (row: LetterRow): boolean =>
      sql.run(
        `INSERT INTO letter (hash, sender, wire, content_id, slip, manifest, receipt, state, arrived_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        row.hash,
        row.sender,
        row.wire,
        row.contentId,
        row.slip,
        row.manifest,
        row.receipt,
        row.state,
        row.arrivedAtMs,
      ) > 0,
    setState: (hash: string, state: LetterState): boolean =>
      sql.run('UPDATE letter SET state = ? WHERE hash = ?', state, hash) > 0,
    setReceipt: (hash: string, receipt: Uint8Array): boolean =>
      sql.run('UPDATE letter SET receipt = ? WHERE hash = ?', receipt, hash) > 0,
    /** Applied: keep hash, receipt and content id, so that a repeated delivery gets the same answer, and give up the rest. */
    finish: (hash: string): boolean =>
      sql.run(
        `UPDATE letter SET state = 'done', wire = x'', slip = NULL, manifest = NULL WHERE hash = ?`,
        hash,
      ) > 0,
    /** All held letters of a sender wait to be opened. @returns how many. */
    release: (sender: Did): number =>
      sql.run(`UPDATE letter SET state = 'waiting' WHERE sender = ? AND state = 'held'`, sender),
    delete: (hash: string): boolean => sql.run('DELETE FROM letter WHERE hash = ?', hash) > 0,
    /** Its content ended: keep only these envelopes of it. */
    reduce: (hash: string, wire: Uint8Array): boolean =>
      sql.run(
        `UPDATE letter SET wire = ?, content_id = NULL, slip = NULL, manifest = NULL WHERE hash = ?`,
        wire,
        hash,
      ) > 0,
    /** Forget applied letters that came before `beforeMs`. @returns how many. */
    sweep: (beforeMs: number): number =>
      sql.run(`DELETE FROM letter WHERE state = 'done' AND arrived_at_ms < ?`, beforeMs),
  }
}
