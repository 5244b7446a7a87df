/** Views: what a text says to somebody who decodes it. Each is a text of its own for the rules, with the way back. Escapes of
 *  JSON, URLs, HTML and mail are undone, lines joined that a terminal broke, base64 and hexadecimal text read. */
import { isUtf8 } from 'node:buffer'
import { fold } from './folded.ts'
import type { Match } from './rule.ts'

export type Kind = 'unescaped' | 'unsoftened' | 'joined' | 'decoded'

export interface View {
  text: string
  /** Where a range of the view stands in the text that it is a view of; null where it holds nothing that the view adds. Where it
   *  is not certain, what was found in the text itself counts more. */
  back(start: number, end: number): (Match & { isCertain: boolean }) | null
  /** Whether a range stands for a whole run of which it is only a part. */
  isWhole: boolean
  /** What may be undone after this. */
  next: readonly Kind[]
}

export const ANY: readonly Kind[] = ['unescaped', 'unsoftened', 'joined', 'decoded']
const AFTER_UNESCAPED: readonly Kind[] = ['unescaped', 'joined', 'decoded']
const AFTER_JOINED: readonly Kind[] = ['decoded']

/** Longest views of views: JSON in JSON in base64 in a URL, and one more. */
export const MAX_DEPTH = 4

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

/** A part of a text with another in its place. */
interface Edit extends Match {
  text: string
  /** Of the end of a line: it is as long as lines that a terminal breaks, or says itself that it goes on. */
  isBroken?: boolean
}

/** What surrounds an edit, on either side, in the view: names, quotes and the value. */
const AROUND = 400

/** A stretch of a view: kept text from `at` on, or an edit's. */
interface Piece {
  viewAt: number
  at: number
  edit: Edit | null
  /** The edit right before kept text. */
  after: Edit | null
}

/** The text with its edits made and with what is around them, one window a line. @param edits - in order, apart from each other */
function edited(text: string, edits: readonly Edit[]): { view: string; pieces: Piece[] } {
  const pieces: Piece[] = []
  const out: string[] = []
  let length = 0
  let last: Edit | null = null
  const add = (part: string, at: number, edit: Edit | null): void => {
    if (part.length === 0 && edit === null) return
    pieces.push({ viewAt: length, at, edit, after: last })
    last = edit
    out.push(part)
    length += part.length
  }
  let done = -1
  for (const edit of edits) {
    const from = Math.max(0, edit.start - AROUND)
    if (done >= 0 && from > done + AROUND) {
      add(text.slice(done, done + AROUND), done, null)
      out.push('\n')
      length++
      last = null
      done = -1
    }
    const begin = done < 0 ? from : done
    add(text.slice(begin, edit.start), begin, null)
    add(edit.text, edit.start, edit)
    done = edit.end
  }
  if (done >= 0) add(text.slice(done, done + AROUND), done, null)
  return { view: out.join(''), pieces }
}

function rangeIn(pieces: readonly Piece[], start: number, end: number): Match | null {
  const first = atOrBefore(pieces, start)
  const last = atOrBefore(pieces, end - 1)
  if (!first || !last) return null
  return {
    start: first.edit ? first.at : first.at + start - first.viewAt,
    end: last.edit ? last.edit.end : last.at + end - last.viewAt,
  }
}

function viewOf(text: string, edits: readonly Edit[], next: readonly Kind[]): View | null {
  if (edits.length === 0) return null
  const { view, pieces } = edited(text, edits)
  return {
    text: view,
    isWhole: false,
    next,
    back: (start, end) => {
      const range = rangeIn(pieces, start, end)
      return range && { ...range, isCertain: true }
    },
  }
}

