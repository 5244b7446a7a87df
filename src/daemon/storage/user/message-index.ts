/** The full-text index over messages and titles: every row that is in it is put in and taken out here. */
import type { WritingSql } from '../sqlite.ts'
import { spaced } from './script.ts'

/** What the index needs to know of a message's row. */
export interface IndexedMessage {
  seq: number
  hidden: number
  text: string
}

/** Taking one word out of the index in place costs as much as merging the words of about this many bytes of text does. Where
 *  more than total / this is taken out, marking and merging the whole index once is the faster way to leave nothing behind. */
const IN_PLACE_FACTOR = 300

/** Hidden messages are not found by search, as `conversation show` does not print them. */
const isIndexed = (message: IndexedMessage): boolean => message.hidden === 0 && message.text !== ''

export function makeMessageIndex(sql: WritingSql) {
  const insert = (message: IndexedMessage): void => {
    if (isIndexed(message))
      sql.run('INSERT INTO message_fts (rowid, text) VALUES (?, ?)', message.seq, spaced(message.text))
  }
  const remove = (message: IndexedMessage): void => {
    if (isIndexed(message))
      sql.run(
        `INSERT INTO message_fts (message_fts, rowid, text) VALUES ('delete', ?, ?)`,
        message.seq,
        spaced(message.text),
      )
  }
  return {
    insert,
    remove,
    /** Take many out so that none of their words stays in the index. */
    removeAll(messages: readonly IndexedMessage[]): void {
      const bytes = messages.reduce((sum, message) => sum + (isIndexed(message) ? message.text.length : 0), 0)
      if (bytes === 0) return
      const total =
        sql.get<{ total: number }>('SELECT total(text_bytes) AS total FROM conversation')?.total ?? 0
      const merge = bytes * IN_PLACE_FACTOR > total
      if (merge) sql.run(`INSERT INTO message_fts (message_fts, rank) VALUES ('secure-delete', 0)`)
      for (const message of messages) remove(message)
      if (!merge) return
      sql.run(`INSERT INTO message_fts (message_fts) VALUES ('optimize')`)
      sql.run(`INSERT INTO message_fts (message_fts, rank) VALUES ('secure-delete', 1)`)
    },
    insertTitle(conversation: number, title: string | null): void {
      if (title !== null)
        sql.run('INSERT INTO title_fts (rowid, title) VALUES (?, ?)', conversation, spaced(title))
    },
    removeTitle(conversation: number, title: string | null): void {
      if (title !== null)
        sql.run(
          `INSERT INTO title_fts (title_fts, rowid, title) VALUES ('delete', ?, ?)`,
          conversation,
          spaced(title),
        )
    },
  }
}
