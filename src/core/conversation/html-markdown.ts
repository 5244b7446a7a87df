/** HTML of an answer as Markdown. Only what is listed here has a meaning; other elements are their content, and what
 *  runs, loads or asks is left out with all that is in it. */
import { attributeOf, type HtmlElement, type HtmlNode } from './html-tree.ts'

export interface MarkdownImage {
  readonly src: string
  readonly alt: string | null
}

/** Left out with their content. */
const DROPPED: ReadonlySet<string> = new Set(
  `applet audio button canvas embed frame frameset head iframe input link math meta noembed noframes noscript object
   option script select style svg template textarea title video`.split(/\s+/),
)

const BLOCKS: ReadonlySet<string> = new Set(
  `address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2
   h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul`.split(
    /\s+/,
  ),
)

/** Marks around words. */
const MARKS: Readonly<Record<string, string>> = {
  b: '**',
  strong: '**',
  i: '*',
  em: '*',
  s: '~~',
  del: '~~',
  strike: '~~',
}

/** Deeper lists and quotations are not indented further: every level copies its text. */
const DEEPEST_INDENT = 12
/** A place where a line ends within a paragraph, until the whitespace around it is settled. */
const BREAK = '\u0000'

const BLANKS = /[ \t\n\r\f]+/g
/** Only where blanks are single: runs in the middle would be tried at each of their places. */
const AROUND = /^ | $/g

/** @returns the Markdown, trimmed, and the images in the order of writing. */
export function htmlMarkdown(nodes: readonly HtmlNode[]): { text: string; images: MarkdownImage[] } {
  const writer = new Writer()
  const text = writer.blocks(nodes, 0).join('\n\n')
  return { text: text.trim().toWellFormed(), images: writer.images }
}

/** The text of nodes as it is written, `br` as a line end, what is left out in Markdown left out. */
export function htmlText(nodes: readonly HtmlNode[]): string {
  let text = ''
  for (const node of nodes) {
    if (typeof node === 'string') text += node
    else if (node.name === 'br') text += '\n'
    else if (!DROPPED.has(node.name)) text += htmlText(node.children)
  }
  return text
}

/** Whether something of these nodes begins a paragraph of its own. */
export const isBlock = (node: HtmlNode): boolean => typeof node !== 'string' && BLOCKS.has(node.name)

class Writer {
  readonly images: MarkdownImage[] = []

  /** Blocks, each without an empty line before or after it. */
  blocks(nodes: readonly HtmlNode[], depth: number): string[] {
    const out: string[] = []
    let run: HtmlNode[] = []
    const flush = (): void => {
      const text = settle(this.inline(run))
      run = []
      if (text !== '') out.push(text)
    }
    for (const node of nodes) {
      if (typeof node === 'string' || !holdsBlock(node)) {
        run.push(node)
        continue
      }
      flush()
      for (const block of this.block(node, depth)) if (block !== '') out.push(block)
    }
    flush()
    return out
  }

  block(element: HtmlElement, depth: number): string[] {
    const { name, children } = element
    if (DROPPED.has(name)) return []
    if (/^h[1-6]$/.test(name)) {
      const text = settle(this.inline(children)).replaceAll('\n', ' ')
      return text === '' ? [] : [`${'#'.repeat(Number(name[1]))} ${text}`]
    }
    switch (name) {
      case 'hr':
        return ['---']
      case 'pre':
        return [fence(htmlText(children), languageOf(element))]
      case 'blockquote': {
        const inner = this.blocks(children, depth + 1)
        return depth >= DEEPEST_INDENT || inner.length === 0
          ? inner
          : [prefixed(inner.join('\n\n'), '> ', '> ')]
      }
      case 'ul':
      case 'ol':
        return this.list(element, depth)
      case 'table':
        return this.table(element)
      default:
        return this.blocks(children, depth)
    }
  }

  list(element: HtmlElement, depth: number): string[] {
    const start = Number.parseInt(attributeOf(element, 'start') ?? '1', 10)
    let number = Number.isSafeInteger(start) && start >= 0 ? start : 1
    const items: string[] = []
    for (const node of element.children) {
      if (typeof node === 'string' && node.trim() === '') continue
      const isItem = typeof node !== 'string' && node.name === 'li'
      const blocks = this.blocks(isItem ? node.children : [node], depth + 1)
      const isLoose = blocks.some((block, i) => i > 0 && !/^(?:- |\d+\. )/.test(block))
      const text = blocks.join(isLoose ? '\n\n' : '\n')
      if (text === '') continue
      const bullet = element.name === 'ol' ? `${number++}. ` : '- '
      items.push(depth >= DEEPEST_INDENT ? text : prefixed(text, bullet, ' '.repeat(bullet.length)))
    }
    return items.length === 0 ? [] : [items.join('\n')]
  }

