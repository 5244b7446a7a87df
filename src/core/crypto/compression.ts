/** Raw deflate (RFC 1951) around the seal: used where it helps, bounded where it is undone. */
import {
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  type InflateRaw,
} from 'node:zlib'
import { VivimError } from '../kernel/errors.ts'
import { COMPRESSION, type Compression } from './content-header.ts'
import { PADDING_FLOOR } from './padme.ts'

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** As much as is looked at before the decision. */
const SAMPLE_BYTES = 128 * 1024
/** Compression is worth its time when the sample shrinks to this part of it. */
const WORTHWHILE = 0.9

/** Look at the beginning and decide. What fits under the padding floor is left alone: it would not get smaller.
 *  @returns the same bytes again as `body`. */
export async function chooseCompression(
  plaintext: Uint8Array | Pieces,
): Promise<{ compression: Compression; body: Pieces }> {
  if (plaintext instanceof Uint8Array)
    return { compression: judge(plaintext.subarray(0, SAMPLE_BYTES)), body: [plaintext] }
  const source =
    Symbol.asyncIterator in plaintext ? plaintext[Symbol.asyncIterator]() : plaintext[Symbol.iterator]()
  const first: Uint8Array[] = []
  let firstBytes = 0
  let ended = false
  while (firstBytes < SAMPLE_BYTES && !ended) {
    const next = await source.next()
    if (next.done) ended = true
    else {
      first.push(next.value)
      firstBytes += next.value.length
    }
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield* first
      while (!ended) {
        const next = await source.next()
        if (next.done) ended = true
        else yield next.value
      }
    } finally {
      if (!ended) await source.return?.()
    }
  }
  return { compression: judge(Buffer.concat(first).subarray(0, SAMPLE_BYTES)), body: body() }
}

function judge(sample: Uint8Array): Compression {
  if (sample.length <= PADDING_FLOOR - 8) return COMPRESSION.none
  return deflateRawSync(sample).length < sample.length * WORTHWHILE
    ? COMPRESSION.deflateRaw
    : COMPRESSION.none
}

/** @throws `crypto/too-large` once more than `maxBytes` went in. */
export async function* deflated(body: Pieces, maxBytes: number): AsyncGenerator<Uint8Array> {
  async function* measured(): AsyncGenerator<Uint8Array> {
    let length = 0
    for await (const piece of body) {
      length += piece.length
      if (length > maxBytes)
        throw new VivimError('crypto/too-large', `content is at most ${maxBytes} bytes`, { maxBytes })
      yield piece
    }
  }
  yield* through(createDeflateRaw(), measured())
}

/** @throws `crypto/bad-encoding` for what is not exactly one deflate stream. The consumer bounds the output. */
export async function* inflated(body: Pieces): AsyncGenerator<Uint8Array> {
  const stream = createInflateRaw({ chunkSize: 64 * 1024 })
  let length = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      length += piece.length
      yield piece
    }
  }
  yield* through(stream, counted())
  if (stream.bytesWritten !== length)
    throw new VivimError('crypto/bad-encoding', 'something stands behind the compressed content')
}

/** Everything of `body` through `stream`. A failure of `body` is thrown as it is, one of `stream` as `crypto/bad-encoding`. */
async function* through(stream: DeflateRaw | InflateRaw, body: Pieces): AsyncGenerator<Uint8Array> {
  const failures: unknown[] = []
  const fed = feed(stream, body).catch((error: unknown) => {
    failures.push(error)
    stream.destroy()
  })
  try {
    for await (const piece of stream) yield piece
  } catch (cause) {
    stream.destroy()
    await fed
    if (failures.length > 0) throw failures[0]
    throw new VivimError('crypto/bad-encoding', 'the compressed content is damaged', {}, { cause })
  } finally {
    stream.destroy()
  }
  await fed
  if (failures.length > 0) throw failures[0]
}

/** Write all of `body` into `stream`, waiting for room. Ends early when the stream takes no more: a decompressor whose
 *  stream is complete answers further input with silence. */
async function feed(stream: DeflateRaw | InflateRaw, body: Pieces): Promise<void> {
  for await (const piece of body) {
    if (stream.destroyed || stream.readableEnded) return
    if (!stream.write(piece)) await new Promise<void>(resolve => onRoomOrEnd(stream, resolve))
  }
  stream.end()
}

function onRoomOrEnd(stream: DeflateRaw | InflateRaw, resume: () => void): void {
  const events = ['drain', 'end', 'error', 'close']
  const done = (): void => {
    for (const event of events) stream.off(event, done)
    resume()
  }
  for (const event of events) stream.on(event, done)
}
