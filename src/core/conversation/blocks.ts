/** Cuts the text of a message into blocks: groups of paragraphs, fenced code, tables, lists. A small, frozen reading of Markdown
 *  (part of `acu/1`), in one pass over the lines; it never fails, and never cuts inside a fence. */
import type { AcuKind } from '../model/library.ts'

export type BlockKind = Exclude<AcuKind, 'exchange'>

/** Whole lines of the text, without blank lines at either end; offsets in UTF-16 units. */
export interface Block {
  kind: BlockKind
  start: number
  end: number
  /** The first word of a fence's info string. */
  lang: string | null
}

/** Paragraphs stand together up to so many characters. */
const GROUP_LENGTH = 1_000
/** A paragraph or list that is longer is cut, at the end of a line or before an item. */
const LONG = 4_000
/** Of one text; what is beyond stays together. */
export const MAX_BLOCKS = 5_000
/** No row of a table and no rule is longer. */
const ROW_LENGTH = 20_000

/** Paragraphs that may still grow. */
interface Group {
  start: number
  end: number
  /** It is a heading and nothing else yet. */
  heading: boolean
}
interface Line {
  start: number
  end: number
  /** Where the next one begins. */
  next: number
}
interface Eaten {
  end: number
  next: number
}
interface Fence {
  mark: string
  indent: number
  lang: string | null
}

/** The blocks in order. Between them, before and after stand blank lines only. */
export function cutBlocks(text: string): Block[] {
  const blocks: Block[] = []
  let group = null as Group | null
  const push = (kind: BlockKind, start: number, end: number, lang: string | null = null): void => {
    blocks.push({ kind, start, end, lang })
  }
  const close = (): void => {
    if (group) push('paragraphs', group.start, group.end)
    group = null
  }
  for (let line = lineAt(text, 0); line; ) {
    if (isBlank(text, line)) {
      line = lineAt(text, line.next)
      continue
    }
    if (blocks.length >= MAX_BLOCKS - 2) {
      close()
      push('paragraphs', line.start, trimmedEnd(text))
      return blocks
    }
    const fence = fenceOf(text, line)
    const kind = fence ? 'code' : startsTable(text, line) ? 'table' : isItem(text, line) ? 'list' : null
    if (kind !== null) {
      close()
      const eaten = fence
        ? eatFence(text, line, fence)
        : kind === 'table'
          ? eatTable(text, line)
          : eatList(text, line)
      push(kind, line.start, eaten.end, fence?.lang ?? null)
      line = lineAt(text, eaten.next)
      continue
    }
    const heading = isHeading(text, line)
    const eaten = eatParagraph(text, line)
    const joins = group !== null && !heading && (group.heading || eaten.end - group.start <= GROUP_LENGTH)
    if (!joins) close()
    group = {
      start: group?.start ?? line.start,
      end: eaten.end,
      heading: heading && eaten.end === line.end,
    }
    line = lineAt(text, eaten.next)
  }
  close()
  return blocks
}

/** The text with the fence closed that it leaves open, so that what follows it is not taken for code. */
export function closedFences(text: string): string {
  for (let line = lineAt(text, 0); line; ) {
    const fence = fenceOf(text, line, true)
    if (!fence) {
      line = lineAt(text, line.next)
      continue
    }
    const eaten = eatFence(text, line, fence)
    if (!eaten.closed) return `${text.replace(/\n$/, '')}\n${' '.repeat(fence.indent)}${fence.mark}`
    line = lineAt(text, eaten.next)
  }
  return text
}

function lineAt(text: string, start: number): Line | null {
  if (start >= text.length) return null
  const end = text.indexOf('\n', start)
  return end < 0 ? { start, end: text.length, next: text.length } : { start, end, next: end + 1 }
}

const textOf = (text: string, { start, end }: Line): string => text.slice(start, end)
const isBlank = (text: string, line: Line): boolean => !/\S/.test(textOf(text, line))

function trimmedEnd(text: string): number {
  let end = text.length
  for (;;) {
    const from = text.lastIndexOf('\n', end - 1) + 1
    if (/\S/.test(text.slice(from, end))) return end
    end = from - 1
  }
}

/** Columns before the first character that is no space; a tab counts four. */
function indentOf(text: string, { start, end }: Line): number {
  let indent = 0
  for (let at = start; at < end; at++) {
    const char = text[at]
    if (char === ' ') indent++
    else if (char === '\t') indent += 4
    else break
  }
  return indent
}

