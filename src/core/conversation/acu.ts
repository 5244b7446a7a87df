/** Atomic chat units: the pieces of a conversation that stand alone, by the rule `acu/1`. They are computed from the messages
 *  whenever they are asked for; the same message gives the same units with the same ids, on every machine. */
import { hash } from 'node:crypto'
import { toBase32 } from '../kernel/bytes.ts'
import { messageText, type Part, type Role } from '../model/conversation.ts'
import { AcuId } from '../model/id.ts'
import type { AcuKind } from '../model/library.ts'
import { cutBlocks } from './blocks.ts'

/** The rule's name and version: a change of what is cut, or of how ids are made, is a new one. */
const ACU_RULE = 'acu/1'
/** So much of an ACU's id is the beginning of its conversation's: it says where to look. */
export const CONVERSATION_PREFIX = 8
/** A question and its answer that are longer together are no small piece. */
const EXCHANGE_LENGTH = 8_000

/** `exchange`: a question with its answer, as a whole. */

/** A message, as far as units go. */
export interface AcuMessage {
  id: string
  /** Its number among the visible messages of the active branch; null for others, which have no units. */
  index: number | null
  role: Role
  parts: readonly Part[]
}

/** A stretch of one text or code part. */
export interface Span {
  /** Number of the message. */
  message: number
  /** Place of the part in its message, from 0. */
  part: number
  start: number
  end: number
}

export interface Acu {
  id: AcuId
  kind: AcuKind
  conversationId: string
  messageId: string
  messageIndex: number
  role: Role
  /** As Markdown; code with its fence. */
  text: string
  lang: string | null
  /** SHA-256 of the text, hex. */
  contentHash: string
  /** Ids of its neighbours: of an exchange the exchanges beside it, of all others what stands before and behind. */
  previous: AcuId | null
  next: AcuId | null
  spans: Span[]
}

/** All units of the visible messages, in order; an exchange stands behind the units of its question. */
export function cutConversation(conversationId: string, messages: readonly AcuMessage[]): Acu[] {
  const visible = messages.filter(message => message.index !== null)
  const exchanges = new Map<AcuMessage, Acu>()
  for (const { question, answers } of turns(visible)) {
    const exchange = exchangeOf(conversationId, question, answers)
    if (exchange) exchanges.set(question, exchange)
  }
  const all: Acu[] = []
  for (const message of visible) {
    all.push(...cutMessage(conversationId, message))
    const exchange = exchanges.get(message)
    if (exchange) all.push(exchange)
  }
  link(all.filter(({ kind }) => kind !== 'exchange'))
  link([...exchanges.values()])
  return all
}

/** The units of one message, without its neighbours and without exchanges. Their texts, one after the other, are the text of the
 *  message but for blank lines. */
export function cutMessage(conversationId: string, message: AcuMessage): Acu[] {
  const seen = new Map<string, number>()
  const unit = (kind: AcuKind, text: string, lang: string | null, span: Omit<Span, 'message'>): Acu => {
    const contentHash = hashOf(text)
    const key = `${kind} ${contentHash}`
    const occurrence = (seen.get(key) ?? 0) + 1
    seen.set(key, occurrence)
    return {
      id: idOf(conversationId, message.id, kind, contentHash, occurrence),
      ...factsOf(conversationId, message),
      kind,
      text,
      lang,
      contentHash,
      spans: [{ message: message.index ?? 0, ...span }],
    }
  }
  return message.parts.flatMap((part, at): Acu[] => {
    if (part.type === 'code' && part.text.trim() !== '')
      return [unit('code', messageText([part]), part.lang, { part: at, start: 0, end: part.text.length })]
    if (part.type !== 'text') return []
    return cutBlocks(part.text).map(({ kind, lang, start, end }) =>
      unit(kind, part.text.slice(start, end), lang, { part: at, start, end }),
    )
  })
}

