/** A file that is text and no JSON: one record, so that a transcript is read as a whole. */
import { Gather } from './gather.ts'
import type { Limits } from './limits.ts'
import type { RawRecord } from './record.ts'

/** The value of such a record: no string in a JSON file is mistaken for one. */
export class TextDocument {
  /** Lines end in `\n`; no lone surrogate is in it, no BOM. */
  readonly text: string

  constructor(bytes: Uint8Array) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    this.text = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  }
}

export async function* textRecord(
  source: AsyncIterable<Uint8Array>,
  limits: Limits,
): AsyncGenerator<RawRecord> {
  const held = new Gather()
  let size = 0
  const where = 'text, byte 0'
  for await (const chunk of source) {
    size += chunk.length
    if (size > limits.recordBytes) {
      yield { kind: 'bad', reason: `it is longer than ${limits.recordBytes} bytes`, where, bytes: size }
      return
    }
    held.push(chunk)
  }
  yield { kind: 'value', value: new TextDocument(held.bytes), where, bytes: size }
}