/** The last of sorted pieces that begins at an offset or before. */
function atOrBefore<P extends { viewAt: number }>(pieces: readonly P[], offset: number): P | undefined {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((pieces[middle]?.viewAt ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return pieces[low]
}

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
function unescaped(text: string): View | null {
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
function unsoftened(text: string): View | null {
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

/** What terminals, mail programs and shells put at the end of a line, looked at backwards, and at the beginning of the next. */
const LINE_END = /[ \t\r│|\\"']/
const LINE_BEGIN = /[ \t]{0,120}(?:[│|>+][ \t]{0,40})?["']?/y
const RUN = /[A-Za-z0-9+/=_.~:@%-]/
/** Longer runs before a break are taken from here on. */
const MAX_RUN_LENGTH = 200
const FIRST_RUN = /[A-Za-z0-9+/=_.~:@%-]{1,200}/y
/** A word, or a name that is assigned something: the line begins anew. */
const NEW_BEGINNING = /^(?:[A-Za-z]?[a-z]{0,13}[.:]?$|[A-Za-z_]\w{0,60}[:=])/
/** Glued runs shorter than this, or without a digit, are words. */
const MIN_GLUED_LENGTH = 18
/** Lines shorter than this were not broken by the width of a terminal. */
const MIN_LINE_LENGTH = 38
/** The rest of a value, and nothing else. */
const REST = /^[A-Za-z0-9+/_.-]{1,8000}={0,2}$/

/** Where the parts of a value may belong together. @param seams - offsets at which another text begins: nothing is joined there */
function jointsIn(text: string, seams: ReadonlySet<number>): Edit[] {
  const joints: Edit[] = []
  let before = -1
  for (let line = text.indexOf('\n'); line >= 0; before = line, line = text.indexOf('\n', line + 1)) {
    if (seams.has(line + 1)) continue
    let start = line
    while (start > 0 && line - start < 84 && LINE_END.test(text[start - 1] ?? '')) start--
    let runStart = start
    while (runStart > 0 && start - runStart < MAX_RUN_LENGTH && RUN.test(text[runStart - 1] ?? '')) runStart--
    if (runStart === start) continue
    LINE_BEGIN.lastIndex = line + 1
    LINE_BEGIN.test(text)
    const end = LINE_BEGIN.lastIndex
    FIRST_RUN.lastIndex = end
    const first = FIRST_RUN.exec(text)?.[0]
    if (first === undefined || NEW_BEGINNING.test(first)) continue
    const isBroken = line - before > MIN_LINE_LENGTH || text.slice(start, line).includes('\\')
    const glued = text.slice(runStart, start) + first
    if (glued.length < MIN_GLUED_LENGTH || !/\d/.test(glued)) continue
    if (!isBroken && !/\d/.test(first)) continue
    joints.push({ start, end, text: '', isBroken })
  }
  return joints
}

/** Lines joined where a run without spaces may go on: those that are certainly broken, and, where there are others, all. Only what
 *  lies across a joint is the view's to find. */
function joined(text: string, seams: ReadonlySet<number>): (View | null)[] {
  const joints = jointsIn(text, seams)
  const broken = joints.filter(({ isBroken }) => isBroken === true)
  return [joinedAt(text, broken), broken.length < joints.length ? joinedAt(text, joints) : null]
}

function joinedAt(text: string, joints: readonly Edit[]): View | null {
  if (joints.length === 0) return null
  const { view, pieces } = edited(text, joints)
  return {
    text: view,
    isWhole: false,
    next: AFTER_JOINED,
    back: (start, end) => {
      const range = rangeIn(pieces, start, end)
      const last = atOrBefore(pieces, end - 1)
      if (!range || !last?.after || last.viewAt <= start) return null
      const rest = view.slice(last.viewAt, end)
      const isAlone = /^["'`)\]},;]{0,3}[ \t]*(?:[│|\\][ \t]*)?\r?(?:\n|$)/.test(
        text.slice(range.end, range.end + 60),
      )
      const isCertain =
        last.after.isBroken === true && REST.test(rest) && (isAlone || (rest.length >= 8 && /\d/.test(rest)))
      return { ...range, isCertain }
    },
  }
}

/** Letters, digits and the plus. */
const isLetter = (code: number): boolean =>
  (code > 47 && code < 58) || (code > 64 && code < 91) || (code > 96 && code < 123) || code === 43
const isCode = (code: number): boolean =>
  (code > 47 && code < 58) ||
  (code > 64 && code < 91) ||
  (code > 96 && code < 123) ||
  code === 43 ||
  code === 47 ||
  code === 45 ||
  code === 95
const MIN_RUN_LENGTH = 20
/** How many characters tell whether a run is text. */
const PROBE_LENGTH = 32
const HEX_RUN = /^(?:[0-9A-Fa-f]{2}){10,}$/

/** Text, and not a run of bytes that happens to be readable. */
function textOf(bytes: Buffer): string | null {
  if (bytes.length < 8) return null
  const isWide = bytes[1] === 0 && bytes[3] === 0 && bytes[5] === 0
  if (!isWide && !isUtf8(bytes)) return null
  const text = bytes.toString(isWide ? 'utf16le' : 'utf8')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from text
  return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]/.test(isWide ? text.slice(0, 4_000) : text)
    ? null
    : text
}

/** Of ASCII text in base64 each fourth character, from the first, stands for less than 32; of hexadecimal text each other digit
 *  is 2 to 7. Most runs of names and paths end here. */
function mayBeText(text: string, start: number): boolean {
  let low = 0
  let digits = 0
  for (let at = start; at < start + MIN_RUN_LENGTH; at += 4) {
    const code = text.charCodeAt(at)
    if ((code > 64 && code < 91) || (code > 96 && code < 103)) low++
    if (code > 49 && code < 56) digits++
  }
  return low >= 3 || digits >= 5
}

function decodedRun(run: string): string | null {
  const kind = HEX_RUN.test(run) ? 'hex' : 'base64'
  const probe = Buffer.from(run.slice(0, PROBE_LENGTH), kind)
  // Multi-byte characters may be cut at the end of the probe.
  if (
    textOf(probe) === null &&
    textOf(probe.subarray(0, -1)) === null &&
    textOf(probe.subarray(0, -2)) === null &&
    textOf(probe.subarray(0, -3)) === null
  )
    return null
  return textOf(Buffer.from(run, kind))
}

/** Runs of base64 (RFC 4648 §4 and §5) or hexadecimal digits that hold text, decoded, one a line; null where there are none. */
function decoded(text: string, seen: Set<string>): View | null {
  const runs: { start: number; end: number; viewAt: number }[] = []
  // What another view decoded is known; what stands here twice is to be taken out twice.
  const here = new Map<string, string>()
  let view = ''
  const add = (start: number, end: number): boolean => {
    if (!mayBeText(text, start)) return false
    const run = text.slice(start, end)
    const known = here.get(run)
    if (known === undefined && seen.has(run)) return true
    const inside = known ?? decodedRun(run)
    if (inside === null) return false
    seen.add(run)
    here.set(run, inside)
    const last = /^={1,2}/.exec(text.slice(end, end + 2))?.[0].length ?? 0
    runs.push({ start, end: end + last, viewAt: view.length })
    view += `${fold(inside).text}\n`
    return true
  }
  if (text.length < MIN_RUN_LENGTH) return null
  // Every run of the least length covers a multiple of it: only these places are looked at.
  for (let at = 0; at < text.length; at += MIN_RUN_LENGTH) {
    if (!isCode(text.charCodeAt(at))) continue
    let start = at
    while (start > 0 && isCode(text.charCodeAt(start - 1))) start--
    let end = at + 1
    while (end < text.length && isCode(text.charCodeAt(end))) end++
    at += Math.floor((end - 1 - at) / MIN_RUN_LENGTH) * MIN_RUN_LENGTH
    if (end - start < MIN_RUN_LENGTH || add(start, end)) continue
    // Part of a path or a name with hyphens.
    if (end - start > 8_000) continue
    for (let from = start; from < end; ) {
      let to = from
      while (to < end && isLetter(text.charCodeAt(to))) to++
      if (to - from >= MIN_RUN_LENGTH && to - from < end - start) add(from, to)
      from = to + 1
    }
  }
  if (runs.length === 0) return null
  return {
    text: view,
    isWhole: true,
    next: ANY,
    back: (start, end) => {
      const first = atOrBefore(runs, start)
      const last = atOrBefore(runs, end - 1)
      return first && last ? { start: first.start, end: last.end, isCertain: true } : null
    },
  }
}

/** The views of a text, of some kinds. @param seams - offsets at which another text begins @param seen - runs that were decoded
 *  before */
export function viewsOf(
  text: string,
  kinds: readonly Kind[],
  seams: ReadonlySet<number>,
  seen: Set<string>,
): View[] {
  const views = {
    unescaped: () => [unescaped(text)],
    unsoftened: () => [unsoftened(text)],
    joined: () => joined(text, seams),
    decoded: () => [decoded(text, seen)],
  }
  return kinds.flatMap(kind => views[kind]()).filter(view => view !== null)
}
