/** Rows of `message`, put in, replaced and hidden together with what the index and the assets need to know of them. */
import { createHash } from 'node:crypto'
import { type ImportedMessage, messageText, type Part } from '../../../core/model/conversation.ts'
import type { WritingSql } from '../sqlite.ts'
import type { makeMessageIndex } from './message-index.ts'

/** A message ready to be stored; `parts` as JSON. */
export interface Prepared {
  message: ImportedMessage
  createdAtMs: number | null
  parts: string
  /** 32 bytes over everything but the place. */
  hash: Uint8Array
}

/** The last millisecond of the year 9999: what ISO 8601 can say in four digits. */
const LAST_MS = 253_402_300_799_999
/** The first millisecond of the year 1. */
const FIRST_MS = -62_135_596_800_000

/** Whole milliseconds that can be printed, or null for others. */
export const timeOf = (ms: number | null): number | null =>
  ms !== null && ms >= FIRST_MS && ms <= LAST_MS ? Math.trunc(ms) : null

export function makeMessageRows(sql: WritingSql, index: ReturnType<typeof makeMessageIndex>) {
  const insertMessage = (conversation: number, ordinal: number, prepared: Prepared): void => {
    const { message, createdAtMs, parts, hash } = prepared
    const text = messageText(message.parts)
    const seq = sql.insert(
      `INSERT INTO message (conversation, id, parent, ordinal, role, author, created_at_ms, branch, hidden, model, parts,
         text, content_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      conversation,
      message.id,
      message.parent,
      ordinal,
      message.role,
      message.author,
      createdAtMs,
      message.branch,
      message.hidden ? 1 : 0,
      message.model,
      parts,
      text,
      hash,
    )
    index.insert({ seq, hidden: message.hidden ? 1 : 0, text })
    noteAssets(conversation, message.parts)
  }

  const replaceMessage = (conversation: number, seq: number, prepared: Prepared, hidden: boolean): void => {
    const { message, createdAtMs, parts, hash } = prepared
    const was = sql.get<{ seq: number; hidden: number; text: string }>(
      'SELECT seq, hidden, text FROM message WHERE seq = ?',
      seq,
    )
    if (was) index.remove(was)
    const text = messageText(message.parts)
    sql.run(
      `UPDATE message SET role = ?, author = ?, created_at_ms = coalesce(?, created_at_ms), hidden = ?,
         model = coalesce(?, model), parts = ?, text = ?, content_hash = ? WHERE seq = ?`,
      message.role,
      message.author,
      createdAtMs,
      hidden ? 1 : 0,
      message.model,
      parts,
      text,
      hash,
      seq,
    )
    index.insert({ seq, hidden: hidden ? 1 : 0, text })
    noteAssets(conversation, message.parts)
  }

  const hide = (seq: number): void => {
    const was = sql.get<{ seq: number; hidden: number; text: string }>(
      'SELECT seq, hidden, text FROM message WHERE seq = ?',
      seq,
    )
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
  const hash = createHash('sha256').update(`${facts.length}:${facts}`).update(parts).digest()
  return { message, createdAtMs, parts, hash }
}
