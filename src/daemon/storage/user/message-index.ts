/** The full-text index over messages and titles: every row that is in it is put in and taken out here. */
import type { Part } from '../../../core/model/conversation.ts'
import type { WritingSql } from '../sqlite.ts'
import { columnsOf, factsOf } from './indexed-message.ts'
import { indexed } from './script.ts'

/** What the index needs to know of a message's row. */
export interface IndexedMessage {
  moment: number
  hidden: number
  role: string
  provider: string
  text: string
  /** As JSON. */
  parts: string
}

/** The columns of an `IndexedMessage`, of `message` joined with `conversation`. */
export const INDEXED_COLUMNS = 'moment, hidden, role, provider, text, parts'

interface Entry {
  moment: number
  columns: readonly string[]
}

/** Taking one word out of the index in place costs as much as merging the words of about this many bytes of text does. Where
 *  more than total / this is taken out, marking and merging the whole index once is the faster way to leave nothing behind. */
const IN_PLACE_FACTOR = 80
/** More characters than this are never taken out in place, which goes on without a pause and takes about a microsecond each. */
const IN_PLACE_CHARACTERS = 100_000
/** Text that waits in memory to be put in: more than a batch of usual conversations has, less than a long session. */
const WAITING_CHARACTERS = 1 << 22
/** Pages of the index that one step of a merge writes: some ten milliseconds of work. */
const PAGES_A_STEP = 250

/** Hidden messages are not found by search, as `conversation show` does not print them. */
const isIndexed = (message: { hidden: number }): boolean => message.hidden === 0

const byMoment = (a: { moment: number }, b: { moment: number }): number => a.moment - b.moment

const entryOf = ({ moment, role, provider, text, parts }: IndexedMessage): Entry => ({
  moment,
  columns: [...columnsOf(text, JSON.parse(parts) as Part[]), factsOf(role, provider)],
})

export function makeMessageIndex(sql: WritingSql) {
  let waiting: Entry[] = []
  let waitingCharacters = 0

  /** Put in what waits. FTS5 writes a segment whenever a row comes that is older than the one before: so they come in order. */
  const flush = (): void => {
    if (waiting.length === 0) return
    const entries = waiting.sort(byMoment)
    waiting = []
    waitingCharacters = 0
    for (const { moment, columns } of entries)
      sql.run(
        'INSERT INTO message_fts (rowid, text, code, aside, facts) VALUES (?, ?, ?, ?, ?)',
        moment,
        ...columns,
      )
  }
  const removeEntry = ({ moment, columns }: Entry): void => {
    sql.run(
      `INSERT INTO message_fts (message_fts, rowid, text, code, aside, facts) VALUES ('delete', ?, ?, ?, ?, ?)`,
      moment,
      ...columns,
    )
  }
  /** The option of FTS5 is also the note that words wait to be merged away: only then it is off. */
  const setInPlace = (on: 0 | 1): void => {
    sql.run(`INSERT INTO message_fts (message_fts, rank) VALUES ('secure-delete', ${on})`)
  }
  const isInPlace = (): boolean =>
    sql.get<{ v: number }>(`SELECT v FROM message_fts_config WHERE k = 'secure-delete'`)?.v !== 0
  const changes = (): number => sql.get<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0
  return {
    /** Do what changes messages, and have the index follow when it is done, or not at all when it throws. */
    following<T>(change: () => T): T {
      try {
        const result = change()
        flush()
        return result
      } finally {
        waiting = []
        waitingCharacters = 0
      }
    },
    /** Put in when the `following` ends in which it must be called, or before. */
    insert(message: Omit<IndexedMessage, 'parts'> & { parts: readonly Part[] }): void {
      const { moment, role, provider, text, parts } = message
      if (!isIndexed(message)) return
      const columns = [...columnsOf(text, parts), factsOf(role, provider)]
      waiting.push({ moment, columns })
      for (const column of columns) waitingCharacters += column.length
      if (waitingCharacters > WAITING_CHARACTERS) flush()
    },
    remove(message: IndexedMessage): void {
      flush()
      if (isIndexed(message)) removeEntry(entryOf(message))
    },
    /** Take many out, so that nothing finds them. Of much text the words stay in the index's file until `purgeStep` says that
     *  nothing is left. */
    removeAll(messages: readonly IndexedMessage[]): void {
      flush()
      const entries = messages.filter(isIndexed).map(entryOf).sort(byMoment)
      const characters = entries.flatMap(entry => entry.columns).reduce((sum, text) => sum + text.length, 0)
      if (characters === 0) return
      const total =
        sql.get<{ total: number }>('SELECT total(text_bytes) AS total FROM conversation')?.total ?? 0
      if (characters * IN_PLACE_FACTOR > total || characters > IN_PLACE_CHARACTERS) setInPlace(0)
      for (const entry of entries) removeEntry(entry)
    },
    /** A step of merging away what `removeAll` only marked. That there is something to do stands in the file, so that it goes on
     *  after a crash. @returns true when nothing is left to do */
    purgeStep(): boolean {
      if (isInPlace()) return true
      const before = changes()
      // Negative: merge everything into one piece, which leaves no marks and nothing that was marked.
      sql.run(`INSERT INTO message_fts (message_fts, rank) VALUES ('merge', ${-PAGES_A_STEP})`)
      // SQLite's manual: fewer than two changes are no work.
      if (changes() - before >= 2) return false
      setInPlace(1)
      return true
    },
    insertTitle(conversation: number, title: string | null): void {
      if (title !== null)
        sql.run('INSERT INTO title_fts (rowid, title) VALUES (?, ?)', conversation, indexed(title))
    },
    removeTitle(conversation: number, title: string | null): void {
      if (title !== null)
        sql.run(
          `INSERT INTO title_fts (title_fts, rowid, title) VALUES ('delete', ?, ?)`,
          conversation,
          indexed(title),
        )
    },
  }
}
