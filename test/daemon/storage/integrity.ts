/** Looks into a user's database from outside: whether file, keys and full-text index agree with what stands in the tables. */
import Database from 'better-sqlite3'
import { defineFunctions } from '../../../src/daemon/storage/user/migrations.ts'

/** @param path - a database that nobody has open. @returns what is wrong with it, in SQLite's words. */
export function faultsOf(path: string): string[] {
  const db = new Database(path)
  try {
    defineFunctions(db)
    const faults = (db.pragma('integrity_check') as { integrity_check: string }[])
      .map(row => row.integrity_check)
      .filter(text => text !== 'ok')
    for (const row of db.pragma('foreign_key_check') as object[]) faults.push(JSON.stringify(row))
    for (const index of ['message_fts', 'title_fts'])
      try {
        // 1: compare with the text itself too.
        db.exec(`INSERT INTO ${index} (${index}, rank) VALUES ('integrity-check', 1)`)
      } catch (error) {
        faults.push(`${index}: ${(error as Error).message}`)
      }
    return faults
  } finally {
    db.close()
  }
}
