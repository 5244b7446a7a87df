/** A database of conversations, by itself or inside a zip. */
import { databaseRecords } from './database.ts'
import type { ReadContext } from './format.ts'
import { type ImportEvent, type ImportPorts, openRecords, readOpened, unreadable } from './plain-file.ts'

export interface DatabaseFile {
  readonly label: string
  /** The entry of an archive, or null. */
  readonly entry: string | null
  readonly bytes: AsyncIterableIterator<Uint8Array>
  /** Where its write-ahead log begins in the bytes, or null. */
  readonly mainBytes: number | null
}

/** Reads all conversations of a database, followed by its report.
 *  @throws `import/unreadable` when it is of no known kind, holds none, or there is no place to spool it to */
export async function* readDatabase(
  { label, entry, bytes, mainBytes }: DatabaseFile,
  open: ImportPorts['database'],
  context: Omit<ReadContext, 'fileName'>,
): AsyncGenerator<ImportEvent> {
  if (open === undefined) {
    await bytes.return?.()
    throw unreadable(label, 'a SQLite database, which needs a place to be spooled to')
  }
  const database = await open(bytes, mainBytes)
  try {
    const opened = await openRecords(databaseRecords(database, context.limits))
    if (opened.format === null)
      throw unreadable(label, opened.bad ?? 'a SQLite database without conversations')
    yield* readOpened({ label, entry }, opened, context, { reason: null })
  } finally {
    await database.close()
  }
}
