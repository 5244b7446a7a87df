/** A SQLite file that somebody else wrote, read without trusting it: only stored columns of ordinary tables, nothing of its
 *  schema is run, and no cell is fetched before its length is known. */
import Database from 'better-sqlite3'
import { type Cell, type ForeignDatabase, TOO_LONG } from '../../core/conversation/foreign-database.ts'
import { hasCode, VivimError } from '../../core/kernel/errors.ts'
import { storageError } from './storage-error.ts'

/** How long to wait for a lock; nobody else has the private copy that this reads. */
const BUSY_TIMEOUT_MS = 0
/** Longer names are nobody's key. */
const KEY_BYTES = 1024

/** Opens a private copy for reading; with `PATH-wal` beside it, as of its last commit. All of its files are opened when this
 *  returns. @throws `import/unreadable` where it is no database or damaged */
export function openForeignDatabase(path: string): ForeignDatabase {
  const db = told(() => new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS }))
  try {
    told(() => {
      db.pragma('trusted_schema = OFF')
      db.pragma('cell_size_check = ON')
      db.pragma('query_only = ON')
      db.pragma('mmap_size = 0')
      // The first read opens what there is of a log.
      db.prepare('SELECT count(*) FROM sqlite_schema').get()
    })
    return makeReader(db)
  } catch (error) {
    db.close()
    throw error
  }
}

function makeReader(db: Database.Database): ForeignDatabase {
  const known = new Map<string, readonly string[] | null>()
  const columnsOf = (table: string): readonly string[] | null => {
    const found = known.get(table)
    if (found !== undefined) return found
    const columns = told(() => plainColumns(db, table))
    known.set(table, columns)
    return columns
  }
  /** Names go into statements only when they are those of stored columns. */
  const named = (table: string, ...columns: readonly string[]): void => {
    const there = columnsOf(table)
    if (there === null || !columns.every(column => there.includes(column)))
      throw new VivimError('import/unreadable', `the database has no table ${table} as it should be`)
  }
  const cells = new Map<string, Database.Statement<[number, number, number]>>()

  return {
    columns: columnsOf,
    *keys(table, prefix) {
      named(table, 'key')
      const sql = `SELECT rowid AS row, key FROM ${quoted(table)} 
        WHERE key >= ? COLLATE BINARY AND key < ? COLLATE BINARY AND typeof(key) = 'text'
        AND octet_length(key) <= ${KEY_BYTES} ORDER BY key COLLATE BINARY`
      yield* stepped<{ row: number; key: string }>(db, sql, prefix, after(prefix))
    },
    *rows(table) {
      named(table)
      for (const { row } of stepped<{ row: number }>(
        db,
        `SELECT rowid AS row FROM ${quoted(table)} ORDER BY rowid`,
      ))
        yield row
    },
    cell(table, row, column, maxBytes) {
      named(table, column)
      const name = `${quoted(table)}.${quoted(column)}`
      let statement = cells.get(name)
      if (statement === undefined) {
        statement = told(() =>
          db.prepare<[number, number, number]>(
            `SELECT octet_length(${name}) <= ? AS fits, CASE WHEN octet_length(${name}) <= ? THEN ${name} END AS value
             FROM ${quoted(table)} WHERE rowid = ?`,
          ),
        )
        cells.set(name, statement)
      }
      const found = told(() => statement.get(maxBytes, maxBytes, row)) as
        | { fits: number | null; value: Cell }
        | undefined
      return found?.fits === 0 ? TOO_LONG : (found?.value ?? null)
    },
    async close() {
      db.close()
    },
  }
}

/** The columns that are stored as they were given, of a table that is neither view nor virtual; null for any other. */
function plainColumns(db: Database.Database, table: string): readonly string[] | null {
  const tables = db
    .prepare("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    .all(table)
  if (tables.length !== 1 || (tables[0] as { type: string }).type !== 'table') return null
  const columns = db.prepare('SELECT name, hidden FROM pragma_table_xinfo(?)').all(table)
  return (columns as { name: string; hidden: number }[]).flatMap(({ name, hidden }) =>
    hidden === 0 ? [name] : [],
  )
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The first text after all that begin with a prefix of ASCII. */
const after = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)

function* stepped<Row>(db: Database.Database, sql: string, ...values: string[]): Generator<Row> {
  const rows = told(() => db.prepare(sql).iterate(...values)) as IterableIterator<Row>
  try {
    for (let next = told(() => rows.next()); !next.done; next = told(() => rows.next())) yield next.value
  } finally {
    rows.return?.()
  }
}

/** Runs a step of the engine; what it finds wrong with the file is the file's fault. */
function told<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
    const known = storageError(error)
    if (hasCode(known, 'storage/full')) throw known
    const { code } = error
    const message = `the SQLite database is damaged or cannot be read (${code})`
    throw new VivimError('import/unreadable', message, { code }, { cause: error })
  }
}
