/** Length-prefixed frames over one stream (docs/protocol.md section 3), with limits on size and time, and backpressure both
 *  ways: a slow reader pauses the stream instead of buffering what comes, and a writer waits until its bytes have left. */
import type { Stream } from '@libp2p/interface'
import { z } from 'zod'
import { type CborValue, decodeCbor, encodeCbor } from '../../core/crypto/cbor.ts'
import { VivimError } from '../../core/kernel/errors.ts'

export const KIB = 1024
export const MIB = 1024 * KIB

/** Largest frame on protocols that carry blocks or proofs, and on those that carry envelopes or circles. */
export const SMALL_FRAME_BYTES = MIB
export const LARGE_FRAME_BYTES = 8 * MIB

/** A side that is silent for longer is gone or hostile (docs/protocol.md section 9). */
const FRAME_TIMEOUT_MS = 10_000
/** A frame that has begun must come at least this fast, or its sender only holds the stream. */
const SLOWEST_BYTES_PER_MS = 32
/** Bytes kept beyond what the reader waits for, before the stream is paused. */
const READ_AHEAD_BYTES = MIB
/** Frames that leave together. One by one, each costs the other side a window update, which is two packets on its way back. */
const BATCH_BYTES = 512 * KIB

/** Bytes that stand in a frame. */
export const bytesOf = (maxBytes: number, minBytes = 0) =>
  z.custom<Uint8Array>(
    value => value instanceof Uint8Array && value.length >= minBytes && value.length <= maxBytes,
    `not ${minBytes} to ${maxBytes} bytes`,
  )

const broken = (why: string, cause?: unknown): VivimError =>
  new VivimError('peer/protocol', `the other node broke the protocol: ${why}`, {}, { cause })
const gone = (why: string, cause?: unknown): VivimError =>
  new VivimError('peer/unreachable', `the connection ended: ${why}`, {}, { cause })

/** One after the other, in memory that is not cleared first: every byte of it is written here. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const out = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Unsigned varint (multiformats), at most four bytes here: no frame is longer than 2^28 − 1. */
function varint(value: number): Uint8Array {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80)
  out.push(rest)
  return Uint8Array.from(out)
}
const MAX_VARINT_BYTES = 4

/** One stream as a sequence of frames. Reads may not overlap; neither may writes. */
export class FrameStream {
  readonly #stream: Stream
  readonly #timeoutMs: number
  #chunks: Uint8Array[] = []
  #buffered = 0
  #wanted = 0
  #ended = false
  #resuming = false
  #failure: unknown = null
  #heard = false
  readonly #waiting = new Set<() => void>()

