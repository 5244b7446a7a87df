/** Grok's markup inside its Markdown: cards that stand for citations, and artifacts written into the answer. */
import type { Part } from '../model/conversation.ts'

/** A piece of text, or what a tag holds, in the order of writing. */
type Piece = { readonly tag: string | null; readonly attributes: string; readonly text: string }

const RENDER = 'grok:render'
const ARTIFACT = 'xaiArtifact'

/** The text without its cards, and artifacts as code. An opening tag without its end is just text. */
export function grokText(text: string): Part[] {
  const parts: Part[] = []
  let shown = ''
  const flush = (): void => {
    if (shown.trim() !== '') parts.push({ type: 'text', text: shown.trim(), format: 'md' })
    shown = ''
  }
  for (const piece of piecesOf(text)) {
    if (piece.tag === null) shown += piece.text
    else if (piece.tag === ARTIFACT) {
      flush()
      parts.push({ type: 'code', text: piece.text.trim(), lang: languageOf(piece.attributes) })
    }
  }
  flush()
  return parts
}

/** The ids of the cards in a text, in the order of writing. */
export function cardIdsOf(text: string): string[] {
  return piecesOf(text).flatMap(piece => {
    const id = piece.tag === RENDER ? attributeIn(piece.attributes, 'card_id') : null
    return id === null ? [] : [id]
  })
}

/** Looks for each end only from where its tag begins, and for none that was not found before: linear. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  const endless = new Set<string>()
  let from = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const tag = text.startsWith(RENDER, at + 1) ? RENDER : text.startsWith(ARTIFACT, at + 1) ? ARTIFACT : null
    if (tag === null || endless.has(tag)) continue
    const close = `</${tag}>`
    const opened = text.indexOf('>', at)
    if (opened < 0) break
    const isEmpty = text[opened - 1] === '/'
    const end = isEmpty ? opened + 1 : text.indexOf(close, opened)
    if (end < 0) {
      endless.add(tag)
      continue
    }
    pieces.push({ tag: null, attributes: '', text: text.slice(from, at) })
    const attributes = text.slice(at + 1 + tag.length, opened)
    pieces.push({ tag, attributes, text: isEmpty ? '' : text.slice(opened + 1, end) })
    from = isEmpty ? end : end + close.length
    at = from - 1
  }
  pieces.push({ tag: null, attributes: '', text: text.slice(from) })
  return pieces
}

function attributeIn(attributes: string, name: string): string | null {
  const at = attributes.indexOf(`${name}="`)
  if (at < 0) return null
  const from = at + name.length + 2
  const to = attributes.indexOf('"', from)
  return to < 0 ? null : attributes.slice(from, to)
}

/** `text/javascript` is JavaScript; `code/python` is Python. */
function languageOf(attributes: string): string | null {
  const type = attributeIn(attributes, 'contentType')
  const named = attributeIn(attributes, 'language') ?? type?.slice(type.indexOf('/') + 1).replace(/^x-/, '')
  return named || null
}
