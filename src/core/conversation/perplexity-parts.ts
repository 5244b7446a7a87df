/** What a Perplexity entry answers: Markdown with numbers that point at its sources, in any shape of entry. */
import type { Part } from '../model/conversation.ts'
import {
  arrayOf,
  isObject,
  type JsonObject,
  jsonText,
  nameOf,
  objectOf,
  parsedJson,
  textOf,
} from './json-values.ts'

export const PROVIDER = 'perplexity'

/** The answer and its sources as parts; none when the question was not answered. */
export function answerParts(entry: JsonObject): Part[] {
  const parts: Part[] = []
  const texts = new Set<string>()
  const urls = new Set<string>()
  const tell = (text: string): void => {
    // The same text comes in several blocks, one a device.
    if (text.trim() === '' || texts.has(text)) return
    texts.add(text)
    parts.push({ type: 'text', text, format: 'md' })
  }
  const cite = (list: unknown): void => {
    for (const each of arrayOf(list)) {
      const source = objectOf(each)
      const url = nameOf(each) ?? nameOf(source.url)
      if (url === null || urls.has(url)) continue
      urls.add(url)
      const title = nameOf(source.title) ?? nameOf(source.name)
      const snippet = nameOf(source.snippet)
      parts.push({ type: 'citation', url, title, start: null, end: null, snippet })
    }
  }
  const plain = plainAnswer(entry.answer)
  tell(plain.text)
  cite(plain.sources)
  for (const each of arrayOf(entry.blocks)) {
    const block = objectOf(each)
    const markdown = objectOf(block.markdown_block)
    const found = objectOf(block.web_result_block)
    if (isObject(block.markdown_block)) tell(nameOf(markdown.answer) ?? chunksOf(markdown.chunks))
    else if (isObject(block.web_result_block)) cite(found.web_results)
    else if (isObject(each) && Object.keys(each).length > 0)
      parts.push({ type: 'unknown', raw: jsonText(each) })
  }
  cite(entry.sources)
  cite(objectOf(entry.sources_list).sources)
  return parts
}

const chunksOf = (value: unknown): string =>
  arrayOf(value)
    .map(chunk => textOf(chunk) ?? '')
    .join('')

/** An answer is text, or JSON in which the text stands beside its sources. */
function plainAnswer(value: unknown): { text: string; sources: unknown } {
  const text = textOf(value) ?? ''
  const given = text.startsWith('{') ? parsedJson(text) : value
  if (!isObject(given)) return { text, sources: null }
  const inner = textOf(given.answer)
  return inner === null ? { text, sources: null } : { text: inner, sources: given.web_results }
}
