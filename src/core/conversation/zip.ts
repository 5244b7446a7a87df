/** A zip read by its central directory, with random access: hostile names, links, sizes and bombs are answered. */
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import yauzl from 'yauzl'
import { VivimError } from '../kernel/errors.ts'
import { type Damage, InflateBudget } from './inflate.ts'
import type { Limits } from './limits.ts'

/** Bytes that can be read at any place, such as a spooled file. */
export interface RandomAccess {
  /** In bytes. */
  readonly size: number
  /** Up to `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface ZipEntry {
  /** With single slashes between its parts. */
  readonly name: string
  /** As the directory says; it can lie. */
  readonly size: number
  /** The bytes. Damage ends them and is noted. @throws `import/limit` for what inflates beyond all bounds. */
  bytes(damage: Damage): AsyncIterable<Uint8Array>
}

export interface ZipListing {
  readonly entries: readonly ZipEntry[]
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
}

/** yauzl leaves the checksum to its caller. It came with Node 22.2; a named import would not even load before. */
const crc32: typeof zlib.crc32 | undefined = zlib.crc32

const WINDOW_BYTES = 64 * 1024
const READ_BYTES = 256 * 1024
/** Refusals that are named one by one; a hostile archive has a hundred thousand. */
const REFUSALS = 100
const NAME_CHARS = 512

/** The entries that may be read, in the order of the central directory, each by its own record whatever its name.
 *  @throws `import/unreadable` when there is no readable directory, `import/limit` for too many entries. */
export async function listZip(access: RandomAccess, limits: Limits): Promise<ZipListing> {
  const budget = new InflateBudget(limits)
  const entries: ZipEntry[] = []
  const refused: { name: string; reason: string }[] = []
  let more = 0
  const refuse = (name: string, reason: string): void => {
    if (refused.length < REFUSALS) refused.push({ name, reason })
    else more++
  }
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(new PortReader(access), access.size, {
      autoClose: false,
      decodeStrings: false,
      lazyEntries: true,
      validateEntrySizes: true,
    })
    if (zip.entryCount > limits.entries)
      throw new VivimError('import/limit', `the zip has more than ${limits.entries} entries`)
    for await (const entry of zip.eachEntry()) {
      if (entries.length + refused.length + more >= limits.entries)
        throw new VivimError('import/limit', `the zip has more than ${limits.entries} entries`)
      const name = entryName(entry)
      if (name.endsWith('/') || isMacLitter(name)) continue
      const reason = refusal(name, entry)
      if (reason !== null) refuse(name.slice(0, NAME_CHARS), reason)
      else entries.push(readable(zip, entry, name, budget))
    }
  } catch (error) {
    if (error instanceof VivimError) throw error
    if (error instanceof PortError) throw error.cause
    if (entries.length === 0)
      throw new VivimError(
        'import/unreadable',
        'the zip is damaged or cut off: its directory cannot be read',
        {},
      )
    refuse('(directory)', 'the directory of the zip is damaged here; what it lists after this is lost')
  }
  if (more > 0) refused.push({ name: '(more)', reason: `${more} more entries were refused for such reasons` })
  return { entries, refused }
}

function entryName(entry: yauzl.Entry): string {
  const raw = entry.fileNameRaw ?? entry.fileName
  const name = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, raw as Buffer, entry.extraFields, true)
  return name.replace(/\/{2,}/g, '/').toWellFormed()
}

/** What macOS adds beside every file. */
function isMacLitter(name: string): boolean {
  const parts = name.split('/')
  return parts.includes('__MACOSX') || (parts.at(-1) ?? '').startsWith('._')
}

const FILE_TYPE = 0xf000
const LINK = 0xa000

function refusal(name: string, entry: yauzl.Entry): string | null {
  if (/^[a-zA-Z]:/.test(name)) return 'its name begins with a drive letter'
  if (name.startsWith('/') || name.startsWith('\\')) return 'its name is an absolute path'
  if (name.split(/[/\\]/).includes('..')) return 'its name leads out of the archive'
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === LINK) return 'it is a symbolic link'
  if (entry.isEncrypted()) return 'it is encrypted'
  if (!entry.canDecodeFileData()) return 'it is compressed in a way that is not known here'
  return null
}

function readable(zip: yauzl.ZipFile, entry: yauzl.Entry, name: string, budget: InflateBudget): ZipEntry {
  return {
    name,
    size: entry.uncompressedSize,
    async *bytes(damage) {
      let inflated = 0
      let checksum = 0
      let stream: Readable | null = null
      try {
        stream = await zip.openReadStreamPromise(entry)
        for await (const chunk of stream) {
          const bytes = chunk as Uint8Array
          inflated += bytes.length
          budget.spend(bytes.length)
          budget.checkRatio(inflated, entry.compressedSize)
          if (crc32 !== undefined) checksum = crc32(bytes, checksum)
          yield bytes
        }
        if (crc32 !== undefined && checksum !== entry.crc32)
          damage.reason = 'its checksum does not match: something in it was changed or damaged'
      } catch (error) {
        if (error instanceof VivimError) throw error
        if (error instanceof PortError) throw error.cause
        damage.reason = 'the compressed data is damaged or cut off here'
      } finally {
        stream?.destroy()
      }
    },
  }
}

/** What the port itself threw: no fault of the archive. */
class PortError extends Error {
  override readonly cause: unknown
  constructor(cause: unknown) {
    super('reading failed')
    this.cause = cause
  }
}

/** The port as yauzl reads it; small reads, as of the directory, come from one window. */
class PortReader extends yauzl.RandomAccessReader {
  readonly #access: RandomAccess
  #window: Uint8Array = new Uint8Array(0)
  #windowAt = 0

  constructor(access: RandomAccess) {
    super()
    this.#access = access
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#fill(position, length).then(
      bytes => {
        buffer.set(bytes, offset)
        callback(null, bytes.length)
      },
      (error: unknown) => callback(new PortError(error)),
    )
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const access = this.#access
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = start; at < end; ) {
        const bytes = await access.read(at, Math.min(READ_BYTES, end - at)).catch((error: unknown) => {
          throw new PortError(error)
        })
        if (bytes.length === 0) return
        at += bytes.length
        yield bytes
      }
    }
    return Readable.from(chunks(), { objectMode: false })
  }

  async #fill(position: number, length: number): Promise<Uint8Array> {
    const from = position - this.#windowAt
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length)
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), Math.max(0, this.#access.size - position))
    const bytes = await this.#access.read(position, wanted)
    if (length <= WINDOW_BYTES) {
      this.#window = bytes
      this.#windowAt = position
    }
    return bytes.subarray(0, length)
  }
}
