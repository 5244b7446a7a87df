/** Table `message`, read a window at a time: for what looks at all of a conversation and must hold only a part of it. */
import type { Part } from '../../../core/model/conversation.ts'
import type { Sql } from '../sqlite.ts'

/** A message's place and weight, without its text. */
export interface MessageOutline {
  seq: number
  id: string
  /** Counts visible messages of the active branch from 1; null for the others. */
  index: number | null
  /** Of its parts as stored. */
  bytes: number
}

export const makeMessageWindows = (sql: Sql) => ({
  /** Every message of a conversation in order, hidden ones and other branches too. */
  outline(conversation: string): MessageOutline[] {
    let visible = 0
    return sql
      .all<{ seq: number; id: string; visible: number; bytes: number }>(
        `SELECT message.seq, message.id, branch = 'main' AND hidden = 0 AS visible, octet_length(parts) AS bytes
         FROM message JOIN conversation ON conversation.seq = message.conversation
         WHERE conversation.id = ? ORDER BY ordinal`,
        conversation,
      )
      .map(({ seq, id, visible: isVisible, bytes }) => ({
        seq,
        id,
        index: isVisible === 1 ? ++visible : null,
        bytes,
      }))
  },
  /** The parts of some messages, by their `seq`. What was removed meanwhile is not among them. */
  parts: (seqs: readonly number[]): Map<number, Part[]> =>
    new Map(
      sql
        .all<{ seq: number; parts: string }>(
          'SELECT seq, parts FROM message WHERE seq IN (SELECT value FROM json_each(?))',
          JSON.stringify(seqs),
        )
        .map(({ seq, parts }) => [seq, JSON.parse(parts)]),
    ),
})
