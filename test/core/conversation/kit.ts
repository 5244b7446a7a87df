/** Reading for tests: bytes cut as one likes, a sink in memory, and zips written byte by byte. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { crc32, deflateRawSync } from 'node:zlib'
import type { Emitted } from '../../../src/core/conversation/format.ts'
import type { Limits } from '../../../src/core/conversation/limits.ts'
import { type FileReport, type ImportEvent, readExport } from '../../../src/core/conversation/read-export.ts'
import type { Shelf } from '../../../src/core/conversation/shelf.ts'
import type { ImportedConversation, ImportedMessage } from '../../../src/core/model/conversation.ts'

/** A file below `test/fixtures/conversations`, found from the sources' folder when run from the build. */
export function fixture(name: string): Buffer {
  const root = new URL(import.meta.url).pathname.split(/\/(?:build\/)?test\//)[0] as string
  return readFileSync(`${root}/test/fixtures/conversations/${name}`)
}

/** The bytes in chunks of these sizes, used in turn. */
export async function* cut(
  bytes: Uint8Array,
  sizes: readonly number[] = [65_536],
): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number
    yield bytes.subarray(at, at + size)
    at += size
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface Reading {
  readonly events: ImportEvent[]
  readonly conversations: ImportedConversation[]
  readonly skipped: Extract<Emitted, { kind: 'skipped' }>[]
  readonly empty: number
  readonly files: FileReport[]
  /** Assets that were handed over, by hash. */
  readonly assets: ReadonlyMap<string, { bytes: Uint8Array; mime: string | null }>
}

export async function read(
  bytes: Uint8Array | string,
  options: { sizes?: readonly number[]; limits?: Partial<Limits>; label?: string; shelf?: Shelf } = {},
): Promise<Reading> {
  const assets = new Map<string, { bytes: Uint8Array; mime: string | null }>()
  const events: ImportEvent[] = []
  const source = cut(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, options.sizes)
  const ports = {
    assets: {
      async put(asset: Uint8Array, mime: string | null) {
        assets.set(sha256(asset), { bytes: asset, mime })
        return sha256(asset)
      },
    },
    async spool(stream: AsyncIterable<Uint8Array>) {
      const chunks: Uint8Array[] = []
      for await (const chunk of stream) chunks.push(chunk)
      const all = Buffer.concat(chunks)
      return {
        size: all.length,
        read: async (offset: number, length: number) => all.subarray(offset, offset + length),
        close: async () => undefined,
      }
    },
    limits: options.limits ?? {},
    ...(options.shelf === undefined ? {} : { shelf: options.shelf }),
  }
  for await (const event of readExport({ label: options.label ?? 'file', bytes: source }, ports))
    events.push(event)
  return {
    events,
    assets,
    conversations: events.flatMap(event => (event.kind === 'conversation' ? [event.conversation] : [])),
    skipped: events.flatMap(event => (event.kind === 'skipped' ? [event] : [])),
    empty: events.filter(event => event.kind === 'empty').length,
    files: events.flatMap(event => (event.kind === 'file' ? [event] : [])),
  }
}

/** A shelf that tells how much was put on it. */
export function memoryShelf(): Shelf & { bytes: number } {
  const pieces: Uint8Array[] = []
  return {
    bytes: 0,
    append(bytes) {
      const at = this.bytes
      pieces.push(bytes.slice())
      this.bytes += bytes.length
      return at
    },
    read: (at, length) => Buffer.concat(pieces).subarray(at, at + length),
  }
}

/** Whether every report adds up and all reports together name every record that was seen. */
export function addsUp(reading: Reading): boolean {
  const sum = (key: 'read' | 'conversations' | 'empty' | 'skipped'): number =>
    reading.files.reduce((total, file) => total + file[key], 0)
  return (
    reading.files.every(file => file.read === file.conversations + file.empty + file.skipped) &&
    sum('conversations') === reading.conversations.length &&
    sum('empty') === reading.empty &&
    sum('skipped') === reading.skipped.length
  )
}

export const byId = (conversation: ImportedConversation | undefined, id: string): ImportedMessage => {
  const message = conversation?.messages.find(each => each.id === id)
  if (message === undefined) throw new Error(`no message ${id}`)
  return message
}

export const idsOn = (conversation: ImportedConversation | undefined, branch: string): string[] =>
  (conversation?.messages ?? []).filter(each => each.branch === branch).map(each => each.id)

export interface ZipPart {
  readonly name: string
  readonly bytes: Uint8Array | string
  /** Unix mode in the external attributes, such as 0o120777 for a link. */
  readonly mode?: number
  /** What the headers say instead of the true size. */
  readonly claims?: number
  readonly flags?: number
  /** What the checksum is of, if not of the bytes. */
  readonly original?: Uint8Array | string
}

/** A zip of these entries (APPNOTE 4.3), deflated. */
export function zip(parts: readonly ZipPart[]): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const part of parts) {
    const name = Buffer.from(part.name)
    const plain = Buffer.from(part.bytes as Uint8Array)
    const packed = deflateRawSync(plain)
    const size = part.claims ?? plain.length
    const flags = 0x800 | (part.flags ?? 0)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(8, 8)
    local.writeUInt32LE(crc32(part.original ?? plain), 14)
    local.writeUInt32LE(packed.length, 18)
    local.writeUInt32LE(size, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(0x0314, 4)
    local.copy(central, 6, 4, 30)
    central.writeUInt32LE(((part.mode ?? 0o100644) << 16) >>> 0, 38)
    central.writeUInt32LE(at, 42)
    bodies.push(local, name, packed)
    directory.push(central, name)
    at += local.length + name.length + packed.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(parts.length, 8)
  end.writeUInt16LE(parts.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...bodies, listed, end])
}
