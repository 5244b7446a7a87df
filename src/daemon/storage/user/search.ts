/** Full-text search over a user's own conversations and what they opened: candidates from the index, newest first, ranked by where
 *  and how they answer. */
import { VivimError } from '../../../core/kernel/errors.ts'
import type { Part, Role } from '../../../core/model/conversation.ts'
import type { Sql, SqliteValue } from '../sqlite.ts'
import { asideOf, FACTS, momentOf } from './indexed-message.ts'
import { mayBeTitle, messageExpression, momentsOf, parseQuery, type Query, titleExpression } from './query.ts'
import { type Found, lookFor, opening } from './snippet.ts'

export { SNIPPET_MARKS } from './snippet.ts'

/** Ranking all matches of a common word costs what the history is long: the newest are ranked, and where hardly a question is
 *  among them, questions that are older. */
const RANKED_MESSAGES = 800
/** Of phrases, which cost more to find. */
const RANKED_PHRASES = 300
const RANKED_TITLES = 400
const QUESTIONS = 100
/** Texts that are read for the last ranking, beyond those that are shown. */
const READ_MORE = 8
/** Of a common word a list looks at so many of the newest messages first, and each further time at so many times as many. */
const LISTED_MESSAGES = 2_000
const LISTED_MESSAGES_GROW = 4
/** A hit after so many of the same conversation counts less and less, so that others are seen. */
const HITS_UNDIMMED = 2

/** What a match is worth by where it stands. A title says what a conversation is about, a question what its owner wanted. */
const WORTH = {
  title: 4,
  role: { user: 2, assistant: 1, system: 0.4, tool: 0.2 } satisfies Record<Role, number>,
  /** In what stands beside the text, whoever said it: tools, thoughts, attachments. */
  aside: 0.2,
  /** Every message of the conversation matches. */
  everywhere: 1.5,
  /** A short text that says the words again and again. */
  density: 1.5,
} as const

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

interface Candidate {
  moment: number
  conversation: number
  role: Role
  /** By all that is known without its text. */
  worth: number
  /** The same, less for the third and further of a conversation. */
  score: number
}

interface TitleMatch {
  conversation: number
  conversationId: string
  title: string
  sortMs: number
}

/** What holds for a row of `conversation`, in SQL, with the values of its `?`. */
interface Condition {
  where: string
  values: SqliteValue[]
}

interface Ranked extends SearchHit {
  conversation: number
  moment: number
}