  table(element: HtmlElement): string[] {
    const rows: string[][] = []
    let width = 0
    for (const row of rowsOf(element)) {
      const cells: string[] = []
      for (const cell of row.children)
        if (typeof cell !== 'string' && (cell.name === 'td' || cell.name === 'th'))
          cells.push(settle(this.inline(cell.children)).replaceAll('\n', ' ').replaceAll('|', '\\|'))
      if (cells.length === 0) continue
      width = Math.max(width, cells.length)
      rows.push(cells)
    }
    // A wide row would be paid for in every other one.
    if (rows.length === 0 || width * rows.length > 1_000_000)
      return this.blocks([...rowsOf(element)], DEEPEST_INDENT)
    const line = (cells: readonly string[]): string =>
      `| ${Array.from({ length: width }, (_, i) => cells[i] ?? '').join(' | ')} |`
    const [head = [], ...body] = rows
    return [[line(head), `|${' --- |'.repeat(width)}`, ...body.map(line)].join('\n')]
  }

  inline(nodes: readonly HtmlNode[]): string {
    let out = ''
    for (const node of nodes) {
      if (typeof node === 'string') out += escaped(node.replaceAll(BREAK, '').replace(BLANKS, ' '))
      else if (!DROPPED.has(node.name)) out += this.#word(node)
    }
    return out
  }

  #word(element: HtmlElement): string {
    const { name, children } = element
    if (name === 'br') return BREAK
    if (name === 'img') {
      const src = attributeOf(element, 'src')
      if (src !== null && src !== '') this.images.push({ src, alt: attributeOf(element, 'alt') || null })
      return ''
    }
    if (name === 'code' || name === 'kbd' || name === 'samp' || name === 'tt')
      return codeSpan(htmlText(children))
    if (name === 'pre') return codeSpan(htmlText(children))
    const inner = this.inline(children)
    const mark = MARKS[name]
    if (mark !== undefined) return marked(inner, mark)
    if (name === 'a') return link(inner, attributeOf(element, 'href'))
    return BLOCKS.has(name) ? `${BREAK}${inner}${BREAK}` : inner
  }
}

/** Whether it is a block or wraps one, as `span` or an element of the page's own may. */
function holdsBlock(node: HtmlElement): boolean {
  return (
    !DROPPED.has(node.name) && (isBlock(node) || node.children.some(child => isBlock(child) || deeper(child)))
  )
}

/** Wrappers in wrappers are looked into only so far: each level would look again. */
function deeper(node: HtmlNode, levels = 3): boolean {
  if (typeof node === 'string' || levels === 0) return false
  return node.children.some(child => isBlock(child) || deeper(child, levels - 1))
}

function* rowsOf(element: HtmlElement): Generator<HtmlElement> {
  for (const child of element.children) {
    if (typeof child === 'string') continue
    if (child.name === 'tr') yield child
    else if (child.name === 'thead' || child.name === 'tbody' || child.name === 'tfoot') yield* rowsOf(child)
  }
}

/** Whitespace as a reader sees it: none at the ends of lines. */
function settle(text: string): string {
  if (!text.includes(BREAK)) return text.replace(BLANKS, ' ').replace(AROUND, '')
  const lines = text.split(BREAK).map(line => line.replace(BLANKS, ' ').replace(AROUND, ''))
  // Long runs of empty lines mean no more than one, and would be searched again and again below.
  return lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '')
}

/** What would begin a tag or a code span in Markdown is text here. */
const escaped = (text: string): string => text.replace(/<(?=[A-Za-z/!?])|`/g, '\\$&')

/** Marks touch the words, not the blanks around them. */
function marked(text: string, mark: string): string {
  const inner = text.trim()
  if (inner === '' || inner.includes(BREAK)) return text
  const from = text.indexOf(inner)
  return `${text.slice(0, from)}${mark}${inner}${mark}${text.slice(from + inner.length)}`
}

function link(text: string, href: string | null): string {
  const words = settle(text).replaceAll('\n', ' ')
  if (href === null || words === '' || !/^(?:https?:\/\/|mailto:)/i.test(href)) return text
  if (words === href) return href
  const target = href.replace(/[\s()<>]/g, mark => `%${mark.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `[${words}](${target})`
}

/** The longest run of backticks. */
function ticks(text: string): number {
  let longest = 0
  let run = 0
  for (const char of text) {
    run = char === '`' ? run + 1 : 0
    if (run > longest) longest = run
  }
  return longest
}

function codeSpan(text: string): string {
  const code = text.replaceAll(BREAK, '').replace(BLANKS, ' ')
  if (code.trim() === '') return code
  const fence = '`'.repeat(ticks(code) + 1)
  const pad = code.startsWith('`') || code.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${code}${pad}${fence}`
}

function fence(code: string, language: string): string {
  const marks = '`'.repeat(Math.max(3, ticks(code) + 1))
  return `${marks}${language}\n${code.replace(/^\n/, '').replace(/\n$/, '')}\n${marks}`
}

function languageOf(element: HtmlElement): string {
  const inner = element.children.find(child => typeof child !== 'string' && child.name === 'code')
  for (const each of [element, inner]) {
    if (each === undefined || typeof each === 'string') continue
    const named = (attributeOf(each, 'class') ?? '').split(/\s+/).find(name => /^lang(?:uage)?-./.test(name))
    if (named !== undefined) return named.slice(named.indexOf('-') + 1).replace(/[`\s]/g, '')
  }
  return ''
}

const prefixed = (text: string, first: string, rest: string): string =>
  text
    .split('\n')
    .map((line, i) => (i === 0 ? first + line : line === '' ? rest.trimEnd() : rest + line))
    .join('\n')