/** @param inItem - it may also stand behind the mark of an item. */
function fenceOf(text: string, line: Line, inItem = false): Fence | null {
  const found = inItem
    ? /^([ \t]*(?:(?:[-*+•]|\d{1,9}[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$/s.exec(textOf(text, line))
    : /^([ \t]*)(`{3,}|~{3,})(.*)$/s.exec(textOf(text, line))
  const [, before = '', mark, info = ''] = found ?? []
  if (mark === undefined || (mark.startsWith('`') && info.includes('`'))) return null
  const lang = /^\s*(\S{1,64})/.exec(info)?.[1] ?? null
  return { mark, indent: before.replaceAll('\t', '    ').length, lang }
}

/** To the line that closes it, else to the end of the text. */
function eatFence(text: string, open: Line, { mark, indent }: Fence): Eaten & { closed: boolean } {
  let end = open.end
  for (let line = lineAt(text, open.next); line; line = lineAt(text, line.next)) {
    const close = /^[ \t]*(`{3,}|~{3,})[ \t\r]*$/.exec(textOf(text, line))?.[1]
    if (close?.startsWith(mark) && indentOf(text, line) <= indent + 3)
      return { end: line.end, next: line.next, closed: true }
    if (!isBlank(text, line)) end = line.end
  }
  return { end, next: text.length, closed: false }
}

function startsTable(text: string, line: Line): boolean {
  if (line.end - line.start > ROW_LENGTH || !textOf(text, line).includes('|')) return false
  const below = lineAt(text, line.next)
  if (!below || below.end - below.start > ROW_LENGTH) return false
  const rule = textOf(text, below).trim()
  if (!rule.includes('|') || !/^[\s|:-]+$/.test(rule)) return false
  return rule
    .replace(/^\||\|$/g, '')
    .split('|')
    .every(cell => /^:?-+:?$/.test(cell.trim()))
}

function eatTable(text: string, first: Line): Eaten {
  let last = first
  for (let line = lineAt(text, first.next); line; line = lineAt(text, line.next)) {
    if (isBlank(text, line) || !textOf(text, line).includes('|') || fenceOf(text, line)) break
    last = line
  }
  return { end: last.end, next: last.next }
}

/** `-`, `*`, `+`, `•`, `1.` or `1)` and a space. */
function isItem(text: string, line: Line): boolean {
  const begin = text.slice(line.start, Math.min(line.end, line.start + 200))
  return /^[ \t]*(?:[-*+•]|\d{1,9}[.)])(?:\s|$)/.test(begin) && !/^[\s*_-]+$/.test(begin.slice(0, 200))
}

/** Whether a line may end a paragraph right above it: a number in running text is no list unless it is the first. */
const interrupts = (text: string, line: Line): boolean =>
  isItem(text, line) && !/^\s*(?!1[.)])\d/.test(text.slice(line.start, line.start + 200))

const isHeading = (text: string, line: Line): boolean =>
  /^ {0,3}#{1,6}(?:\s|$)/.test(text.slice(line.start, Math.min(line.end, line.start + 12)))

const isQuote = (text: string, line: Line): boolean =>
  /^ {0,3}>/.test(text.slice(line.start, Math.min(line.end, line.start + 4)))

/** Items with what is indented under them; blank lines between them belong to it. */
function eatList(text: string, first: Line): Eaten {
  const eat = (line: Line): Eaten => {
    const fence = fenceOf(text, line, true)
    return fence ? eatFence(text, line, fence) : { end: line.end, next: line.next }
  }
  let eaten = eat(first)
  let isApart = false
  for (let line = lineAt(text, eaten.next); line; ) {
    if (isBlank(text, line)) {
      isApart = true
      line = lineAt(text, line.next)
      continue
    }
    const indent = indentOf(text, line)
    const item = isItem(text, line)
    if (indent < 2) {
      if (item ? eaten.end - first.start > LONG : isApart || fenceOf(text, line) || breaksLine(text, line))
        break
    }
    eaten = eat(line)
    isApart = false
    line = lineAt(text, eaten.next)
  }
  return eaten
}

const breaksLine = (text: string, line: Line): boolean =>
  isHeading(text, line) || isQuote(text, line) || startsTable(text, line)

function eatParagraph(text: string, first: Line): Eaten {
  let last = first
  for (let line = lineAt(text, first.next); line; line = lineAt(text, line.next)) {
    if (isBlank(text, line)) break
    // A quotation may hold a fence of its own.
    if (isQuote(text, line) && isQuote(text, last)) {
      last = line
      continue
    }
    if (fenceOf(text, line) || interrupts(text, line) || breaksLine(text, line)) break
    if (line.end - first.start > LONG) break
    last = line
  }
  return { end: last.end, next: last.next }
}
