/** A cell of an activity page: header, then question, time and answer in one column, then files, then a caption. */
import {
  type Activity,
  type ActivityFile,
  isBeside,
  isCountLine,
  threadIn,
  withoutDash,
} from './gemini-activity.ts'
import { htmlText, isBlock } from './html-markdown.ts'
import { attributeOf, elementsOf, type HtmlElement, type HtmlNode, hasClass, parseHtml } from './html-tree.ts'
import { isTimeLine, timeOfLine } from './page-time.ts'

/** The row that a cell shows. */
export function activityOfCell(html: string): Activity {
  const columns: HtmlElement[] = []
  const headers: HtmlElement[] = []
  findCells(parseHtml(html), columns, headers)
  const isCaption = (each: HtmlElement): boolean =>
    hasClass(attributeOf(each, 'class'), 'mdl-typography--caption')
  const isRight = (each: HtmlElement): boolean =>
    hasClass(attributeOf(each, 'class'), 'mdl-typography--text-right')
  const main = columns.find(each => !isCaption(each) && !isRight(each))
  const caption = columns.filter(isCaption).flatMap(each => each.children)
  const told = linesOf(main?.children ?? [])
  const { title, files } = questionOf(told.question)
  for (const each of columns.filter(isRight).flatMap(column => [...elementsOf(column.children)])) {
    const src = fileIn(each)
    if (src !== null && !files.has(src)) files.set(src, { name: src, file: src })
  }
  const products = headers.map(each => htmlText(each.children).trim()).filter(each => each !== '')
  return {
    products,
    names: products,
    title,
    time: told.time,
    timeMs: told.time === null ? null : timeOfLine(told.time),
    answers: told.answer.length === 0 ? [] : [told.answer],
    files: [...files.values()],
    lines: [],
    unknown: [],
    threadId: threadOf([...elementsOf(caption), ...told.question.flatMap(line => [...elementsOf(line)])]),
  }
}

/** The inner cells lie in grids; what is in them is looked at later. */
function findCells(nodes: readonly HtmlNode[], columns: HtmlElement[], headers: HtmlElement[]): void {
  for (const node of nodes) {
    if (typeof node === 'string') continue
    const classes = attributeOf(node, 'class')
    if (hasClass(classes, 'content-cell')) columns.push(node)
    else if (hasClass(classes, 'header-cell')) headers.push(node)
    else findCells(node.children, columns, headers)
  }
}

function threadOf(elements: readonly HtmlElement[]): string | null {
  for (const each of elements) {
    const thread = each.name === 'a' ? threadIn(attributeOf(each, 'href')) : null
    if (thread !== null) return thread
  }
  return null
}

/** The line with the time parts question and answer. Without one, what begins paragraphs is the answer. */
function linesOf(nodes: readonly HtmlNode[]): {
  question: HtmlNode[][]
  time: string | null
  answer: HtmlNode[]
} {
  const lines: HtmlNode[][] = [[]]
  const starts: number[] = [0]
  for (const [i, node] of nodes.entries()) {
    if (typeof node === 'string' || node.name !== 'br') lines.at(-1)?.push(node)
    else {
      lines.push([])
      starts.push(i + 1)
    }
  }
  const at = timeAt(
    lines.map(line => (line.every(node => typeof node === 'string') ? line.join('').trim() : '')),
  )
  if (at >= 0) {
    const answer = nodes.slice(starts[at + 1] ?? nodes.length)
    return { question: lines.slice(0, at), time: (lines[at] ?? []).join('').trim(), answer }
  }
  const block = lines.findIndex(line => line.some(isBlock))
  if (block < 0) return { question: lines, time: null, answer: [] }
  return { question: lines.slice(0, block), time: null, answer: nodes.slice(starts[block]) }
}

/** The line that is the time: the first of those that can be one, since the answer may speak of times as well; what is
 *  whole and can be read goes before what only looks like it, as a question may. */
function timeAt(lines: readonly string[]): number {
  let best = -1
  let bestRank = 0
  for (const [i, line] of lines.entries()) {
    if (!isTimeLine(line)) continue
    const rank =
      (/\p{Nd}[:.]\p{Nd}{2}[:.]\p{Nd}{2}/u.test(line) ? 4 : 0) +
      (timeOfLine(line) === null ? 0 : 2) +
      (i > 0 ? 1 : 0)
    if (rank >= 7) return i
    if (best >= 0 && rank <= bestRank) continue
    best = i
    bestRank = rank
  }
  return best
}

/** A link to what lies beside the page is a file; the line before the first says how many there are. */
function questionOf(lines: readonly HtmlNode[][]): { title: string; files: Map<string, ActivityFile> } {
  const files = new Map<string, ActivityFile>()
  const texts: string[] = []
  for (const line of lines) {
    const links = [...elementsOf(line)].filter(each => fileIn(each) !== null)
    if (links.length === 0) {
      texts.push(htmlText(line))
      continue
    }
    if (files.size === 0 && texts.length > 1 && isCountLine(texts.at(-1) ?? '')) texts.pop()
    for (const link of links) {
      const file = fileIn(link) ?? ''
      if (!files.has(file)) files.set(file, { name: withoutDash(htmlText([link])) || file, file })
    }
  }
  return { title: texts.join('\n').trim(), files }
}

/** What a link or an image names beside the page, or null. */
function fileIn(element: HtmlElement): string | null {
  const attribute = element.name === 'a' ? 'href' : element.name === 'img' ? 'src' : null
  const url = attribute === null ? null : attributeOf(element, attribute)
  return url !== null && isBeside(url) ? url : null
}
