/** The records of databases that hold conversations. Only the named tables and keys are read: such files hold sign-in
 *  tokens beside the talk. */
import { hasCode, VivimError } from '../kernel/errors.ts'
import { cursorRecords } from './cursor-store.ts'
import { type ForeignDatabase, parseCell } from './foreign-database.ts'
import { type Limits, YIELD_BYTES } from './limits.ts'
import { type RawRecord, turn } from './record.ts'

/** The records of a database of a known kind. @throws `import/unreadable` for any other. */
export async function* databaseRecords(database: ForeignDatabase, limits: Limits): AsyncGenerator<RawRecord> {
  const has = (table: string, ...columns: readonly string[]): boolean => {
    const known = database.columns(table)
    return known !== null && columns.every(column => known.includes(column))
  }
  let records: Iterable<RawRecord>
  if (has('chat', 'id', 'chat')) records = webuiRecords(database, limits)
  else if (has('cursorDiskKV', 'key', 'value') || has('ItemTable', 'key', 'value'))
    records = cursorRecords(database, limits)
  else throw new VivimError('import/unreadable', 'it is a SQLite database of a kind that is not known here')
  let sinceTurn = 0
  let hasBegun = false
  try {
    for (const record of records) {
      hasBegun = true
      yield record
      sinceTurn += record.bytes
      if (sinceTurn < YIELD_BYTES) continue
      sinceTurn = 0
      await turn()
    }
  } catch (error) {
    // What was read before the damage is good.
    if (!hasBegun || !hasCode(error, 'import/unreadable')) throw error
    yield { kind: 'bad', reason: (error as Error).message, where: 'the rest', bytes: 0 }
  }
}

const CHAT_FACTS = ['id', 'title', 'created_at', 'updated_at', 'archived', 'pinned', 'folder_id'] as const
const FACT_BYTES = 64 * 1024

/** Rows of the table `chat`, as the export has them. */
function* webuiRecords(database: ForeignDatabase, limits: Limits): Generator<RawRecord> {
  const known = database.columns('chat') ?? []
  const facts = CHAT_FACTS.filter(column => known.includes(column))
  for (const row of database.rows('chat')) {
    const where = `chat, row ${row}`
    const chat = parseCell(database.cell('chat', row, 'chat', limits.recordBytes), where, limits)
    if (chat.kind === 'bad') {
      yield chat
      continue
    }
    const value: Record<string, unknown> = { chat: chat.value }
    for (const column of facts) {
      const fact = database.cell('chat', row, column, FACT_BYTES)
      if (typeof fact === 'string' || typeof fact === 'number') value[column] = fact
    }
    yield { ...chat, value }
  }
}
