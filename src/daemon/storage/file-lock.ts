/** A lock that one process holds on a file, and that the system takes away when the process dies, however it dies. */
import Database from 'better-sqlite3'
import { makePrivate } from './sqlite.ts'

export interface FileLock {
  release(): void
}

/** Take the lock: an exclusive SQLite transaction that is never committed, so a POSIX lock that works on every platform that we
 *  have. @param waitMs - how long to wait for another holder. @returns null when somebody else has it. */
export function lockFile(path: string, waitMs = 0): FileLock | null {
  makePrivate(path)
  const db = new Database(path, { timeout: waitMs })
  try {
    db.exec('BEGIN EXCLUSIVE')
    return { release: () => db.close() }
  } catch (error) {
    db.close()
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return null
    throw error
  }
}