export function makeSearch(sql: Sql) {
  /** Providers that own and received conversations come from. */
  const providers = (): string[] =>
    sql
      .all<{ provider: string | null }>(
        `WITH RECURSIVE each (provider) AS (
           SELECT min(provider) FROM conversation
           UNION ALL SELECT (SELECT min(provider) FROM conversation WHERE provider > each.provider) FROM each
           WHERE each.provider IS NOT NULL)
         SELECT provider FROM each`,
      )
      .flatMap(row => row.provider ?? [])

  const named = (beginning: string): string[] => {
    const known = providers()
    const found = known.filter(provider => provider.toLowerCase().startsWith(beginning))
    if (found.length > 0 || known.length === 0) return found
    throw new VivimError(
      'query/invalid',
      `provider: takes one that conversations came from, ${known.join(', ')}; "${beginning.slice(0, 40)}" is none of them`,
    )
  }

  const matches = (
    expression: string,
    [from, until]: readonly [number, number],
    limit: number,
  ): Candidate[] =>
    sql.all<Candidate>(
      `SELECT message_fts.rowid AS moment, message.conversation, message.role, 0 AS worth, 0 AS score
       FROM message_fts JOIN message ON message.moment = message_fts.rowid
       WHERE message_fts MATCH ? AND message_fts.rowid >= ? AND message_fts.rowid < ?
       ORDER BY message_fts.rowid DESC LIMIT ?`,
      expression,
      from,
      until,
      limit,
    )

  /** By conversation, how much of the query stands in its title: of those that any of it stands in. */
  const titled = (query: Query, conversations: Iterable<number>): Map<number, number> => {
    const expression = titleExpression(query, 'any')
    if (expression === null) return new Map()
    const rows = sql.all<{ conversation: number; title: string }>(
      `SELECT seq AS conversation, title FROM conversation WHERE seq IN (SELECT value FROM json_each(?))
         AND seq IN (SELECT rowid FROM title_fts WHERE title_fts MATCH ?)`,
      JSON.stringify([...conversations]),
      expression,
    )
    const shares = rows.map(({ conversation, title }): [number, number] => {
      const there = query.all.length === 1 ? 1 : query.all.filter(terms => lookFor(terms, title)).length
      return [conversation, there / query.all.length]
    })
    return new Map(shares)
  }

  /** The condition on `conversation` that its title is an answer by itself, or null when no title can be.
   *  @param most - so many of the newest, or -1 for all */
  const titleCondition = (query: Query, most: number): Condition | null => {
    const expression = mayBeTitle(query) ? titleExpression(query, 'all') : null
    if (expression === null) return null
    const wanted = query.providers.all.map(named)
    const unwanted = query.providers.none.map(named)
    const from = providers().filter(
      name => wanted.every(names => names.includes(name)) && !unwanted.some(names => names.includes(name)),
    )
    const { untilMs } = query
    return {
      where: `conversation.seq IN (SELECT rowid FROM title_fts WHERE title_fts MATCH ? ORDER BY rowid DESC LIMIT ?) AND sort_ms >= ? AND sort_ms < ?
        AND conversation.provider IN (SELECT value FROM json_each(?))`,
      values: [
        expression,
        most,
        query.fromMs ?? (untilMs === null ? Number.MIN_SAFE_INTEGER : 1),
        untilMs ?? Number.MAX_SAFE_INTEGER,
        JSON.stringify(from),
      ],
    }
  }

  /** Conversations whose title is an answer by itself, those first whose title says little else. */
  const titles = (query: Query, known: Iterable<number>, limit: number): TitleMatch[] => {
    const condition = titleCondition(query, RANKED_TITLES)
    if (condition === null) return []
    return sql.all<TitleMatch>(
      `SELECT seq AS conversation, id AS conversationId, title, sort_ms AS sortMs FROM conversation
       WHERE ${condition.where} AND seq NOT IN (SELECT value FROM json_each(?))
       ORDER BY length(title), sort_ms DESC LIMIT ?`,
      ...condition.values,
      JSON.stringify([...known]),
      limit,
    )
  }

  const firstMessage = (conversation: number): string =>
    sql.get<{ id: string }>(
      `SELECT id FROM message WHERE conversation = ? AND branch = 'main' AND hidden = 0 ORDER BY ordinal LIMIT 1`,
      conversation,
    )?.id ?? ''

  /** Messages that match, the best guesses first: without a look at their text. */
  const candidates = (query: Query): Candidate[] => {
    const expression = messageExpression(query, named)
    const span = momentsOf(query)
    const isPhrase = query.all.flat().some(term => term.words.length > 1)
    const most = isPhrase ? RANKED_PHRASES : RANKED_MESSAGES
    const found = matches(expression, span, most)
    const questions = found.filter(({ role }) => role === 'user').length
    if (!isPhrase && found.length === most && questions < QUESTIONS && query.roles.all.length === 0) {
      const older = [span[0], found.at(-1)?.moment ?? 0] as const
      found.push(...matches(`(${expression}) AND facts:"${FACTS.role('user')}"`, older, QUESTIONS))
    }
    const perConversation = new Map<number, number>()
    for (const { conversation } of found)
      perConversation.set(conversation, (perConversation.get(conversation) ?? 0) + 1)
    const inTitles = titled(query, perConversation.keys())
    const sizes = new Map(
      sql
        .all<{ seq: number; n: number }>(
          'SELECT seq, message_count AS n FROM conversation WHERE seq IN (SELECT value FROM json_each(?))',
          JSON.stringify([...perConversation.keys()]),
        )
        .map(({ seq, n }) => [seq, n]),
    )
    for (const candidate of found) {
      const { conversation, role } = candidate
      // In a conversation of two messages both match soon.
      const share = (perConversation.get(conversation) ?? 0) / Math.max(8, sizes.get(conversation) ?? 0)
      candidate.worth =
        (WORTH.role[role] ?? 0) +
        WORTH.title * (inTitles.get(conversation) ?? 0) +
        WORTH.everywhere * Math.min(1, share)
    }
    return dimmed(found.map(candidate => ({ ...candidate, score: candidate.worth })))
  }

  /** Read the text of a candidate. */
  const rank = (query: Query, { moment, worth, role }: Candidate): Ranked[] => {
    const row = sql.get<{
      conversation: number
      conversationId: string
      messageId: string
      title: string | null
      text: string
    }>(
      `SELECT conversation.seq AS conversation, conversation.id AS conversationId, message.id AS messageId, title, text
       FROM message JOIN conversation ON conversation.seq = message.conversation WHERE message.moment = ?`,
      moment,
    )
    if (row === null) return []
    const { text, ...hit } = row
    const terms = query.all.flat()
    let found: Found | null = lookFor(terms, text)
    let score = worth
    if (found === null && terms.length > 0) {
      const aside = asideAt(moment)
      found = lookFor(terms, aside) ?? { snippet: opening(text || aside), density: 0 }
      score += Math.min(0, WORTH.aside - (WORTH.role[role] ?? 0))
    }
    const snippet = found?.snippet ?? opening(text || asideAt(moment))
    return [{ ...hit, snippet, score: score + WORTH.density * (found?.density ?? 0), moment }]
  }

  const asideAt = (moment: number): string => {
    const row = sql.get<{ parts: string }>('SELECT parts FROM message WHERE moment = ?', moment)
    return asideOf(JSON.parse(row?.parts ?? '[]') as Part[])
  }

  /** Whether messages before a moment can no longer change the first `most` of a list: no other conversation that would stand
   *  among them has any. */
  const isPageWhole = (list: Condition & { most: number }, found: Condition, before: number): boolean => {
    const last = sql.get<{ sort_ms: number; seq: number }>(
      `SELECT sort_ms, seq FROM conversation WHERE ${list.where} AND ${found.where}
       ORDER BY sort_ms DESC, seq DESC LIMIT 1 OFFSET ?`,
      ...list.values,
      ...found.values,
      list.most - 1,
    )
    if (last === null) return false
    const doubtful = sql.get(
      `SELECT 1 FROM conversation WHERE ${list.where} AND (sort_ms, seq) > (?, ?) AND NOT ${found.where}
         AND (SELECT min(moment) FROM message WHERE message.conversation = conversation.seq) < ? LIMIT 1`,
      ...list.values,
      last.sort_ms,
      last.seq,
      ...found.values,
      before,
    )
    return doubtful === null
  }

  return {
    /** The condition on `conversation` that its title or one of its messages is found, true of the first that a list shows.
     *  @param list - what else holds for the list, and how many of it are asked for. @throws `query/invalid` */
    condition(typed: string, list: Condition & { most: number }): Condition {
      const query = parseQuery(typed)
      const expression = messageExpression(query, named)
      const inTitle = titleCondition(query, -1)
      const [from, until] = momentsOf(query)
      const known = new Set<number>()
      const found = (): Condition => ({
        where: `(conversation.seq IN (SELECT value FROM json_each(?))${inTitle === null ? '' : ` OR (${inTitle.where})`})`,
        values: [JSON.stringify([...known]), ...(inTitle?.values ?? [])],
      })
      let before = until
      for (let size = LISTED_MESSAGES; ; size *= LISTED_MESSAGES_GROW) {
        const batch = matches(expression, [from, before], size)
        for (const { conversation } of batch) known.add(conversation)
        if (batch.length < size) return found()
        before = batch.at(-1)?.moment ?? from
        if (isPageWhole(list, found(), before)) return found()
      }
    },

    /** Best first; a conversation whose title alone matches gives one hit. @throws `query/invalid` */
    find(typed: string, limit: number): SearchHit[] {
      const query = parseQuery(typed)
      const best = candidates(query).slice(0, limit + READ_MORE)
      const known = new Set(best.map(({ conversation }) => conversation))
      const byTitle = titles(query, known, limit + READ_MORE).map(({ sortMs, title, ...hit }): Ranked => {
        const found = lookFor(query.all.flat(), title)
        const score = WORTH.title + WORTH.density * (found?.density ?? 0)
        return {
          ...hit,
          messageId: '',
          title,
          snippet: found?.snippet ?? title,
          score,
          moment: momentOf(sortMs),
        }
      })
      const hits = [...best.flatMap(candidate => rank(query, candidate)), ...byTitle]
      return dimmed(hits)
        .slice(0, limit)
        .map(({ conversation, conversationId, messageId, title, snippet, score }) => ({
          conversationId,
          messageId: messageId || firstMessage(conversation),
          title,
          snippet,
          score,
        }))
    },
  }
}

interface Scored {
  conversation: number
  moment: number
  score: number
}

const byScore = (a: Scored, b: Scored): number => b.score - a.score || b.moment - a.moment

/** Best first; the third and further of one conversation count a half, a third, … */
function dimmed<T extends Scored>(hits: T[]): T[] {
  const seen = new Map<number, number>()
  for (const hit of hits.sort(byScore)) {
    const before = seen.get(hit.conversation) ?? 0
    seen.set(hit.conversation, before + 1)
    if (before >= HITS_UNDIMMED) hit.score /= before - HITS_UNDIMMED + 2
  }
  return hits.sort(byScore)
}
