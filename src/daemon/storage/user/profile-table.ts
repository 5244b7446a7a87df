/** Table `profile`: what a user's own node knows of them, by key; texts and bytes. */
import { plain } from '../../../core/crypto/hash.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { prefixEnd } from './selector.ts'

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
    /** All bytes whose key begins so, by key. */
    allBytes: (prefix: string): { key: string; value: Uint8Array }[] =>
      sql
        .all<{ key: string; value: Uint8Array }>(
          `SELECT key, value FROM profile WHERE key >= ? AND key < ? AND typeof(value) = 'blob' ORDER BY key`,
          prefix,
          prefixEnd(prefix),
        )
        .map(row => ({ key: row.key, value: plain(row.value) })),
    /** All texts whose key begins so, by key. */
    texts: (prefix: string): { key: string; value: string }[] =>
      sql.all<{ key: string; value: string }>(
        `SELECT key, value FROM profile WHERE key >= ? AND key < ? AND typeof(value) = 'text' ORDER BY key`,
        prefix,
        prefixEnd(prefix),
      ),
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
