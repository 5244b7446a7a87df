/** Table `profile`: what a user's own node knows of them, by key; texts and bytes. */
import { plain } from '../../../core/crypto/hash.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export function makeProfileReader(sql: Sql) {
  const value = (key: string): unknown =>
    sql.get<{ value: unknown }>('SELECT value FROM profile WHERE key = ?', key)?.value
  return {
    /** null: not set, or not a text. */
    text(key: string): string | null {
      const found = value(key)
      return typeof found === 'string' ? found : null
    },
    /** null: not set, or not bytes. */
    bytes(key: string): Uint8Array | null {
      const found = value(key)
      return found instanceof Uint8Array ? plain(found) : null
    },
  }
}

export function makeProfileWriter(sql: WritingSql) {
  return {
    ...makeProfileReader(sql),
    put(key: string, value: string | Uint8Array): void {
      sql.run(
        'INSERT INTO profile (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
        key,
        value,
      )
    },
    delete: (key: string): boolean => sql.run('DELETE FROM profile WHERE key = ?', key) > 0,
  }
}
