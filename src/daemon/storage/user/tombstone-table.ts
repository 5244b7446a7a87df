/** Table `tombstone`: content ids that were taken back, also before anything of them came. Anybody can sign a tombstone for any content
 *  id, so each signer's stands for itself: it counts only once a manifest names that key. */
import { plain } from '../../../core/crypto/hash.ts'
import type { Cid } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export function makeTombstoneReader(sql: Sql) {
  return {
    /** The signed tombstone, wire form, or null. @param signer - 32 bytes, the share's own key. */
    get(content: Cid, signer: Uint8Array): Uint8Array | null {
      const row = sql.get<{ wire: Uint8Array }>(
        'SELECT wire FROM tombstone WHERE content_id = ? AND signer = ?',
        content,
        signer,
      )
      return row && plain(row.wire)
    },
    /** Those of content that is or was here. */
    all: (): { content: string; signer: Uint8Array; wire: Uint8Array }[] =>
      sql
        .all<{ content: string; signer: Uint8Array; wire: Uint8Array }>(
          'SELECT content_id AS content, signer, wire FROM tombstone WHERE early_from IS NULL',
        )
        .map(row => ({ content: row.content, signer: plain(row.signer), wire: plain(row.wire) })),
    /** How many were remembered for content that never came. */
    early: (): number =>
      sql.get<{ n: number }>('SELECT count(*) AS n FROM tombstone WHERE early_from IS NOT NULL')?.n ?? 0,
  }
}

export function makeTombstoneWriter(sql: WritingSql) {
  return {
    ...makeTombstoneReader(sql),
    /** Of content that is or was here. @returns false when it was known. */
    put: (content: Cid, signer: Uint8Array, wire: Uint8Array, atMs: number): boolean =>
      sql.run(
        `INSERT INTO tombstone (content_id, signer, wire, at_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET early_from = NULL WHERE early_from IS NOT NULL`,
        content,
        signer,
        wire,
        atMs,
      ) > 0,
    /** Of content that is not here. Of one source the newest `most` are kept. @returns false when it was known. */
    putEarly(
      content: Cid,
      signer: Uint8Array,
      wire: Uint8Array,
      atMs: number,
      source: string,
      most: number,
    ): boolean {
      const isNew =
        sql.run(
          `INSERT INTO tombstone (content_id, signer, wire, at_ms, early_from) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
          content,
          signer,
          wire,
          atMs,
          source,
        ) > 0
      if (isNew)
        sql.run(
          `DELETE FROM tombstone WHERE rowid IN
             (SELECT rowid FROM tombstone WHERE early_from = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?)`,
          source,
          most,
        )
      return isNew
    },
  }
}
