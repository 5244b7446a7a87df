/** A lock that one process holds on a file, and that the system takes away when the process dies, however it dies. */
import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'

export interface FileLock {
  release(): void
}

/** Take the lock: an exclusive SQLite transaction that is never committed, which is a POSIX lock with a body for every platform.
 *  @param waitMs - how long to wait for another holder; the thread stands still meanwhile. @returns null when somebody else has it. */
export function lockFile(path: string, waitMs = 0): FileLock | null {
  closeSync(openSync(path, 'a', 0o600))
  const db = new Database(path, { timeout: waitMs })
  try {
    db.exec('BEGIN EXCLUSIVE')
    return { release: () => db.close() }
  } catch (error) {
    db.close()
    if (isBusy(error)) return null
    throw error
  }
}

const isBusy = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  /^SQLITE_(BUSY|LOCKED)/.test(String(error.code))
