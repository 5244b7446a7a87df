/** Table `session`: tokens by their hash, for homes of several users. */
import { Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'

export interface SessionRow {
  /** SHA-256 of the token, hex. */
  id: string
  did: Did
  createdAtMs: number
  expiresAtMs: number
  lastUsedAtMs: number
}

export interface SessionTable {
  put(session: SessionRow): Promise<void>
  /** Find a session that has not expired and note its use. @returns null when there is none. */
  use(id: string, nowMs: number): Promise<SessionRow | null>
  delete(id: string): Promise<boolean>
  /** Remove what expired. */
  sweep(nowMs: number): Promise<void>
}

export function makeSessionTable({ write }: MasterAccess): SessionTable {
  return {
    put: ({ id, did, createdAtMs, expiresAtMs, lastUsedAtMs }) =>
      write(async db => {
        await db
          .insertInto('session')
          .values({
            id,
            did,
            created_at_ms: createdAtMs,
            expires_at_ms: expiresAtMs,
            last_used_at_ms: lastUsedAtMs,
          })
          .execute()
      }),

    use: (id, nowMs) =>
      write(async db => {
        const row = await db
          .updateTable('session')
          .set({ last_used_at_ms: nowMs })
          .where('id', '=', id)
          .where('expires_at_ms', '>', nowMs)
          .returningAll()
          .executeTakeFirst()
        return row
          ? {
              id: row.id,
              did: Did.parse(row.did),
              createdAtMs: row.created_at_ms,
              expiresAtMs: row.expires_at_ms,
              lastUsedAtMs: row.last_used_at_ms,
            }
          : null
      }),

    delete: id =>
      write(async db => {
        const { numDeletedRows } = await db.deleteFrom('session').where('id', '=', id).executeTakeFirst()
        return numDeletedRows > 0n
      }),

    sweep: nowMs =>
      write(async db => {
        await db.deleteFrom('session').where('expires_at_ms', '<=', nowMs).execute()
      }),
  }
}
