/** Table `memory`: short statements that the user keeps, was offered, or turned down; each stands once. */
import type { MemoryState } from '../../../core/contract/library-shapes.ts'
import type { MemoryKind } from '../../../core/model/library.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

export interface MemoryRow {
  /** 26 characters of base32. */
  id: string
  kind: MemoryKind
  state: MemoryState
  text: string
  /** Where it comes from; null where that was not said. */
  conversation: string | null
  message: string | null
  acu: string | null
  createdAtMs: number
  updatedAtMs: number
}

interface Stored extends Omit<MemoryRow, 'createdAtMs' | 'updatedAtMs'> {
  created_at_ms: number
  updated_at_ms: number
}

const rowOf = ({ created_at_ms, updated_at_ms, ...row }: Stored): MemoryRow => ({
  ...row,
  createdAtMs: created_at_ms,
  updatedAtMs: updated_at_ms,
})

const SELECT =
  'SELECT id, kind, state, text, conversation, message, acu, created_at_ms, updated_at_ms FROM memory'

export function makeMemoryReader(sql: Sql) {
  return {
    /** Newest first. */
    list: (): MemoryRow[] => sql.all<Stored>(`${SELECT} ORDER BY created_at_ms DESC, seq DESC`).map(rowOf),
    /** By id or unique beginning of one. */
    find(selector: string): MemoryRow | 'ambiguous' | null {
      const rows =
        selector === ''
          ? []
          : sql.all<Stored>(`${SELECT} WHERE id >= ? AND id < ? LIMIT 2`, selector, prefixEnd(selector))
      const found = onlyOne(rows)
      return found === null || found === 'ambiguous' ? found : rowOf(found)
    },
    /** The one with exactly these words. */
    saying(text: string): MemoryRow | null {
      const row = sql.get<Stored>(`${SELECT} WHERE text = ?`, text)
      return row && rowOf(row)
    },
    count: (): number => sql.get<{ n: number }>('SELECT count(*) AS n FROM memory')?.n ?? 0,
  }
}

export function makeMemoryWriter(sql: WritingSql) {
  return {
    ...makeMemoryReader(sql),
    /** Add, or replace the one of that id. */
    put(row: MemoryRow): void {
      sql.run(
        `INSERT INTO memory (id, kind, state, text, conversation, message, acu, created_at_ms, updated_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state, text = excluded.text,
           conversation = excluded.conversation, message = excluded.message, acu = excluded.acu,
           updated_at_ms = excluded.updated_at_ms`,
        row.id,
        row.kind,
        row.state,
        row.text,
        row.conversation,
        row.message,
        row.acu,
        row.createdAtMs,
        row.updatedAtMs,
      )
    },
    delete: (id: string): boolean => sql.run('DELETE FROM memory WHERE id = ?', id) > 0,
  }
}
