/** The marks that ChatGPT writes into its text for citations and the like, taken out for display. */
import { parsedJson } from './json-values.ts'

/** A mark in private-use characters: U+E200 kind, U+E202 argument ..., U+E201. */
const MARK = /\ue200([^\ue200\ue201]{0,4096})\ue201/g
const STRAY = /[\ue200-\ue206]/g
/** The older form, as in `【12†source】`. */
const BRACKETS = /【[^【】\n]{0,200}†[^【】\n]{0,400}】/g

/** The text without its marks. Marks that hold words of the sentence itself (a named thing, a link) leave those words.
 *  `brackets` says whether the older form is a mark here: in a person's own text it is just text. */
export function stripMarks(text: string, brackets: boolean): string {
  let out = text
  if (/[\ue200-\ue206]/.test(out))
    out = out.replace(MARK, (_, inner: string) => wordsOf(inner)).replace(STRAY, '')
  return brackets && out.includes('†') ? out.replace(BRACKETS, '') : out
}

function wordsOf(inner: string): string {
  const [kind, first = '', second = ''] = inner.split('\ue202')
  if (kind === 'url') return second === '' ? first : `[${first}](${second})`
  if (kind !== 'entity') return ''
  const names = parsedJson(first)
  return Array.isArray(names) && typeof names[1] === 'string' ? names[1].toWellFormed() : ''
}
