/** Full-text search over a user's own conversations and what they opened. */
import { VivimError } from '../../../core/kernel/errors.ts'
import type { Sql } from '../sqlite.ts'
import { spaced, unspaced } from './script.ts'

/** Ranking visits every match, so that a common word costs what the history is long: only the newest are ranked. */
const RANKED_MATCHES = 2_000
/** More words than anybody remembers of a message; bounds what one query costs. */
const QUERY_WORDS = 32
/** What is found in a title stands before what is found as often in a message. */
const TITLE_WEIGHT = 2
/** Stand around each match in a snippet, and for what was cut off. */
export const SNIPPET_MARKS = { before: '«', after: '»', cut: '…' } as const
const SNIPPET_WORDS = 16

export interface SearchHit {
  /** A conversation's id, or the share id of something opened from the inbox. */
  conversationId: string
  /** The message; for a match in the title the first visible one, or empty when there is none. */
  messageId: string
  title: string | null
  /** Matches stand between « and ». */
  snippet: string
  /** Higher is better; comparable within one answer. */
  score: number
}

const isWord = (text: string): boolean => /[\p{L}\p{N}\p{Co}]/u.test(text)
const quoted = (text: string): string => `"${spaced(text).replaceAll('"', '""')}"`

/** The FTS5 expression for what a user typed: all words must occur, `"…"` is a phrase, the last word may be a beginning. Nothing
 *  in it is an operator. @throws `query/invalid` when there is no word in it. */
export function ftsQuery(typed: string): string {
  const text = typed.replaceAll('\0', ' ').toWellFormed().normalize('NFC')
  const terms: string[] = []
  for (const match of text.matchAll(/"([^"]*)"|[^\s"]+/gu)) {
    const [term, phrase] = match
    if (!isWord(term)) continue
    if (terms.length === QUERY_WORDS) break
    const isLast = phrase === undefined && match.index + term.length === text.length
    // What begins with one letter is half of everything; two and three letters have an index of their own.
    terms.push(quoted(phrase ?? term) + (isLast && term.length > 1 ? '*' : ''))
  }
  if (terms.length === 0) throw new VivimError('query/invalid', 'there is no word to look for')
  return terms.join(' ')
}

interface Hit {
  conversation: number
  conversationId: string
  messageId: string
  title: string | null
  snippet: string
  rank: number
}

export function makeSearch(sql: Sql) {
  const { before, after, cut } = SNIPPET_MARKS
  const snippet = (table: string) =>
    `snippet(${table}, 0, '${before}', '${after}', '${cut}', ${SNIPPET_WORDS})`

  const messageHits = (query: string, limit: number): Hit[] => {
    const best = sql.all<{ found: number; rank: number }>(
      `SELECT found, rank FROM
         (SELECT rowid AS found, rank FROM message_fts WHERE message_fts MATCH ? ORDER BY rowid DESC LIMIT ${RANKED_MATCHES})
       ORDER BY rank, found DESC LIMIT ?`,
      query,
      limit,
    )
    const ranks = new Map(best.map(({ found, rank }) => [found, rank]))
    // The plus keeps SQLite from asking the index anew for each row: one walk from the newest match to the oldest that is shown.
    const shown = sql.all<Omit<Hit, 'rank'> & { found: number }>(
      `SELECT best.rowid AS found, conversation.seq AS conversation, conversation.id AS conversationId,
         message.id AS messageId, conversation.title, best.snippet
       FROM (SELECT rowid, ${snippet('message_fts')} AS snippet FROM message_fts
             WHERE message_fts MATCH ? AND +rowid IN (SELECT value FROM json_each(?)) ORDER BY rowid DESC LIMIT ?) AS best
       JOIN message ON message.seq = best.rowid
       JOIN conversation ON conversation.seq = message.conversation`,
      query,
      JSON.stringify([...ranks.keys()]),
      ranks.size,
    )
    return shown.map(({ found, ...hit }) => ({ ...hit, rank: ranks.get(found) ?? 0 }))
  }

  const titleHits = (query: string, limit: number): Hit[] =>
    sql.all<Hit>(
      `SELECT conversation.seq AS conversation, conversation.id AS conversationId, conversation.title,
         coalesce((SELECT id FROM message WHERE conversation = title_fts.rowid AND branch = 'main' AND hidden = 0
                   ORDER BY ordinal LIMIT 1), '') AS messageId,
         ${snippet('title_fts')} AS snippet, rank
       FROM title_fts JOIN conversation ON conversation.seq = title_fts.rowid
       WHERE title_fts MATCH ? ORDER BY rank LIMIT ?`,
      query,
      limit,
    )

  return {
    /** Best first; a conversation whose title alone matches gives one hit. @throws `query/invalid` */
    find(typed: string, limit: number): SearchHit[] {
      const query = ftsQuery(typed)
      const inMessages = messageHits(query, limit)
      const known = new Set(inMessages.map(hit => hit.conversation))
      const inTitles = titleHits(query, limit)
        .filter(hit => !known.has(hit.conversation))
        .map(hit => ({ ...hit, rank: hit.rank * TITLE_WEIGHT }))
      return [...inMessages, ...inTitles]
        .sort((a, b) => a.rank - b.rank)
        .slice(0, limit)
        .map(hit => ({
          conversationId: hit.conversationId,
          messageId: hit.messageId,
          title: hit.title,
          snippet: unspaced(hit.snippet),
          score: Math.max(0, -hit.rank),
        }))
    },
  }
}
