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

/** The text with line breaks between blocks; code is fenced, items of lists have a dash or a number. */
export function htmlText(html: string): string {
  let out = ''
  let silent = 0
  let pre = 0
  const lists: number[] = []
  const breakLine = (): void => {
    if (out !== '' && !out.endsWith('\n')) out += '\n'
  }
  const breakBlock = (): void => {
    breakLine()
    if (pre > 0) return
    // Between the items of a list there is no blank line.
    if (lists.length === 0 && out !== '' && !out.endsWith('\n\n')) out += '\n'
  }
  const parser = new Parser({
    onopentag(name) {
      if (SILENT.has(name)) silent++
      if (silent > 0) return
      if (name === 'pre') {
        breakBlock()
        if (pre === 0) out += '```\n'
        pre++
      } else if (name === 'br') out += '\n'
      else if (name === 'li') {
        breakLine()
        const count = lists.at(-1) ?? -1
        if (count >= 0) lists[lists.length - 1] = count + 1
        out += `${'  '.repeat(Math.min(20, Math.max(0, lists.length - 1)))}${count >= 0 ? `${count + 1}. ` : '- '}`
      } else if (BLOCKS.has(name)) {
        if (!/(?:- |\d\. )$/.test(out.slice(-4))) breakBlock()
        if (name === 'ul') lists.push(-1)
        else if (name === 'ol') lists.push(0)
        else if (/^h[1-6]$/.test(name)) out += `${'#'.repeat(Number(name[1]))} `
      } else if (name === 'code' && pre === 0) out += '`'
      else if (name === 'td' || name === 'th') out += out.endsWith('\n') || out === '' ? '' : ' | '
    },
    ontext(text) {
      if (silent > 0) return
      if (pre > 0) {
        out += text
        return
      }
      const flat = text.replace(/\s+/g, ' ')
      out += /\s$/.test(out.slice(-1)) || out === '' ? flat.trimStart() : flat
    },
    onclosetag(name) {
      if (SILENT.has(name)) silent = Math.max(0, silent - 1)
      if (silent > 0) return
      if (name === 'pre') {
        pre = Math.max(0, pre - 1)
        if (pre > 0) return
        breakLine()
        out += '```\n'
      } else if (name === 'code' && pre === 0) out += '`'
      else if (name === 'li') breakLine()
      else if (BLOCKS.has(name)) {
        if (name === 'ul' || name === 'ol') lists.pop()
        breakBlock()
      }
    },
  })
  parser.write(html)
  parser.end()
  return out.replace(/[ \t]+\n/g, '\n').trim()
}