/** What the messages hold of these units: by the message's number, parts with that and nothing else, in order. */
export function partsOfUnits(
  acus: readonly Pick<Acu, 'spans'>[],
  messages: readonly AcuMessage[],
): Map<number, Part[]> {
  const spans = new Map<number, Span[]>()
  for (const span of acus.flatMap(acu => acu.spans)) {
    const list = spans.get(span.message)
    if (list) list.push(span)
    else spans.set(span.message, [span])
  }
  const found = new Map<number, Part[]>()
  for (const { index, parts } of messages) {
    const wanted = index === null ? undefined : spans.get(index)
    if (index !== null && wanted) found.set(index, partsWithin(parts, wanted))
  }
  return found
}

function partsWithin(parts: readonly Part[], spans: Span[]): Part[] {
  const sorted = spans.sort((a, b) => a.part - b.part || a.start - b.start || b.end - a.end)
  const kept: Part[] = []
  let last: Span | null = null
  for (const span of sorted) {
    // A unit of an exchange that leaves whole is in it already.
    if (last && last.part === span.part && span.end <= last.end) continue
    last = span
    const part = parts[span.part]
    if (part?.type === 'code') kept.push(part)
    if (part?.type === 'text') kept.push({ ...part, text: part.text.slice(span.start, span.end) })
  }
  return kept
}

interface Turn {
  question: AcuMessage
  answers: AcuMessage[]
}

/** What the user said last before somebody answered, and what the assistant answered until the user spoke again. */
function turns(visible: readonly AcuMessage[]): Turn[] {
  const found: Turn[] = []
  let turn: Turn | null = null
  for (const message of visible) {
    if (message.role === 'user') {
      turn = { question: message, answers: [] }
      found.push(turn)
    } else if (message.role === 'assistant') turn?.answers.push(message)
  }
  return found.filter(({ answers }) => answers.length > 0)
}

function exchangeOf(conversationId: string, question: AcuMessage, answers: AcuMessage[]): Acu | null {
  const texts: string[] = []
  let length = 0
  for (const { parts } of [question, ...answers]) {
    const text = messageText(parts)
    length += text.length
    if (length > EXCHANGE_LENGTH) return null
    if (text.trim() !== '') texts.push(text)
    else if (texts.length === 0) return null
  }
  if (texts.length < 2) return null
  const text = texts.join('\n\n')
  const contentHash = hashOf(text)
  return {
    id: idOf(conversationId, question.id, 'exchange', contentHash, 1),
    ...factsOf(conversationId, question),
    kind: 'exchange',
    text,
    lang: null,
    contentHash,
    spans: [question, ...answers].flatMap(({ index, parts }) =>
      parts.flatMap((part, at) =>
        part.type === 'text' || part.type === 'code'
          ? [{ message: index ?? 0, part: at, start: 0, end: part.text.length }]
          : [],
      ),
    ),
  }
}

const factsOf = (conversationId: string, { id, index, role }: AcuMessage) => ({
  conversationId,
  messageId: id,
  messageIndex: index ?? 0,
  role,
  previous: null,
  next: null,
})

function link(acus: readonly Acu[]): void {
  acus.forEach((acu, at) => {
    acu.previous = acus[at - 1]?.id ?? null
    acu.next = acus[at + 1]?.id ?? null
  })
}

const hashOf = (text: string): string => hash('sha256', text.toWellFormed(), 'hex')

/** The first 8 characters of the conversation's id, then 18 of base32 over SHA-256 of the rule and what makes the unit. */
function idOf(
  conversationId: string,
  messageId: string,
  kind: AcuKind,
  contentHash: string,
  occurrence: number,
): AcuId {
  const facts = JSON.stringify([
    ACU_RULE,
    conversationId,
    messageId.toWellFormed(),
    kind,
    contentHash,
    occurrence,
  ])
  const tail = toBase32(hash('sha256', facts, 'buffer').subarray(0, 16)).slice(0, 26 - CONVERSATION_PREFIX)
  return AcuId.parse(conversationId.slice(0, CONVERSATION_PREFIX) + tail)
}