  constructor(stream: Stream, timeoutMs = FRAME_TIMEOUT_MS) {
    this.#stream = stream
    this.#timeoutMs = timeoutMs
    stream.addEventListener('message', ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data) {
        // A small piece would keep alive the whole buffer that it came in.
        this.#chunks.push(chunk.buffer.byteLength > 4 * chunk.length ? chunk.slice() : chunk)
        this.#buffered += chunk.length
      }
      this.#holdBack()
      this.#notify()
    })
    stream.addEventListener('remoteCloseWrite', () => this.#notify())
    stream.addEventListener('close', event => {
      this.#ended = true
      this.#failure = event.error ?? null
      this.#notify()
    })
    if (stream.status !== 'open' && stream.status !== 'closing') this.#ended = true
  }

  /** Whether a whole frame has come yet. */
  get wasHeard(): boolean {
    return this.#heard
  }

  #holdBack(): void {
    if (this.#resuming || this.#buffered <= this.#wanted + READ_AHEAD_BYTES) return
    if (this.#stream.readStatus === 'readable') this.#guarded(() => this.#stream.pause())
  }

  /** Let data come. A stream that is paused from within its own `resume` goes on taking data from the network and piles it up
   *  until it breaks: pausing waits until `resume` is through. */
  #letCome(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    this.#guarded(() => this.#stream.resume())
    this.#resuming = false
    this.#holdBack()
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failure ??= error
      this.#ended = true
    }
  }

  #notify(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Everything that will ever come is in our buffer. */
  #atEnd(): boolean {
    return (
      this.#ended || (this.#stream.remoteWriteStatus !== 'writable' && this.#stream.readBufferLength === 0)
    )
  }

  /** Wait until `count` bytes are here. @returns false when the stream ended before that. */
  async #need(count: number, budgetMs: number, signal?: AbortSignal): Promise<boolean> {
    this.#wanted = count
    try {
      if (this.#buffered < count) this.#letCome()
      if (this.#buffered >= count) return true
      await this.#until(() => this.#buffered >= count || this.#atEnd(), budgetMs, signal)
      return this.#buffered >= count
    } finally {
      this.#wanted = 0
    }
  }

  /** Wait for `done`, at most `budgetMs`. @throws `peer/unreachable` when time is up or `signal` says so. */
  async #until(done: () => boolean, budgetMs: number, signal?: AbortSignal): Promise<void> {
    if (done()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(gone(`silent for ${budgetMs} ms`)), budgetMs)
    const onAbort = () => reject(gone('given up', signal?.reason))
    const wake = () => {
      if (done()) resolve()
    }
    this.#waiting.add(wake)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal?.aborted) onAbort()
      await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#waiting.delete(wake)
    }
  }

  #pull(count: number): Uint8Array {
    const parts: Uint8Array[] = []
    for (let left = count; left > 0; ) {
      const [first] = this.#chunks
      if (first === undefined) throw broken('fewer bytes than counted')
      if (first.length <= left) {
        parts.push(first)
        this.#chunks.shift()
        left -= first.length
      } else {
        parts.push(first.subarray(0, left))
        this.#chunks[0] = first.subarray(left)
        left = 0
      }
    }
    this.#buffered -= count
    return joined(parts)
  }

  /** The next frame, or null when the other side ended cleanly between two frames.
   *  @throws `peer/protocol` for a frame over `maxBytes` or cut short, `peer/unreachable` for silence, a reset or `signal`. */
  async read(maxBytes: number, signal?: AbortSignal, waitMs = this.#timeoutMs): Promise<Uint8Array | null> {
    const length = await this.#readLength(waitMs, signal)
    if (length === null) return null
    if (length > maxBytes) throw broken(`a frame of ${length} bytes where ${maxBytes} may stand`)
    const budgetMs = this.#timeoutMs + Math.ceil(length / SLOWEST_BYTES_PER_MS)
    if (!(await this.#need(length, budgetMs, signal))) throw this.#endInside()
    this.#heard = true
    return this.#pull(length)
  }

  async #readLength(waitMs: number, signal?: AbortSignal): Promise<number | null> {
    let length = 0
    for (let at = 0; at < MAX_VARINT_BYTES; at++) {
      if (!(await this.#need(1, at === 0 ? waitMs : this.#timeoutMs, signal))) {
        if (at > 0 || this.#cutOff()) throw this.#endInside()
        return null
      }
      const [byte = 0] = this.#pull(1)
      length += (byte & 0x7f) * 2 ** (7 * at)
      if (byte < 0x80) {
        if (byte === 0 && at > 0) throw broken('a frame length that is not in its shortest form')
        return length
      }
    }
    throw broken('a frame length without end')
  }

  /** Whether the stream ended by a reset or an error instead of a close. */
  #cutOff(): boolean {
    return this.#failure !== null || this.#stream.status === 'reset' || this.#stream.status === 'aborted'
  }

  #endInside(): VivimError {
    return this.#cutOff() ? gone('reset by the other side', this.#failure) : broken('cut inside a frame')
  }

  /** Like `read`, for a frame that must come and holds dag-cbor of one shape.
   *  @throws `peer/protocol` for another shape; as `read`. */
  async expect<T>(schema: z.ZodType<T>, maxBytes: number, signal?: AbortSignal, waitMs?: number): Promise<T> {
    const frame = await this.read(maxBytes, signal, waitMs)
    if (frame === null) throw gone('closed where a frame was due')
    return parseFrame(schema, frame, maxBytes)
  }

  /** Send one frame and wait until the transport took it. @throws `peer/unreachable`. */
  async write(frame: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#send([frame], signal)
  }

  /** Send many frames as they come, several at a time. @throws `peer/unreachable`, and what `frames` throws. */
  async writeAll(frames: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    let batch: Uint8Array[] = []
    let bytes = 0
    for await (const frame of frames) {
      batch.push(frame)
      bytes += frame.length
      if (bytes < BATCH_BYTES) continue
      await this.#send(batch, signal)
      batch = []
      bytes = 0
    }
    if (batch.length > 0) await this.#send(batch, signal)
  }

  async #send(frames: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    // Lengths and frames together, or each would become a packet of its own.
    const bytes = joined(frames.flatMap(frame => [varint(frame.length), frame]))
    try {
      this.#stream.send(bytes)
    } catch (cause) {
      throw gone('closed while sending', cause)
    }
    await this.#drained(this.#timeoutMs + Math.ceil(bytes.length / SLOWEST_BYTES_PER_MS), signal)
  }

  /** Send a value as canonical dag-cbor. */
  async send(value: CborValue, signal?: AbortSignal): Promise<void> {
    await this.write(encodeCbor(value), signal)
  }

  async #drained(budgetMs: number, signal?: AbortSignal): Promise<void> {
    const stream = this.#stream
    while (stream.writableNeedsDrain) {
      let drained = false
      const once = () => {
        drained = true
        this.#notify()
      }
      stream.addEventListener('drain', once, { once: true })
      try {
        await this.#until(() => drained || this.#ended, budgetMs, signal)
      } finally {
        stream.removeEventListener('drain', once)
      }
      if (this.#ended) throw gone('closed while sending', this.#failure)
    }
  }

  /** Say that nothing more comes from here; the other side may go on. */
  async close(signal?: AbortSignal): Promise<void> {
    const bounded = AbortSignal.any([
      AbortSignal.timeout(this.#timeoutMs),
      ...(signal === undefined ? [] : [signal]),
    ])
    try {
      await this.#stream.close({ signal: bounded })
    } catch (error) {
      this.abort(error)
    }
  }

  /** Reset the stream at once. The other side sees a reset and no reason. */
  abort(reason: unknown): void {
    this.#chunks = []
    this.#buffered = 0
    this.#stream.abort(reason instanceof Error ? reason : new Error('aborted'))
  }
}

/** Read one frame's bytes as dag-cbor of a shape. @throws `peer/protocol`. */
export function parseFrame<T>(schema: z.ZodType<T>, frame: Uint8Array, maxBytes: number): T {
  let value: CborValue
  try {
    value = decodeCbor(frame, maxBytes)
  } catch (cause) {
    throw broken('a frame that is not canonical dag-cbor', cause)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw broken(`a frame of another shape (${parsed.error.issues[0]?.path.join('.') ?? ''})`)
  return parsed.data
}
