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
  readonly parts: string
  /** 32 bytes over everything but the place. */
  readonly hash: Uint8Array
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
    const { role, hidden, parts: content } = message
    const text = messageText(content)
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
    index.insert({ moment, hidden: hidden ? 1 : 0, role, provider, text, parts: content })
    noteAssets(within.seq, content)
  }

  const indexedAt = (seq: number): IndexedMessage | null =>
    sql.get<IndexedMessage>(
      `SELECT ${INDEXED_COLUMNS} FROM message JOIN conversation ON conversation.seq = message.conversation
       WHERE message.seq = ?`,
      seq,
    )

  const replaceMessage = (within: Within, seq: number, prepared: Prepared, isHidden: boolean): void => {
    const { message, createdAtMs, parts, hash } = prepared
    const { role, parts: content } = message
    const hidden = isHidden ? 1 : 0
    const was = indexedAt(seq)
    if (was) index.remove(was)
    const text = messageText(content)
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
    index.insert({ moment, hidden, role, provider, text, parts: content })
    noteAssets(within.seq, content)
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

/** So many characters of a conversation's parts are kept as JSON from the moment they are hashed; those of further messages are made
 *  again when they are stored, so that a long conversation is never in memory as a whole. */
const KEPT_CHARACTERS = 1 << 22

/** One whose JSON is made when it is asked for. */
class LatePrepared implements Prepared {
  readonly message: ImportedMessage
  readonly createdAtMs: number | null
  readonly #hash: string

  constructor({ message, createdAtMs, hash }: Prepared) {
    this.message = message
    this.createdAtMs = createdAtMs
    // A buffer of its own for each would take eight times as much.
    this.#hash = Buffer.from(hash).toString('latin1')
  }

  get hash(): Uint8Array {
    return Buffer.from(this.#hash, 'latin1')
  }

  get parts(): string {
    return JSON.stringify(this.message.parts)
  }
}

/** A message in another place, with the same content. */
export const placed = (prepared: Prepared, place: Pick<ImportedMessage, 'parent' | 'branch'>): Prepared => {
  const { message, createdAtMs, parts, hash } = prepared
  const { parent, branch } = place
  // A message that loads its parts keeps them in no property that a spread would take.
  return { message: { ...message, parent, branch, parts: message.parts }, createdAtMs, parts, hash }
}

/** All messages of a conversation, ready to be stored. */
export function prepareAll(messages: readonly ImportedMessage[]): Prepared[] {
  let kept = 0
  return messages.map(message => {
    const prepared = prepare(message)
    kept += prepared.parts.length
    if (kept <= KEPT_CHARACTERS) return prepared
    return new LatePrepared(prepared)
  })
}

export function prepare(message: ImportedMessage): Prepared {
  const createdAtMs = timeOf(message.createdAtMs)
  const parts = JSON.stringify(message.parts)
  const facts = JSON.stringify([message.role, message.author, createdAtMs, message.hidden, message.model])
  // In one call: a hash object for each message costs as much as the hashing.
  const hash = digest('sha256', `${facts.length}:${facts}${parts}`, 'buffer')
  return { message, createdAtMs, parts, hash }
}
