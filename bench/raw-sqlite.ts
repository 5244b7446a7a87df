/** The least that SQLite can do to keep messages and find them by their words. */
import type Database from 'better-sqlite3'
import { type ImportedConversation, messageText } from '../src/core/model/conversation.ts'

/** What SQLite itself needs for a row and its words, with the same syncs. */
export function makeRaw(db: Database.Database): (batch: readonly ImportedConversation[]) => void {
  db.exec(`CREATE TABLE message (seq INTEGER PRIMARY KEY, conversation TEXT, id TEXT, at INTEGER, text TEXT);
    CREATE VIRTUAL TABLE found USING fts5(text, content='message', content_rowid='seq')`)
  const insert = db.prepare('INSERT INTO message (conversation, id, at, text) VALUES (?, ?, ?, ?)')
  const index = db.prepare('INSERT INTO found (rowid, text) VALUES (?, ?)')
  return db.transaction((batch: readonly ImportedConversation[]) => {
    for (const { sourceId, messages } of batch)
      for (const { id, createdAtMs, parts } of messages) {
        const text = messageText(parts)
        index.run(insert.run(sourceId, id, createdAtMs, text).lastInsertRowid, text)
      }
  })
}
