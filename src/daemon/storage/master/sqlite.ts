/** SQLite as the master's engine: one connection writes, another reads, so that a read never waits for a transaction. */
import { setTimeout } from 'node:timers/promises'
import { Kysely, SqliteDialect, sql } from 'kysely'
import { openSqlite } from '../sqlite.ts'
import { storageError } from '../storage-error.ts'
import type { EngineDoor } from './master.ts'
import type { MasterDb, MasterSchema } from './schema.ts'

const LOCK_WAIT_MS = 20
/** Five seconds: longer is a process that hangs. */
const LOCK_TRIES = 250

/** @throws `storage/corrupt`, `storage/unavailable` */
export function openSqliteMaster(path: string): EngineDoor {
  try {
    const writer = kyselyOn(path)
    const reader = kyselyOn(path)
    return {
      engine: 'sqlite',
      reader,
      transaction: fn =>
        writer.connection().execute(async db => {
          await begin(db)
          try {
            const result = await fn(db)
            await sql`commit`.execute(db)
            return result
          } catch (error) {
            // A full disk has rolled it back already: then there is nothing to undo.
            await sql`rollback`.execute(db).catch(() => undefined)
            throw error
          }
        }),
      // The immediate transaction is the lock.
      lockMigrations: async () => undefined,
      isConflict: () => false,
      async close() {
        await reader.destroy()
        await writer.destroy()
      },
    }
  } catch (error) {
    throw storageError(error)
  }
}

/** Another process, such as a second migrator, may hold the lock: waiting must not stop this one. */
async function begin(db: MasterDb): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await sql`begin immediate`.execute(db)
      return
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')
      if (!isBusy || tried === LOCK_TRIES) throw error
      await setTimeout(LOCK_WAIT_MS)
    }
  }
}

function kyselyOn(path: string): MasterDb {
  const database = openSqlite(path, { secureDelete: false })
  database.pragma('busy_timeout = 0')
  return new Kysely<MasterSchema>({ dialect: new SqliteDialect({ database }) })
}
