/** HTML that an early data set holds in place of an answer's text, as Markdown: nothing of it can run or load. */
import { Parser } from 'htmlparser2'

const ANSWER =
  /^\s*<(?:div class="(?:markdown|flex|group|w-full)|(?:p|ol|ul|pre|h[1-6]|table|blockquote)[\s>])/i
const ENDS_IN_TAG = /<\/[a-z][a-z0-9]*>\s*$/i

/** Whether an answer was saved as the page's HTML: it begins and ends with tags and has no Markdown fence. */
export const isHtmlAnswer = (text: string): boolean =>
  ANSWER.test(text) && ENDS_IN_TAG.test(text.slice(-100)) && !text.includes('```')

const BLOCKS: ReadonlySet<string> = new Set([
  'p',
  'div',
  'ul',
  'ol',
  'table',
  'tr',
  'blockquote',
  'section',
  'article',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'hr',
])
/** Elements whose text is no text, and buttons of the page such as “Copy code”. */
const SILENT: ReadonlySet<string> = new Set([
  'script',
  'style',
  'button',
  'svg',
  'template',
  'noscript',
  'head',
])

/** Deeper than any page; the parser's own work grows with the square of it. */
const MAX_DEPTH = 1000

/** The text with line breaks between blocks; code is fenced, items of lists have a dash or a number. Null when it is nested
 *  deeper than any page. */
export function htmlText(html: string): string | null {
  const out = new Text()
  let silent = 0
  let pre = 0
  let depth = 0
  const lists: number[] = []
  const breakBlock = (): void => {
    out.breakLine()
    // Between the items of a list, and inside code, there is no blank line.
    if (pre === 0 && lists.length === 0) out.breakBlock()
  }
  const parser = new Parser({
    onopentag(name) {
      if (++depth > MAX_DEPTH) parser.pause()
      if (SILENT.has(name)) silent++
      if (silent > 0) return
      if (name === 'pre') {
        if (pre === 0) {
          breakBlock()
          out.add('```\n')
        }
        pre++
      } else if (name === 'br') out.add('\n')
      else if (name === 'li') {
        out.breakLine()
        const count = lists.at(-1) ?? -1
        if (count >= 0) lists[lists.length - 1] = count + 1
        const indent = '  '.repeat(Math.min(20, Math.max(0, lists.length - 1)))
        out.add(`${indent}${count >= 0 ? `${count + 1}. ` : '- '}`)
      } else if (BLOCKS.has(name)) {
        if (!/(?:- |\d\. )$/.test(out.tail)) breakBlock()
        if (name === 'ul') lists.push(-1)
        else if (name === 'ol') lists.push(0)
        else if (/^h[1-6]$/.test(name)) out.add(`${'#'.repeat(Number(name[1]))} `)
      } else if (name === 'code' && pre === 0) out.add('`')
      else if ((name === 'td' || name === 'th') && !out.isAtStart) out.add(' | ')
    },
    ontext(text) {
      if (silent > 0) return
      const flat = pre > 0 ? text : text.replace(/\s+/g, ' ')
      out.add(pre === 0 && /^$|\s$/.test(out.tail) ? flat.trimStart() : flat)
    },
    onclosetag(name) {
      depth--
      if (SILENT.has(name)) silent = Math.max(0, silent - 1)
      if (silent > 0) return
      if (name === 'pre') {
        pre = Math.max(0, pre - 1)
        if (pre > 0) return
        out.breakLine()
        out.add('```\n')
      } else if (name === 'code' && pre === 0) out.add('`')
      else if (name === 'li') out.breakLine()
      else if (BLOCKS.has(name)) {
        if (name === 'ul' || name === 'ol') lists.pop()
        breakBlock()
      }
    },
  })
  parser.write(html)
  if (depth > MAX_DEPTH) return null
  parser.end()
  return out.toString()
}

/** Text that grows by pieces; only its last characters are looked at. */
class Text {
  readonly #pieces: string[] = []
  tail = ''

  get isAtStart(): boolean {
    return this.tail === '' || this.tail.endsWith('\n')
  }

  add(text: string): void {
    if (text === '') return
    this.#pieces.push(text)
    this.tail = (this.tail + text.slice(-4)).slice(-4)
  }

  breakLine(): void {
    if (!this.isAtStart) this.add('\n')
  }

  breakBlock(): void {
    if (this.tail !== '' && !this.tail.endsWith('\n\n')) this.add('\n')
  }

  toString(): string {
    const lines = this.#pieces.join('').split('\n')
    return lines
      .map(line => line.trimEnd())
      .join('\n')
      .trim()
  }
}
