/** Views in which base64 and hexadecimal digits that hold text are read. */
import { isUtf8 } from 'node:buffer'
import { fold } from './folded.ts'
import { ANY, atOrBefore, type View } from './view.ts'

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
export function decoded(text: string, seen: Set<string>): View | null {
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
