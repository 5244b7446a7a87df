/** Decompression within bounds: sizes in headers can lie, so what comes out is counted. */
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { VivimError } from '../kernel/errors.ts'
import type { Limits } from './limits.ts'

/** Set when compressed bytes end early or are damaged; what came out before is good. */
export interface Damage {
  reason: string | null
}

/** What one file or archive has inflated to so far, against its bounds. */
export class InflateBudget {
  readonly #limits: Limits
  #total = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** @throws `import/limit` when the whole is too large. */
  spend(bytes: number): void {
    this.#total += bytes
    if (this.#total > this.#limits.inflatedBytes)
      throw new VivimError('import/limit', `it inflates to more than ${this.#limits.inflatedBytes} bytes`)
  }

  /** @throws `import/limit` when so few compressed bytes cannot honestly have become so many. */
  checkRatio(inflated: number, compressed: number): void {
    if (inflated > this.#limits.ratioFromBytes && inflated > compressed * this.#limits.ratio)
      throw new VivimError('import/limit', `it inflates to more than ${this.#limits.ratio} times its size`)
  }
}

/** The bytes of a gzip or zstd stream. Damage ends the stream and is noted, it does not throw. */
export async function* inflate(
  source: AsyncIterable<Uint8Array>,
  kind: 'gzip' | 'zstd',
  limits: Limits,
  damage: Damage,
): AsyncGenerator<Uint8Array> {
  // Zstandard came with Node 22.15; a named import would not even load before.
  if (kind === 'zstd' && typeof zlib.createZstdDecompress !== 'function')
    throw new VivimError(
      'import/unreadable',
      'it is compressed with zstd, which needs Node 22.15; unpack it first',
    )
  const budget = new InflateBudget(limits)
  let compressed = 0
  let inflated = 0
  let sourceError: unknown = null
  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        compressed += chunk.length
        yield chunk
      }
    } catch (error) {
      sourceError = error
    }
  }
  const input = Readable.from(counted(), { objectMode: false })
  const output = kind === 'gzip' ? zlib.createGunzip() : zlib.createZstdDecompress()
  input.pipe(output)
  try {
    for await (const chunk of output) {
      const bytes = chunk as Uint8Array
      inflated += bytes.length
      budget.spend(bytes.length)
      budget.checkRatio(inflated, compressed)
      yield bytes
    }
  } catch (error) {
    if (error instanceof VivimError) throw error
    if (sourceError === null) damage.reason = `the ${kind} data is damaged or cut off here`
  } finally {
    input.unpipe(output)
    input.destroy()
    output.destroy()
  }
  if (sourceError !== null) throw sourceError
}
