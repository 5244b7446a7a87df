/** The line splitter for JSONL: cuts at line feeds only (U+2028 is text), and reads several documents on one line. */

import { ElementSplitter, NOT_JSON, TORN } from './element-splitter.ts'
import { Gather } from './gather.ts'
import { type Limits, YIELD_BYTES } from './limits.ts'
import { BOM, type RawRecord, turn } from './record.ts'

const LINE_FEED = 0x0a

/** The records of a JSONL file, in order. Blank lines are nothing; a bad, torn or overlong line is reported in its
 *  place and the rest goes on. */
export async function* jsonLines(
  source: AsyncIterable<Uint8Array>,
  limits: Limits,
): AsyncGenerator<RawRecord> {
  const held = new Gather()
  let size = 0
  let line = 1
  let start = 0
  let sinceTurn = 0

  const keep = (bytes: Uint8Array): void => {
    size += bytes.length
    if (size > limits.recordBytes) held.clear()
    else held.push(bytes)
  }

  function* finish(atEnd: boolean): Generator<RawRecord> {
    const where = `line ${line}, byte ${start}`
    if (size > limits.recordBytes)
      yield { kind: 'bad', reason: `it is longer than ${limits.recordBytes} bytes`, where, bytes: size }
    else if (size > 0) yield* recordsOf(held.bytes, where, start === 0, atEnd, limits)
    held.clear()
    start += size + 1
    size = 0
    line++
  }

  for await (const chunk of source) {
    let from = 0
    for (let feed = chunk.indexOf(LINE_FEED); feed >= 0; feed = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, feed))
      sinceTurn += feed - from + 1
      from = feed + 1
      yield* finish(false)
      if (sinceTurn >= YIELD_BYTES) {
        sinceTurn = 0
        await turn()
      }
    }
    keep(chunk.subarray(from))
    sinceTurn += chunk.length - from
  }
  yield* finish(true)
}

function* recordsOf(
  line: Buffer,
  where: string,
  isFirst: boolean,
  atEnd: boolean,
  limits: Limits,
): Generator<RawRecord> {
  const bytes = isFirst && BOM.every((byte, i) => line[i] === byte) ? line.subarray(BOM.length) : line
  const text = bytes.toString('utf8').trim()
  if (text === '') return
  if (isTooDeep(bytes, limits.recordDepth)) {
    yield {
      kind: 'bad',
      reason: `it is nested deeper than ${limits.recordDepth} levels`,
      where,
      bytes: line.length,
    }
    return
  }
  try {
    yield { kind: 'value', value: JSON.parse(text), where, bytes: line.length }
    return
  } catch {
    // Two writers may have shared the line; that is looked at below.
  }
  const documents = documentsOf(bytes, limits)
  if (documents === null) yield { kind: 'bad', reason: atEnd ? TORN : NOT_JSON, where, bytes: line.length }
  else for (const value of documents) yield { kind: 'value', value, where, bytes: line.length }
}

/** Several objects written without a line feed between them, or null when that is not what the line is. */
function documentsOf(line: Uint8Array, limits: Limits): unknown[] | null {
  const splitter = new ElementSplitter(limits)
  splitter.push(line, 0)
  const values: unknown[] = []
  for (let record = splitter.end(); record !== null; record = splitter.end()) {
    if (record.kind === 'bad') return null
    values.push(record.value)
  }
  return values.length > 1 ? values : null
}

/** Whether brackets nest deeper than a limit. */
export function isTooDeep(bytes: Uint8Array, limit: number): boolean {
  if (bytes.length <= limit) return false
  let depth = 0
  let isString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (isString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) isString = false
    } else if (byte === 0x22) isString = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limit) return true
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return false
}
