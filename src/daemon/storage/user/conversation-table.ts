/** Tables `conversation` and `message`, for reading: lists, whole conversations, selection by unique prefix. */
import { VivimError } from '../../../core/kernel/errors.ts'
import type { Part, Role } from '../../../core/model/conversation.ts'
import { ConversationId } from '../../../core/model/id.ts'
import type { Sql } from '../sqlite.ts'
import { makeSearch } from './search.ts'
import { onlyOne, prefixEnd } from './selector.ts'

/** `own`: imported; `received`: an opened share of somebody else, its id the share's. */
export type Origin = 'own' | 'received'

export interface ConversationHead {
  id: ConversationId
  origin: Origin
  provider: string
  sourceId: string
  title: string | null
  model: string | null
  createdAtMs: number | null
  updatedAtMs: number | null
  messageCount: number
  meta: Record<string, string>
}

export interface MessageView {
  id: string
  /** Counts visible messages of the active branch from 1; null for the others. */
  index: number | null
  parent: string | null
  role: Role
  author: string | null
  createdAtMs: number | null
  hidden: boolean
  branch: string
  model: string | null
  parts: Part[]
  text: string
}

export interface ConversationPage {
  /** `opening` is how the first question begins, where there is no title to know the conversation by. */
  conversations: (ConversationHead & { opening: string | null })[]
  /** For the next page, or null at the end. */
  next: string | null
}

export interface ConversationFilter {
  /** What must be found in the title or in one message, as in a search. */
  query?: string | undefined
  provider?: string | undefined
  limit: number
  /** What the page before gave as `next`. */
  cursor?: string | undefined
}

/** A row as it stands in the table. */
export interface ConversationRow {
  seq: number
  id: string
  origin: Origin
  provider: string
  source_id: string
  title: string | null
  model: string | null
  created_at_ms: number | null
  updated_at_ms: number | null
  sort_ms: number
  leaf: string | null
  meta: string
  message_count: number
  last_import: Uint8Array | null
}

/** Characters of a first question that tell which conversation it was. */
const OPENING = 120

interface MessageRow {
  id: string
  parent: string | null
  role: Role
  author: string | null
  created_at_ms: number | null
  hidden: number
  branch: string
  model: string | null
  parts: string
  text: string
}

const headOf = (row: ConversationRow): ConversationHead => ({
  id: ConversationId.parse(row.id),
  origin: row.origin,
  provider: row.provider,
  sourceId: row.source_id,
  title: row.title,
  model: row.model,
  createdAtMs: row.created_at_ms,
  updatedAtMs: row.updated_at_ms,
  messageCount: row.message_count,
  meta: JSON.parse(row.meta),
})

