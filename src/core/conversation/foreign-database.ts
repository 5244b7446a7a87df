/** A database that somebody else wrote, opened for reading: the port, and its cells as records. */
import { isTooDeep } from './jsonl-lines.ts'
import type { Limits } from './limits.ts'
import type { RawRecord } from './record.ts'

/** A cell that is longer than was asked for. */
export const TOO_LONG = Symbol('too long')
export type Cell = string | number | Uint8Array | null | typeof TOO_LONG

/** A database opened for reading. All but `close` throw `import/unreadable` where it is damaged. */
export interface ForeignDatabase {
  /** The stored columns of an ordinary table; null where there is none of that name: no view, no virtual table. */
  columns(table: string): readonly string[] | null
  /** Rows whose text `key` begins with a prefix, in the order of the keys. */
  keys(table: string, prefix: string): Iterable<{ readonly row: number; readonly key: string }>
  /** All rows, in the order of their numbers. */
  rows(table: string): Iterable<number>
  cell(table: string, row: number, column: string, maxBytes: number): Cell
  close(): Promise<void>
}

/** A cell that holds JSON, as a record; no value is null. */
export function parseCell(cell: Cell, where: string, limits: Limits): RawRecord {
  if (cell === TOO_LONG)
    return { kind: 'bad', reason: `it is longer than ${limits.recordBytes} bytes`, where, bytes: 0 }
  if (cell === null) return { kind: 'value', value: null, where, bytes: 0 }
  const bytes = Buffer.from(typeof cell === 'number' ? String(cell) : (cell as string))
  if (isTooDeep(bytes, limits.recordDepth))
    return {
      kind: 'bad',
      reason: `it is nested deeper than ${limits.recordDepth} levels`,
      where,
      bytes: bytes.length,
    }
  try {
    return { kind: 'value', value: JSON.parse(bytes.toString('utf8')), where, bytes: bytes.length }
  } catch {
    return { kind: 'bad', reason: 'it is not valid JSON', where, bytes: bytes.length }
  }
}
