/** Made-up conversations that look like real ones to a parser, an index and a scanner: words by Zipf's law, lists, code, the
 *  fields of an export. The same seed gives the same text. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { ImportedConversation, ImportedMessage } from '../src/core/model/conversation.ts'

/** Numbers from 0 to 1 (mulberry32, public domain). */
function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const SYLLABLES =
  'ta re mi lo ka ven sor ul est in da por ne chi al to ren gu ma pel vis or le tan su bre col ju fer ni'.split(
    ' ',
  )
const VOCABULARY = 20_000

export interface Prose {
  /** Words by how common they are, the commonest first. */
  readonly words: readonly string[]
  /** About `length` characters. */
  text(length: number): string
  /** A whole number from 0, below `bound`. */
  roll(bound: number): number
}

export function makeProse(seed: number): Prose {
  const random = dice(seed)
  const roll = (bound: number) => Math.floor(random() * bound)
  const words: string[] = []
  for (const known = new Set<string>(); words.length < VOCABULARY; ) {
    let word = ''
    for (let left = 1 + roll(4); left > 0; left--) word += SYLLABLES[roll(SYLLABLES.length)]
    if (known.has(word)) continue
    known.add(word)
    words.push(word)
  }
  // Zipf: the rank is distributed as a power of the vocabulary.
  const word = () => words[Math.floor(VOCABULARY ** random()) - 1] ?? 'ta'
  const sentence = () => {
    const said = Array.from({ length: 5 + roll(14) }, word).join(' ')
    return `${said[0]?.toUpperCase()}${said.slice(1)}${roll(9) === 0 ? ' — “naïve”' : ''}.`
  }
  const code = () =>
    `\`\`\`ts\nconst ${word()}_${word()} = await ${word()}('${word()}', { ${word()}: ${roll(9_999)} })\n` +
    `if (${word()}.length > ${roll(99)}) throw new Error("${word()} ${word()}")\n\`\`\``
  return {
    words,
    roll,
    text(length) {
      const pieces: string[] = []
      for (let had = 0; had < length; ) {
        const kind = roll(24)
        const piece = kind === 0 ? `\n\n${code()}\n\n` : kind === 1 ? `\n- ${sentence()}` : ` ${sentence()}`
        pieces.push(piece)
        had += piece.length
      }
      return pieces.join('').trim()
    },
  }
}

/** Short questions, long answers. */
const lengthOf = (prose: Prose, isQuestion: boolean): number =>
  isQuestion ? 40 + prose.roll(300) : 300 + prose.roll(2_200)

/** A conversation as an importer emits it. */
export function makeConversation(prose: Prose, id: number, messages: number): ImportedConversation {
  const atMs = 1_760_000_000_000 + id * 60_000
  return {
    provider: 'chatgpt',
    sourceId: `bench-${id}`,
    title: prose.text(30),
    model: 'gpt-5',
    createdAtMs: atMs,
    updatedAtMs: atMs + messages * 1000,
    meta: {},
    messages: Array.from({ length: messages }, (_, at): ImportedMessage => {
      const isQuestion = at % 2 === 0
      return {
        id: `m${at}`,
        parent: at === 0 ? null : `m${at - 1}`,
        role: isQuestion ? 'user' : 'assistant',
        author: null,
        createdAtMs: atMs + at * 1000,
        branch: 'main',
        hidden: false,
        model: isQuestion ? null : 'gpt-5',
        parts: [{ type: 'text', text: prose.text(lengthOf(prose, isQuestion)), format: 'md' }],
      }
    }),
  }
}

/** One conversation as ChatGPT exports it: a tree of nodes, with what stands around each message. */
function exported(prose: Prose, id: number, messages: number): object {
  const at = 1_760_000_000 + id * 60
  const hex = id.toString(16).padStart(12, '0')
  const node = (index: number) => `${index.toString(16).padStart(8, '0')}-0000-4000-8000-${hex}`
  const mapping: Record<string, object> = {
    root: { id: 'root', message: null, parent: null, children: [node(0)] },
  }
  for (let index = 0; index < messages; index++) {
    const isQuestion = index % 2 === 0
    mapping[node(index)] = {
      id: node(index),
      parent: index === 0 ? 'root' : node(index - 1),
      children: index === messages - 1 ? [] : [node(index + 1)],
      message: {
        id: node(index),
        author: { role: isQuestion ? 'user' : 'assistant', name: null, metadata: {} },
        create_time: at + index + 0.123456,
        update_time: null,
        content: { content_type: 'text', parts: [prose.text(lengthOf(prose, isQuestion))] },
        status: 'finished_successfully',
        end_turn: isQuestion ? null : true,
        weight: 1,
        metadata: {
          ...(isQuestion
            ? {}
            : { model_slug: 'gpt-5', finish_details: { type: 'stop', stop_tokens: [200002] } }),
          request_id: `${hex}-${index}`,
          timestamp_: 'absolute',
          message_type: null,
        },
        recipient: 'all',
        channel: isQuestion ? null : 'final',
      },
    }
  }
  return {
    title: prose.text(30),
    create_time: at,
    update_time: at + messages,
    mapping,
    moderation_results: [],
    current_node: node(messages - 1),
    conversation_id: `00000000-0000-4000-8000-${hex}`,
    id: `00000000-0000-4000-8000-${hex}`,
    is_archived: false,
    default_model_slug: 'gpt-5',
  }
}

/** Write a `conversations.json` of about `bytes`. @returns how many messages and conversations it holds. */
export async function writeExport(
  path: string,
  bytes: number,
): Promise<{ messages: number; conversations: number }> {
  const prose = makeProse(1)
  const file = createWriteStream(path)
  let written = 0
  let messages = 0
  let conversations = 0
  while (written < bytes) {
    // Most conversations are short, some very long.
    const count = 2 + prose.roll(prose.roll(20) === 0 ? 200 : 24)
    const text = `${conversations === 0 ? '[' : ','}${JSON.stringify(exported(prose, conversations, count))}`
    written += text.length
    messages += count
    conversations++
    if (!file.write(text)) await once(file, 'drain')
  }
  file.end(']')
  await once(file, 'close')
  return { messages, conversations }
}
