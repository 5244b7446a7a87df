/** One SQLite file, opened as every database of VIVIM is: WAL, a sync for each commit, private to its owner. */
import { chmodSync, closeSync, lstatSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { VivimError } from '../../core/kernel/errors.ts'

export type SqliteValue = string | number | null | Uint8Array

/** How long a statement waits for another process, such as a second migrator. */
const BUSY_TIMEOUT_MS = 5_000

export interface SqliteOptions {
  /** Overwrite what is deleted, for files that hold private text. */
  secureDelete: boolean
}

/** Open a file, making it with mode 0600 where it is missing. What an earlier process left in its WAL is brought into the
 *  file at once. @throws the engine's own errors; `storage/corrupt` when `path` is not a regular file. */
export function openSqlite(path: string, { secureDelete }: SqliteOptions): Database.Database {
  makePrivate(path)
  const db = new Database(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    // Only counts for a new file: lets `compact` give pages back without rewriting everything.
    if (secureDelete) db.pragma('auto_vacuum = INCREMENTAL')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('foreign_keys = ON')
    if (secureDelete) {
      db.pragma('secure_delete = ON')
      db.pragma('wal_checkpoint(TRUNCATE)')
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** SQLite gives `-wal` and `-shm` the mode of the file itself, so that mode is set before anything is written. */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const stat = lstatSync(path)
    if (!stat.isFile()) throw new VivimError('storage/corrupt', 'a database is not a regular file')
    if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o600)
  }
}

/** Statements for reading, prepared once for each text. Texts are constants of the tables; values are always bound. */
export class Sql {
  readonly #statements = new Map<string, Database.Statement<SqliteValue[]>>()
  protected readonly db: Database.Database

  constructor(db: Database.Database) {
    this.db = db
  }

  protected prepare(text: string): Database.Statement<SqliteValue[]> {
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = this.db.prepare<SqliteValue[]>(text)
      this.#statements.set(text, statement)
    }
    return statement
  }

  /** The first row, or null. */
  get<Row>(text: string, ...values: SqliteValue[]): Row | null {
    return (this.prepare(text).get(...values) as Row | undefined) ?? null
  }

  all<Row>(text: string, ...values: SqliteValue[]): Row[] {
    return this.prepare(text).all(...values) as Row[]
  }
}

/** Adds what changes rows; refuses to outside a transaction. */
export class WritingSql extends Sql {
  /** @returns how many rows changed. @throws `program/defect` outside a transaction. */
  run(text: string, ...values: SqliteValue[]): number {
    if (!this.db.inTransaction)
      throw new VivimError('program/defect', 'a writer was used outside its transaction')
    return this.prepare(text).run(...values).changes
  }

  /** As `run`, for an insert. @returns the new row's number. */
  insert(text: string, ...values: SqliteValue[]): number {
    if (!this.db.inTransaction)
      throw new VivimError('program/defect', 'a writer was used outside its transaction')
    return Number(this.prepare(text).run(...values).lastInsertRowid)
  }
}
