/** SQLite as the master's engine: one connection writes, another reads, so that a read never waits for a transaction. */
import { Kysely, SqliteDialect, sql } from 'kysely'
import { openSqlite } from '../sqlite.ts'
import { storageError } from '../storage-error.ts'
import type { EngineDoor } from './master.ts'
import type { MasterDb, MasterSchema } from './schema.ts'

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
          await sql`begin immediate`.execute(db)
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

function kyselyOn(path: string): MasterDb {
  return new Kysely<MasterSchema>({
    dialect: new SqliteDialect({ database: openSqlite(path, { secureDelete: false }) }),
  })
}
