/** Tables `asset` and `asset_use`: images and attachments by hash, and which conversations need them. The bytes are files. */
import type { Sql, WritingSql } from '../sqlite.ts'

export interface AssetRow {
  /** Hex; the name of its file. */
  sha256: string
  mime: string | null
  bytes: number
}

export function makeAssetReader(sql: Sql) {
  return {
    get: (sha256: string): AssetRow | null =>
      sql.get<AssetRow>('SELECT * FROM asset WHERE sha256 = ?', sha256),
    list: (): AssetRow[] => sql.all<AssetRow>('SELECT * FROM asset ORDER BY sha256'),
    /** Assets of a conversation whose bytes are here. @param conversation - its whole id */
    of: (conversation: string): AssetRow[] =>
      sql.all<AssetRow>(
        `SELECT asset.* FROM asset JOIN asset_use USING (sha256) JOIN conversation ON conversation.seq = asset_use.conversation
         WHERE conversation.id = ? ORDER BY sha256`,
        conversation,
      ),
    /** Assets that no conversation needs. */
    unused: (): string[] =>
      sql
        .all<{ sha256: string }>(
          `SELECT sha256 FROM asset WHERE NOT EXISTS (SELECT 1 FROM asset_use WHERE asset_use.sha256 = asset.sha256)`,
        )
        .map(row => row.sha256),
  }
}

export function makeAssetWriter(sql: WritingSql) {
  return {
    ...makeAssetReader(sql),
    put(row: AssetRow): void {
      sql.run(
        'INSERT INTO asset (sha256, mime, bytes) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET mime = coalesce(mime, excluded.mime)',
        row.sha256,
        row.mime,
        row.bytes,
      )
    },
    delete: (sha256: string): boolean => sql.run('DELETE FROM asset WHERE sha256 = ?', sha256) > 0,
  }
}
