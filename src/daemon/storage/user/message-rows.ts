/** Rows of `message`, put in, replaced and hidden together with what the index and the assets need to know of them. */
import { hash as digest } from 'node:crypto'
import { type ImportedMessage, messageText, type Part } from '../../../core/model/conversation.ts'
import type { WritingSql } from '../sqlite.ts'
import { momentOf } from './indexed-message.ts'
import { INDEXED_COLUMNS, type IndexedMessage, type makeMessageIndex } from './message-index.ts'

/** A message ready to be stored; `parts` as JSON. */
export interface Prepared {
  message: ImportedMessage
  createdAtMs: number | null
  parts: string
  /** 32 bytes over everything but the place. */
  hash: Uint8Array
}

/** What a message takes from its conversation. */
export interface Within {
  seq: number
  provider: string
  /** Stands for the time of messages that have none, in the order of the index. */
  timeMs: number | null
}

/** The last millisecond of the year 9999: what ISO 8601 can say in four digits. */
const LAST_MS = 253_402_300_799_999
/** The first millisecond of the year 1. */
const FIRST_MS = -62_135_596_800_000

/** Whole milliseconds that can be printed, or null for others. */
export const timeOf = (ms: number | null): number | null =>
  ms !== null && ms >= FIRST_MS && ms <= LAST_MS ? Math.trunc(ms) : null

export function makeMessageRows(sql: WritingSql, index: ReturnType<typeof makeMessageIndex>) {
  const insertMessage = (within: Within, ordinal: number, prepared: Prepared): void => {
    const { message, createdAtMs, parts, hash } = prepared
    const { role, hidden } = message
    const text = messageText(message.parts)
    const seq = (sql.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM message')?.seq ?? 0) + 1
    const moment = momentOf(createdAtMs ?? within.timeMs, seq)
    sql.run(
      `INSERT INTO message (seq, conversation, id, parent, ordinal, role, author, created_at_ms, branch, hidden, model, parts,
         text, content_hash, moment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      within.seq,
      message.id,
      message.parent,
      ordinal,
      role,
      message.author,
      createdAtMs,
      message.branch,
      hidden ? 1 : 0,
      message.model,
      parts,
      text,
      hash,
      moment,
    )
    const { provider } = within
    index.insert({ moment, hidden: hidden ? 1 : 0, role, provider, text, parts: message.parts })
    noteAssets(within.seq, message.parts)
  }

  const indexedAt = (seq: number): IndexedMessage | null =>
    sql.get<IndexedMessage>(
      `SELECT ${INDEXED_COLUMNS} FROM message JOIN conversation ON conversation.seq = message.conversation
       WHERE message.seq = ?`,
      seq,
    )

  const replaceMessage = (within: Within, seq: number, prepared: Prepared, isHidden: boolean): void => {
    const { message, createdAtMs, parts, hash } = prepared
    const { role } = message
    const hidden = isHidden ? 1 : 0
    const was = indexedAt(seq)
    if (was) index.remove(was)
    const text = messageText(message.parts)
    // Its place in time stays where the new version says none.
    const moment = createdAtMs === null && was ? was.moment : momentOf(createdAtMs ?? within.timeMs, seq)
    sql.run(
      `UPDATE message SET role = ?, author = ?, created_at_ms = coalesce(?, created_at_ms), hidden = ?,
         model = coalesce(?, model), parts = ?, text = ?, content_hash = ?, moment = ? WHERE seq = ?`,
      role,
      message.author,
      createdAtMs,
      hidden,
      message.model,
      parts,
      text,
      hash,
      moment,
      seq,
    )
    const { provider } = within
    index.insert({ moment, hidden, role, provider, text, parts: message.parts })
    noteAssets(within.seq, message.parts)
  }

  const hide = (seq: number): void => {
    const was = indexedAt(seq)
    if (was) index.remove(was)
    sql.run('UPDATE message SET hidden = 1 WHERE seq = ?', seq)
  }

  const noteAssets = (conversation: number, parts: readonly Part[]): void => {
    for (const part of parts)
      if ((part.type === 'image' || part.type === 'attachment') && part.asset !== null)
        sql.run(
          'INSERT INTO asset_use (conversation, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING',
          conversation,
          part.asset,
        )
  }

  const countMessages = (conversation: number): void => {
    sql.run(
      `UPDATE conversation SET
         message_count = (SELECT count(*) FROM message WHERE conversation = conversation.seq),
         text_bytes = (SELECT total(length(text)) FROM message WHERE conversation = conversation.seq)
       WHERE seq = ?`,
      conversation,
    )
  }

  return {
    insert: insertMessage,
    /** Take another version of a message's content; its place stays. */
    replace: replaceMessage,
    hide,
    /** Bring the numbers of a conversation up to date. */
    count: countMessages,
  }
}

export function prepare(message: ImportedMessage): Prepared {
  const createdAtMs = timeOf(message.createdAtMs)
  const parts = JSON.stringify(message.parts)
  const facts = JSON.stringify([message.role, message.author, createdAtMs, message.hidden, message.model])
  // In one call: a hash object for each message costs as much as the hashing.
  const hash = digest('sha256', `${facts.length}:${facts}${parts}`, 'buffer')
  return { message, createdAtMs, parts, hash }
}
