/** A context bundle as text to paste into another assistant: Markdown or JSON, in a fixed order, within a budget of tokens. */
import { messageText, type Part, type Role } from '../model/conversation.ts'
import { closedFences } from './blocks.ts'
import { oneLine } from './title.ts'
import { estimateTokens } from './tokens.ts'

/** What a bundle is made of; notebooks in it stand opened. */
export type Piece =
  | { type: 'memory'; itemId: string; kind: string; text: string }
  | { type: 'note'; itemId: string; text: string }
  | {
      type: 'unit'
      itemId: string
      kind: string
      lang: string | null
      text: string
      /** Of its conversation. */
      title: string | null
      role: Role
      note: string | null
      messages: readonly { role: Role; createdAtMs: number | null; parts: readonly Part[] }[]
    }

export interface Rendered {
  text: string
  /** Estimated for the whole text; at most the budget. */
  tokens: number
  leftOut: { itemId: string; tokens: number; text: string }[]
}

export type BundleFormat = 'markdown' | 'json'

/** Of a piece that did not fit. */
const EXCERPT_LENGTH = 80

/** Memories first, then everything else, each in the order of adding. A piece is taken whole or not at all: each that still fits
 *  is taken, a smaller one also behind one that does not. @param budget - in estimated tokens */
export function renderBundle(
  name: string,
  pieces: readonly Piece[],
  format: BundleFormat,
  budget: number,
): Rendered {
  const ordered = [
    ...pieces.filter(piece => piece.type === 'memory'),
    ...pieces.filter(piece => piece.type !== 'memory'),
  ]
  const write = format === 'json' ? json : markdown
  const whole = write(name, ordered, 0)
  const wholeTokens = estimateTokens(whole)
  if (wholeTokens <= budget) return { text: whole, tokens: wholeTokens, leftOut: [] }

  let taken: readonly Piece[] = []
  let text = write(name, taken, ordered.length)
  // What each piece adds is rounded up: what that leaves is given out again, until nothing more fits.
  for (;;) {
    const more = withMore(ordered, taken, budget - estimateTokens(text), format)
    if (more.length === taken.length) break
    const longer = write(name, more, ordered.length - more.length)
    if (estimateTokens(longer) > budget) break
    taken = more
    text = longer
  }
  const isTaken = new Set(taken)
  const leftOut = ordered
    .filter(piece => !isTaken.has(piece))
    .map(piece => ({
      itemId: piece.itemId,
      tokens: costOf(piece, undefined, format),
      text: excerpt(piece.text),
    }))
  return { text, tokens: estimateTokens(text), leftOut }
}

/** The pieces that are taken, and in their order those that fit as well. @param room - in tokens */
function withMore(
  ordered: readonly Piece[],
  taken: readonly Piece[],
  room: number,
  format: BundleFormat,
): readonly Piece[] {
  const isTaken = new Set(taken)
  const more: Piece[] = []
  let left = room
  for (const piece of ordered) {
    const tokens = isTaken.has(piece) ? 0 : costOf(piece, more.at(-1), format)
    if (tokens > left) continue
    more.push(piece)
    left -= tokens
  }
  return more
}

/** What a piece adds to the text behind another one; never less than it does. */
function costOf(piece: Piece, before: Piece | undefined, format: BundleFormat): number {
  if (format === 'json') return estimateTokens(`${JSON.stringify(jsonPiece(piece))},`)
  return estimateTokens(`${headingOf(piece, before).join('\n\n')}\n\n\n\n${markdownPiece(piece)}`)
}

function markdown(name: string, taken: readonly Piece[], leftOut: number): string {
  const blocks = [`# ${oneLine(name) || 'Context'}`]
  taken.forEach((piece, at) => {
    const before = taken[at - 1]
    blocks.push(...headingOf(piece, before))
    // Memories are items of one list.
    if (piece.type === 'memory' && before?.type === 'memory')
      blocks.push(`${blocks.pop()}\n${markdownPiece(piece)}`)
    else blocks.push(markdownPiece(piece))
  })
  if (leftOut > 0) blocks.push(`*Left out for want of room: ${leftOut}.*`)
  return `${blocks.join('\n\n')}\n`
}

/** Above the first memory, and above each run of units of one conversation. */
function headingOf(piece: Piece, before: Piece | undefined): string[] {
  if (piece.type === 'memory') return before?.type === 'memory' ? [] : ['## Memories']
  if (piece.type === 'note') return before?.type === 'note' ? [] : ['## Notes']
  if (before?.type === 'unit' && before.title === piece.title) return []
  return [`## From “${oneLine(piece.title ?? 'an untitled conversation')}”`]
}

function markdownPiece(piece: Piece): string {
  if (piece.type === 'memory') return `- ${oneLine(piece.text)} (${piece.kind})`
  if (piece.type === 'note') return closedFences(piece.text)
  const said = piece.messages.map(({ role, parts }) => `**${role}:**\n\n${closedFences(messageText(parts))}`)
  return [...said, ...(piece.note === null ? [] : [`> ${piece.note.replaceAll('\n', '\n> ')}`])].join('\n\n')
}

const json = (name: string, taken: readonly Piece[], leftOut: number): string =>
  JSON.stringify({
    bundle: name,
    memories: taken.filter(({ type }) => type === 'memory').map(jsonPiece),
    pieces: taken.filter(({ type }) => type !== 'memory').map(jsonPiece),
    leftOut,
  })

function jsonPiece(piece: Piece): object {
  if (piece.type === 'memory') return { kind: piece.kind, text: piece.text }
  if (piece.type === 'note') return { kind: 'note', text: piece.text }
  const { kind, lang, title, note, messages } = piece
  return {
    kind,
    lang,
    from: title,
    note,
    messages: messages.map(({ role, parts }) => ({ role, text: messageText(parts) })),
  }
}

const excerpt = (text: string): string => {
  const line = oneLine(text.slice(0, 4 * EXCERPT_LENGTH))
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH).toWellFormed()}…` : line
}
