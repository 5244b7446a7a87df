/** A file that is text and no JSON: one record, so that a transcript is read as a whole. */
import { Gather } from './gather.ts'
import type { Limits } from './limits.ts'
import { type Marks, marksOf } from './markdown-marks.ts'
import type { RawRecord } from './record.ts'

/** The value of such a record: no string in a JSON file is mistaken for one. */
export class TextDocument {
  /** Without their ends, without BOM and lone surrogates. */
  readonly lines: readonly string[]
  #marks: Marks | null | undefined

  constructor(bytes: Uint8Array) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    this.lines = text
      .replace(/^\ufeff/, '')
      .replace(/\r\n?/g, '\n')
      .split('\n')
  }

  /** Where its turns begin, looked for once; null when it is no transcript. */
  get marks(): Marks | null {
    if (this.#marks === undefined) this.#marks = marksOf(this.lines)
    return this.#marks
  }
}

/** Longer than any transcript; a text is worked on as a whole, while the daemon waits. */
const TEXT_BYTES = 32 * 1024 * 1024

export async function* textRecord(
  source: AsyncIterable<Uint8Array>,
  limits: Limits,
): AsyncGenerator<RawRecord> {
  const held = new Gather()
  const limit = Math.min(TEXT_BYTES, limits.recordBytes)
  let size = 0
  const where = 'text, byte 0'
  for await (const chunk of source) {
    size += chunk.length
    if (size > limit) {
      yield { kind: 'bad', reason: `it is longer than ${limit} bytes`, where, bytes: size }
      return
    }
    held.push(chunk)
  }
  yield { kind: 'value', value: new TextDocument(held.bytes), where, bytes: size }
}
