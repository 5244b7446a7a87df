/** The user database manager: the only way to a user's database, by DID. It makes, opens, migrates, deletes and isolates them;
 *  no path from outside enters here. */
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { VivimError } from '../../../core/kernel/errors.ts'
import { Did } from '../../../core/model/id.ts'
import { openSqlite, Sql, WritingSql } from '../sqlite.ts'
import { storageError } from '../storage-error.ts'
import { migrateUserDatabase } from './migrations.ts'
import { makeUserReader, makeUserWriter, type UserReader, type UserWriter } from './tables.ts'

interface Handle {
  db: Database.Database
  reader: UserReader
  writer: UserWriter
  /** Its schema when it was opened, and now. */
  schema: { from: number; to: number }
  /** Calls that are running on it; only by nesting more than one. */
  busy: number
}

export interface UserDatabaseOptions {
  /** Databases kept open at once; the one unused for longest is closed first. A call that is running keeps its own open. */
  maxOpen: number
}

/** @param usersDir - the folder `users` of the home; made with mode 0700 where it is missing. */
export function openUserDatabases(usersDir: string, options: UserDatabaseOptions): UserDatabaseManager {
  return new UserDatabaseManager(usersDir, options.maxOpen)
}

export class UserDatabaseManager {
  readonly #usersDir: string
  readonly #maxOpen: number
  /** In order of use, the last one newest. */
  readonly #open = new Map<Did, Handle>()
  #closed = false

  constructor(usersDir: string, maxOpen: number) {
    this.#usersDir = usersDir
    this.#maxOpen = Math.max(1, maxOpen)
    mkdirSync(usersDir, { recursive: true, mode: 0o700 })
  }

  /** The folder of a user: the DID with `_` for `:`. @throws `user/not-found` for what is no DID. */
  folder(did: Did): string {
    if (!Did.safeParse(did).success) throw new VivimError('user/not-found', 'that is not the DID of a user')
    return join(this.#usersDir, did.replaceAll(':', '_'))
  }

  /** Users with a database here. */
  list(): Did[] {
    const found: Did[] = []
    for (const name of readdirSync(this.#usersDir)) {
      const did = Did.safeParse(name.replaceAll('_', ':'))
      if (did.success && this.has(did.data)) found.push(did.data)
    }
    return found
  }

  has(did: Did): boolean {
    const folder = this.folder(did)
    return kindOf(folder) === 'folder' && kindOf(join(folder, 'user.db')) === 'file'
  }

  /** Make a user's database; the folder may be there already. @returns false when the database was. */
  create(did: Did): boolean {
    const folder = this.folder(did)
    if (this.has(did)) return false
    this.#guard(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      if (kindOf(folder) !== 'folder')
        throw new VivimError('storage/corrupt', 'the folder of a user is not a folder')
      this.#handle(did, true)
      syncFolder(folder)
      syncFolder(this.#usersDir)
    })
    return true
  }

  /** Remove a user's folder with all that is in it, keystore and assets too. @returns false when there was none. */
  delete(did: Did): boolean {
    const folder = this.folder(did)
    const handle = this.#open.get(did)
    if (handle) {
      if (handle.busy > 0)
        throw new VivimError('program/defect', 'a database was deleted while it was in use')
      this.#open.delete(did)
      handle.db.close()
    }
    if (kindOf(folder) === 'nothing') return false
    this.#guard(() => {
      rmSync(folder, { recursive: true })
      syncFolder(this.#usersDir)
    })
    return true
  }

  /** Read from a user's database. `fn` must not wait for anything. @throws `user/not-found` */
  read<T>(did: Did, fn: (db: UserReader) => T): T {
    return this.#guard(() => this.#using(did, handle => notLater(fn(handle.reader))))
  }

  /** Change a user's database: one transaction, on disk when this returns, undone as a whole when `fn` throws. The writer is
   *  good for nothing afterwards, and `fn` must not wait for anything. @throws `user/not-found`, `storage/full` */
  write<T>(did: Did, fn: (db: UserWriter) => T): T {
    return this.#guard(() =>
      this.#using(did, handle => {
        const { db } = handle
        if (db.inTransaction)
          throw new VivimError('program/defect', 'a write inside a write of the same user')
        db.exec('BEGIN IMMEDIATE')
        try {
          const result = notLater(fn(handle.writer))
          db.exec('COMMIT')
          return result
        } catch (error) {
          // A full disk has rolled it back already.
          if (db.inTransaction) db.exec('ROLLBACK')
          throw error
        }
      }),
    )
  }

  /** After private text was removed: bring the removal into the file, empty the write-ahead log, give free pages back. What was
   *  deleted before is then in none of the files. */
  compact(did: Did): void {
    this.#guard(() =>
      this.#using(did, ({ db }) => {
        if (db.inTransaction) throw new VivimError('program/defect', 'compact inside a write')
        db.pragma('incremental_vacuum(2000)')
        db.pragma('wal_checkpoint(TRUNCATE)')
      }),
    )
  }

  /** Open a user's database anew, which brings its schema up to date. @returns the schema before and after.
   *  @throws `user/not-found`, `storage/newer-schema`, `storage/corrupt` */
  migrate(did: Did): { from: number; to: number } {
    return this.#guard(() => {
      const open = this.#open.get(did)
      if (open && open.busy === 0) {
        this.#open.delete(did)
        open.db.close()
      }
      return this.#using(did, ({ schema }) => schema)
    })
  }

  /** Close every database. */
  close(): void {
    this.#closed = true
    for (const handle of this.#open.values()) handle.db.close()
    this.#open.clear()
  }

  #using<T>(did: Did, fn: (handle: Handle) => T): T {
    const handle = this.#handle(did, false)
    handle.busy++
    try {
      return fn(handle)
    } finally {
      handle.busy--
    }
  }

  #handle(did: Did, create: boolean): Handle {
    const known = this.#open.get(did)
    if (known) {
      this.#open.delete(did)
      this.#open.set(did, known)
      return known
    }
    if (this.#closed) throw new VivimError('program/defect', 'the user databases are closed')
    if (!create && !this.has(did)) throw new VivimError('user/not-found', 'no such user lives here')
    this.#makeRoom()
    const db = openSqlite(join(this.folder(did), 'user.db'), { secureDelete: true })
    let schema: Handle['schema']
    try {
      schema = migrateUserDatabase(db, did)
    } catch (error) {
      db.close()
      throw error
    }
    const sql = new WritingSql(db)
    const reader = makeUserReader(new Sql(db))
    const handle: Handle = { db, reader, writer: makeUserWriter(sql), schema, busy: 0 }
    this.#open.set(did, handle)
    return handle
  }

  #makeRoom(): void {
    for (const [did, handle] of this.#open) {
      if (this.#open.size < this.#maxOpen) return
      if (handle.busy > 0) continue
      this.#open.delete(did)
      handle.db.close()
    }
  }

  #guard<T>(fn: () => T): T {
    try {
      return fn()
    } catch (error) {
      throw storageError(error)
    }
  }
}

/** A promise would go on after its transaction. */
function notLater<T>(result: T): T {
  if (result instanceof Promise)
    throw new VivimError('program/defect', 'what reads or writes a user database must not wait')
  return result
}

/** Links are not followed: a folder or file of a user is its own. */
function kindOf(path: string): 'folder' | 'file' | 'other' | 'nothing' {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return 'nothing'
  return stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other'
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
