/** Table `tombstone`: content ids that were taken back, also before anything of them came. */
import { plain } from '../../../core/crypto/hash.ts'
import type { Cid } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export function makeTombstoneReader(sql: Sql) {
  return {
    /** The signed tombstone, wire form, or null. */
    get(content: Cid): Uint8Array | null {
      const row = sql.get<{ wire: Uint8Array }>('SELECT wire FROM tombstone WHERE content_id = ?', content)
      return row && plain(row.wire)
    },
    has: (content: Cid): boolean => sql.get('SELECT 1 FROM tombstone WHERE content_id = ?', content) !== null,
    count: (): number => sql.get<{ n: number }>('SELECT count(*) AS n FROM tombstone')?.n ?? 0,
  }
}

export function makeTombstoneWriter(sql: WritingSql) {
  return {
    ...makeTombstoneReader(sql),
    /** @returns false when it was known; the first stays. */
    put: (content: Cid, wire: Uint8Array, atMs: number): boolean =>
      sql.run(
        'INSERT INTO tombstone (content_id, wire, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        content,
        wire,
        atMs,
      ) > 0,
    delete: (content: Cid): boolean => sql.run('DELETE FROM tombstone WHERE content_id = ?', content) > 0,
  }
}
