/** Table `record`: what was last put into the DHT for a share, byte for byte. */
import { plain } from '../../../core/crypto/hash.ts'
import type { ShareId } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'

export interface RecordRow {
  shareId: ShareId
  wire: Uint8Array
  /** null: not yet put. */
  publishedAtMs: number | null
}

export interface RecordTable {
  get(share: ShareId): Promise<RecordRow | null>
  /** Add or replace. */
  put(record: RecordRow): Promise<void>
  published(share: ShareId, atMs: number): Promise<void>
  delete(share: ShareId): Promise<void>
}

export function makeRecordTable({ read, write }: MasterAccess): RecordTable {
  return {
    async get(share) {
      const row = await read(db =>
        db.selectFrom('record').selectAll().where('share_id', '=', share).executeTakeFirst(),
      )
      return row ? { shareId: share, wire: plain(row.wire), publishedAtMs: row.published_at_ms } : null
    },
    put: ({ shareId, wire, publishedAtMs }) =>
      write(async db => {
        const row = { wire, published_at_ms: publishedAtMs }
        await db
          .insertInto('record')
          .values({ share_id: shareId, ...row })
          .onConflict(conflict => conflict.column('share_id').doUpdateSet(row))
          .execute()
      }),
    published: (share, atMs) =>
      write(async db => {
        await db.updateTable('record').set({ published_at_ms: atMs }).where('share_id', '=', share).execute()
      }),
    delete: share =>
      write(async db => {
        await db.deleteFrom('record').where('share_id', '=', share).execute()
      }),
  }
}
