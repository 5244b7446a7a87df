/** Views in which escapes of JSON and program text, URLs, HTML and mail are undone. */
import { fold } from './folded.ts'
import { type Edit, type Kind, type View, viewOf } from './view.ts'

const AFTER_UNESCAPED: readonly Kind[] = ['unescaped', 'joined', 'decoded']

const NAMED: Readonly<Record<string, string>> = {
  quot: '"',
  amp: '&',
  lt: '<',
  gt: '>',
  apos: "'",
  nbsp: ' ',
  colon: ':',
  sol: '/',
  equals: '=',
  commat: '@',
  period: '.',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
  num: '#',
  plus: '+',
}
const SHORT: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: ' ', f: ' ' }

/** Escapes undone, colours that are written out, and strings put together of two. */
const HAS_ESCAPE =
  /\^\[\[|\\e\[|\\[01][0-7]{2}|["'`][ \t]{0,4}(?:[+&]|\.{1,2}|<>)[ \t\r\n]{0,40}["'`]|\\["'/\\`nrtu x]|%[0-9A-Fa-f]{2}|&(?:#|quot|amp|lt|gt|apos|nbsp|col|sol|equ|com|per|low|hyp|das|num|plu)/
const ESCAPE =
  /((?:\\(?:x1[bB]|u001[bB]|033|e)|\^\[|␛)\[[0-9;?]{0,32}[A-Za-z]|["'`][ \t]{0,4}(?:[+&]|\.{1,2}|<>)[ \t\r\n]{0,40}["'`])|\\([01][0-7]{2})|\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([nrtbf])|(["'/\\`]))|%(0[9AaDd]|[2-7][0-9A-Fa-f])|((?:%[C-Fc-f][0-9A-Fa-f])(?:%[89ABab][0-9A-Fa-f]){1,3})|&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([a-z]{2,6}));/g
const HAS_SOFT_BREAK = /[\w+/.]=\r?\n[\w+/.=]|=3D|=[C-F][0-9A-F]=[89AB][0-9A-F]/
const SOFT = /(?<=[\w+/.])=\r?\n(?=[\w+/.=])|=([2-7][0-9A-F])|((?:=[C-F][0-9A-F])(?:=[89AB][0-9A-F]){1,3})/g

const characterOf = (code: number): string =>
  code > 0x10ffff || code === 0 ? '' : fold(String.fromCodePoint(code).toWellFormed()).text.slice(0, 4)

/** UTF-8 bytes, in hexadecimal digits with a sign before each. */
const charactersOf = (bytes: string): string =>
  fold(Buffer.from(bytes.replace(/[%=]/g, ''), 'hex').toString('utf8')).text

function decodedEscape(found: RegExpExecArray): string | null {
  const [
    ,
    nothing,
    octal,
    unicode,
    point,
    byte,
    short,
    itself,
    percent,
    several,
    decimal,
    hexadecimal,
    name,
  ] = found
  if (nothing !== undefined) return ''
  if (octal !== undefined) return characterOf(Number.parseInt(octal, 8))
  if (short !== undefined) return SHORT[short] ?? ' '
  if (itself !== undefined) return itself
  const hex = unicode ?? point ?? byte ?? percent ?? hexadecimal
  if (hex !== undefined) return characterOf(Number.parseInt(hex, 16))
  if (several !== undefined) return charactersOf(several)
  if (decimal !== undefined) return characterOf(Number(decimal))
  return NAMED[name ?? ''] ?? null
}

/** Escapes of JSON and program text, URLs and HTML undone once; null where there are none. */
export function unescaped(text: string): View | null {
  if (!HAS_ESCAPE.test(text)) return null
  const edits: Edit[] = []
  for (const found of text.matchAll(ESCAPE)) {
    const character = decodedEscape(found)
    if (character !== null)
      edits.push({ start: found.index, end: found.index + found[0].length, text: character })
  }
  return viewOf(text, edits, AFTER_UNESCAPED)
}

/** Quoted-printable text (RFC 2045 §6.7) as it was. */
export function unsoftened(text: string): View | null {
  if (!HAS_SOFT_BREAK.test(text)) return null
  const edits: Edit[] = []
  for (const { 0: found, 1: hex, 2: several, index } of text.matchAll(SOFT)) {
    const character = several
      ? charactersOf(several)
      : hex === undefined
        ? ''
        : String.fromCharCode(Number.parseInt(hex, 16))
    edits.push({ start: index, end: index + found.length, text: character })
  }
  return viewOf(text, edits, AFTER_UNESCAPED)
}
