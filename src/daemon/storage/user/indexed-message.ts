/** What of a message stands in the full-text index, column by column. The same row always gives the same words: an entry is taken
 *  out of the index by saying again what it was made of. A change here is a step of `migrations.ts` that fills the index anew. */
import type { Part } from '../../../core/model/conversation.ts'
import { indexed } from './script.ts'

/** Characters of one tool output, attachment or thought that are indexed: a log of megabytes would be most of the index. */
const ASIDE_CHARACTERS = 16_000
const FENCE = /^[ \t>]*(`{3,}|~{3,})[^\n]*$/gm

/** A message's text apart from its fenced code; the line that opens a fence, with the language, belongs to the code. */
function splitCode(text: string): { prose: string; code: string } {
  if (!text.includes('```') && !text.includes('~~~')) return { prose: text, code: '' }
  const prose: string[] = []
  const code: string[] = []
  let from = 0
  let open = ''
  for (const match of text.matchAll(FENCE)) {
    const [line, fence = ''] = match
    if (open === '') {
      // Of backticks, what follows on their line is a language only where it holds none.
      if (fence.startsWith('`') && line.lastIndexOf('`') >= line.indexOf(fence) + fence.length) continue
      prose.push(text.slice(from, match.index))
      open = fence
      from = match.index
    } else if (fence.startsWith(open) && line.trimEnd().endsWith(fence)) {
      code.push(text.slice(from, match.index))
      open = ''
      from = match.index + line.length
    }
  }
  const rest = text.slice(from)
  ;(open === '' ? prose : code).push(rest)
  return { prose: prose.join('\n'), code: code.join('\n') }
}

/** What stands beside the text: tools and what they answered, thoughts, attachments, sources. */
export function asideOf(parts: readonly Part[]): string {
  const pieces: string[] = []
  const add = (...texts: (string | null)[]) => {
    for (const text of texts) if (text) pieces.push(text.slice(0, ASIDE_CHARACTERS))
  }
  for (const part of parts) {
    if (part.type === 'toolCall') add(part.name, part.input)
    else if (part.type === 'toolResult') add(part.output)
    else if (part.type === 'thinking') add(part.summary, part.text)
    else if (part.type === 'attachment') add(part.name, part.text)
    else if (part.type === 'image') add(part.alt)
    else if (part.type === 'citation') add(part.title, part.snippet, part.url)
  }
  return pieces.join('\n')
}

/** The words by which filters find a message; no text is ever looked for among them. */
export const FACTS = {
  any: 'any',
  role: (role: string): string => `r${role}`,
  provider: (provider: string): string => `p${Buffer.from(provider).toString('hex')}`,
}

export const factsOf = (role: string, provider: string): string =>
  `${FACTS.any} ${FACTS.role(role)} ${FACTS.provider(provider)}`

/** The columns `text`, `code` and `aside`. */
export function columnsOf(text: string, parts: readonly Part[]): [text: string, code: string, aside: string] {
  const { prose, code } = splitCode(text)
  return [indexed(prose), indexed(code), indexed(asideOf(parts))]
}

/** A moment holds this many messages of one minute apart, more than any database has. */
const IN_A_MINUTE = 2 ** 25
const MINUTE_MS = 60_000
/** The year 2225; with a place in its minute still a whole number to JavaScript. */
const LAST_MINUTE = 2 ** 27 - 1

/** Where the messages of a time begin in the index, which is ordered by time, so that the newest come first and a span of time is
 *  a range. Before 1970 and without a time all is one minute. */
export const momentOf = (ms: number | null, seq = 0): number =>
  Math.min(Math.max(0, Math.floor((ms ?? 0) / MINUTE_MS)), LAST_MINUTE) * IN_A_MINUTE + (seq % IN_A_MINUTE)

/** The first moment of a message whose time is known. */
export const FIRST_KNOWN_MOMENT = momentOf(MINUTE_MS)