export function makeConversationReader(sql: Sql) {
  const search = makeSearch(sql)
  const matching = (selector: string, origin: Origin | null): ConversationRow[] =>
    sql.all<ConversationRow>(
      `SELECT * FROM conversation WHERE id >= ? AND id < ? AND origin = coalesce(?, origin) LIMIT 2`,
      selector,
      prefixEnd(selector),
      origin,
    )
  const rowOf = (selector: string, origin: Origin | null): ConversationRow => {
    const rows = matching(selector, origin)
    const found = selector === '' ? null : onlyOne(rows)
    if (found === 'ambiguous') throw new VivimError('id/ambiguous', 'more than one conversation begins so')
    if (found !== null) return found
    // Search and show find it too, so that it is not there would be hard to believe.
    const isReceived = selector !== '' && origin === 'own' && matching(selector, 'received').length > 0
    throw new VivimError(
      'conversation/not-found',
      isReceived
        ? 'that is a share of somebody else, not a conversation of yours; `vivim inbox forget` removes it'
        : 'no conversation has that id',
    )
  }

  return {
    /** By id or unique beginning of one. @param origin - null: also what was opened from the inbox.
     *  @throws `conversation/not-found`, `id/ambiguous` */
    find: (selector: string, origin: Origin | null): ConversationHead => headOf(rowOf(selector, origin)),

    /** Those whose id begins so, own and received, at most eight. */
    beginning: (prefix: string): ConversationHead[] =>
      sql
        .all<ConversationRow>(
          'SELECT * FROM conversation WHERE id >= ? AND id < ? ORDER BY id LIMIT 8',
          prefix,
          prefixEnd(prefix),
        )
        .map(headOf),

    /** One visible message of the active branch, with its number; null for all others. */
    visibleMessage(id: string, message: string): Pick<MessageView, 'id' | 'index' | 'role' | 'parts'> | null {
      const row = sql.get<{ id: string; role: Role; parts: string; visible: number }>(
        `SELECT one.id, one.role, one.parts,
           (SELECT count(*) FROM message WHERE message.conversation = one.conversation AND branch = 'main' AND hidden = 0
              AND ordinal <= one.ordinal) AS visible
         FROM message AS one JOIN conversation ON conversation.seq = one.conversation
         WHERE conversation.id = ? AND one.id = ? AND one.branch = 'main' AND one.hidden = 0`,
        id,
        message,
      )
      return row && { id: row.id, index: row.visible, role: row.role, parts: JSON.parse(row.parts) }
    },

    /** Every message in order, hidden ones and other branches too. */
    messages(id: string): MessageView[] {
      const rows = sql.all<MessageRow>(
        `SELECT message.id, parent, role, author, message.created_at_ms, hidden, branch, message.model, parts, text
         FROM message JOIN conversation ON conversation.seq = message.conversation
         WHERE conversation.id = ? ORDER BY ordinal`,
        id,
      )
      let visible = 0
      return rows.map(row => ({
        id: row.id,
        index: row.branch === 'main' && row.hidden === 0 ? ++visible : null,
        parent: row.parent,
        role: row.role,
        author: row.author,
        createdAtMs: row.created_at_ms,
        hidden: row.hidden === 1,
        branch: row.branch,
        model: row.model,
        parts: JSON.parse(row.parts),
        text: row.text,
      }))
    },

    /** Own conversations, newest first. @throws `query/invalid`, `usage/invalid` for a cursor that is none. */
    list({ query, provider, limit, cursor }: ConversationFilter): ConversationPage {
      const [sortMs, seq] = cursor === undefined ? [Number.MAX_SAFE_INTEGER, 0] : placeOf(cursor)
      const list = {
        where: `origin = 'own' AND provider = coalesce(?, provider) AND (sort_ms, seq) < (?, ?)`,
        values: [provider ?? null, sortMs, seq],
      }
      const found =
        query === undefined || query.trim() === ''
          ? null
          : search.condition(query, { ...list, most: limit + 1 })
      const rows = sql.all<ConversationRow & { opening: string | null }>(
        `SELECT *, CASE WHEN title IS NULL THEN (SELECT substr(text, 1, ${OPENING}) FROM message
             WHERE message.conversation = conversation.seq AND branch = 'main' AND hidden = 0 AND role = 'user'
             ORDER BY ordinal LIMIT 1) END AS opening
         FROM conversation WHERE ${list.where} ${found === null ? '' : `AND ${found.where}`}
         ORDER BY sort_ms DESC, seq DESC LIMIT ?`,
        ...list.values,
        ...(found?.values ?? []),
        limit + 1,
      )
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return {
        conversations: page.map(row => ({
          ...headOf(row),
          opening: row.opening?.replace(/\s+/g, ' ').trim() || null,
        })),
        next: last && rows.length > limit ? cursorOf(last.sort_ms, last.seq) : null,
      }
    },

    count: (): number =>
      sql.get<{ n: number }>(`SELECT count(*) AS n FROM conversation WHERE origin = 'own'`)?.n ?? 0,
  }
}

const cursorOf = (sortMs: number, seq: number): string =>
  Buffer.from(`${sortMs}.${seq}`).toString('base64url')

function placeOf(cursor: string): [sortMs: number, seq: number] {
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (!match) throw new VivimError('usage/invalid', 'that cursor came from no list')
  return [Number(match[1]), Number(match[2])]
}
