/** What a file is by its bytes, never by its name: container first, then the shape of the records. */
import { isObject, parsedJson } from './json-values.ts'
import { isActivityPage } from './page-cells.ts'
import { BOM } from './record.ts'
import { TextDocument } from './text-document.ts'

/** `elements` is JSON that is split by brackets, `lines` is JSONL, `page` is HTML with activity, `text` is a transcript; `foreign`
 *  is none of them, with what it looks like. */
export type Container =
  | { readonly kind: 'zip' | 'gzip' | 'zstd' | 'sqlite' | 'elements' | 'lines' | 'page' | 'text' | 'blank' }
  | { readonly kind: 'foreign'; readonly guess: string }

const MAGIC: readonly (readonly [hex: string, guess: string])[] = [
  ['fffe', 'text in UTF-16; save it as UTF-8'],
  ['feff', 'text in UTF-16; save it as UTF-8'],
  ['255044462d', 'a PDF document'],
  ['89504e47', 'a PNG image'],
  ['ffd8ff', 'a JPEG image'],
  ['47494638', 'a GIF image'],
  ['377abcaf271c', 'a 7z archive; unpack it first'],
  ['526172211a07', 'a RAR archive; unpack it first'],
  ['425a68', 'a bzip2 file; unpack it first'],
  ['fd377a585a00', 'an xz file; unpack it first'],
]
/** `SQLite format 3` and a zero byte (SQLite file format, 1.3.1). */
const SQLITE = '53514c69746520666f726d6174203300'
const TAR_AT = 257
const LINES = 50

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Decide from the first bytes; `isWhole` says that they are the whole file. The same bytes give the same answer. */
export function sniff(head: Uint8Array, isWhole: boolean): Container {
  const hex = Buffer.from(head.subarray(0, 16)).toString('hex')
  if (hex.startsWith('504b0304') || hex.startsWith('504b0506') || hex.startsWith('504b0708'))
    return { kind: 'zip' }
  if (hex.startsWith('1f8b')) return { kind: 'gzip' }
  if (hex.startsWith('28b52ffd')) return { kind: 'zstd' }
  if (hex === SQLITE) return { kind: 'sqlite' }
  for (const [magic, guess] of MAGIC) if (hex.startsWith(magic)) return { kind: 'foreign', guess }
  if (Buffer.from(head.subarray(TAR_AT, TAR_AT + 5)).toString('latin1') === 'ustar')
    return { kind: 'foreign', guess: 'a tar archive; unpack it first' }
  let at = BOM.every((byte, i) => head[i] === byte) ? BOM.length : 0
  while (at < head.length && isBlank(head[at] as number)) at++
  if (at === head.length) return { kind: 'blank' }
  return shapeOf(head.subarray(at), isWhole)
}

/** JSON or JSONL, by how many of the first lines are objects by themselves. */
function shapeOf(head: Uint8Array, isWhole: boolean): Container {
  const first = String.fromCharCode(head[0] as number)
  const lines: ('object' | 'json' | 'other')[] = []
  for (let from = 0; from < head.length && lines.length < LINES; ) {
    const feed = head.indexOf(0x0a, from)
    if (feed < 0 && !isWhole) break
    const end = feed < 0 ? head.length : feed
    const line = Buffer.from(head.subarray(from, end)).toString('utf8').trim()
    if (line !== '') lines.push(lineKind(line))
    from = end + 1
  }
  const objects = lines.filter(kind => kind === 'object').length
  if (first === '{') {
    const isJsonl = lines.length > 1 && (lines[0] === 'object' || objects * 2 >= lines.length)
    return { kind: isJsonl ? 'lines' : 'elements' }
  }
  if (first !== '[' || isWords(head)) {
    if (!head.includes(0) && new TextDocument(head).marks !== null) return { kind: 'text' }
  }
  if (first === '[')
    return {
      kind: lines[0] === 'json' && (lines[1] === 'object' || lines[1] === 'json') ? 'lines' : 'elements',
    }
  if (objects > 0) return { kind: 'lines' }
  if (first === '<' && isActivityPage(Buffer.from(head).toString('latin1'))) return { kind: 'page' }
  return { kind: 'foreign', guess: first === '<' ? 'an HTML or XML page' : textGuess(head) }
}

/** `[Open in …](…)`: a link at the beginning of a text, not an array. */
const isWords = (head: Uint8Array): boolean =>
  /^\[\s*(?!true|false|null)[\p{L}!^*_`]/u.test(Buffer.from(head.subarray(0, 64)).toString('utf8'))

function lineKind(line: string): 'object' | 'json' | 'other' {
  const value = parsedJson(line)
  return isObject(value) ? 'object' : value === undefined ? 'other' : 'json'
}

function textGuess(head: Uint8Array): string {
  const text = Buffer.from(head.subarray(0, 64 * 1024)).toString('utf8')
  if (text.includes('\0') || text.includes('\ufffd\ufffd')) return 'a binary file'
  if (/^#{1,6} |^\*\*(?:You|User|ChatGPT)/m.test(text)) return 'a Markdown document'
  return 'plain text'
}
