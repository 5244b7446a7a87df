/** Table `filter_entry`: the user's own deny and allow list. `key` is what makes two entries the same. */
import type { Sql, WritingSql } from '../sqlite.ts'

export type FilterListName = 'deny' | 'allow'

export interface FilterEntryRow {
  list: FilterListName
  key: string
  /** As the user wrote it. */
  text: string
  /** Of what the deny list names; null on the allow list. */
  severity: 'secret' | 'personal' | null
  addedAtMs: number
}

export function makeFilterEntryReader(sql: Sql) {
  return {
    all: (): FilterEntryRow[] =>
      sql.all<FilterEntryRow>(
        'SELECT list, key, text, severity, added_at_ms AS addedAtMs FROM filter_entry ORDER BY list, added_at_ms, key',
      ),
    count: (list: FilterListName): number =>
      sql.get<{ n: number }>('SELECT count(*) AS n FROM filter_entry WHERE list = ?', list)?.n ?? 0,
  }
}

export function makeFilterEntryWriter(sql: WritingSql) {
  return {
    ...makeFilterEntryReader(sql),
    /** Add, or change the severity of what is there. @returns false when nothing changed. */
    put: (row: FilterEntryRow): boolean =>
      sql.run(
        `INSERT INTO filter_entry (list, key, text, severity, added_at_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET severity = excluded.severity WHERE severity IS NOT excluded.severity`,
        row.list,
        row.key,
        row.text,
        row.severity,
        row.addedAtMs,
      ) > 0,
    delete: (list: FilterListName, key: string): boolean =>
      sql.run('DELETE FROM filter_entry WHERE list = ? AND key = ?', list, key) > 0,
  }
}
