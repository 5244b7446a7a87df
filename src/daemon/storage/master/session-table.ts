/** Table `session`: tokens by their hash, for homes of several users. */
import { Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'
import type { MasterSchema } from './schema.ts'

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
  get(id: string): Promise<SessionRow | null>
  /** Note a use. */
  used(id: string, nowMs: number): Promise<void>
  /** Of one user, newest first; those that expired too. */
  list(did: Did): Promise<SessionRow[]>
  delete(id: string): Promise<boolean>
  /** Remove what expired before `beforeMs`. */
  sweep(beforeMs: number): Promise<void>
}

export function makeSessionTable({ read, write }: MasterAccess): SessionTable {
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

    async get(id) {
      const row = await read(db =>
        db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst(),
      )
      return row ? sessionOf(row) : null
    },

    used: (id, nowMs) =>
      write(async db => {
        await db.updateTable('session').set({ last_used_at_ms: nowMs }).where('id', '=', id).execute()
      }),

    async list(did) {
      const rows = await read(db =>
        db
          .selectFrom('session')
          .selectAll()
          .where('did', '=', did)
          .orderBy('created_at_ms', 'desc')
          .orderBy('id')
          .execute(),
      )
      return rows.map(sessionOf)
    },

    delete: id =>
      write(async db => {
        const { numDeletedRows } = await db.deleteFrom('session').where('id', '=', id).executeTakeFirst()
        return numDeletedRows > 0n
      }),

    sweep: beforeMs =>
      write(async db => {
        await db.deleteFrom('session').where('expires_at_ms', '<=', beforeMs).execute()
      }),
  }
}

const sessionOf = (row: MasterSchema['session']): SessionRow => ({
  id: row.id,
  did: Did.parse(row.did),
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms,
  lastUsedAtMs: row.last_used_at_ms,
})
