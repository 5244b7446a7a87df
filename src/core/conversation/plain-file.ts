/** One stream of plain bytes: its format found by the first records, then read and counted. */
import { VivimError } from '../kernel/errors.ts'
import type { AssetSink } from './asset.ts'
import type { ForeignDatabase } from './foreign-database.ts'
import type { ConversationFormat, Emitted, ReadContext } from './format.ts'
import { detectFormat, FORMATS } from './formats.ts'
import { guessOf } from './guess.ts'
import { type Damage, inflate } from './inflate.ts'
import { jsonElements, wrappersOf } from './json-elements.ts'
import { jsonLines } from './jsonl-lines.ts'
import { type Limits, PEEK_BYTES, SAMPLE_BYTES, SAMPLE_RECORDS } from './limits.ts'
import { pageCells } from './page-cells.ts'
import type { RawRecord } from './record.ts'
import type { Shelf } from './shelf.ts'
import { type Container, sniff } from './sniff.ts'
import { textRecord } from './text-document.ts'
import type { RandomAccess } from './zip.ts'

/** One source of records is read to its end. `read` is the sum of the other three: what of the conversations is
 *  imported, updated or unchanged is the store's to say. */
export interface FileReport {
  readonly kind: 'file'
  /** As the caller named the file. */
  readonly label: string
  /** The entry of an archive, or null. */
  readonly entry: string | null
  /** Null for what was skipped outside any file of conversations. */
  readonly format: string | null
  readonly read: number
  readonly conversations: number
  readonly empty: number
  readonly skipped: number
}

export type ImportEvent = Emitted | FileReport

export interface ImportPorts {
  readonly assets: AssetSink
  /** Spools a zip to a place with random access; the reader calls `close` when it is done. Without it a zip is
   *  refused. */
  readonly spool?: (bytes: AsyncIterable<Uint8Array>) => Promise<RandomAccess & { close(): Promise<void> }>
  /** Opens a SQLite database for reading, from its bytes and, after so many of them, those of its write-ahead log (null:
   *  there is none); the reader calls `close` when it is done. Without it a database is refused. */
  readonly database?: (bytes: AsyncIterable<Uint8Array>, mainBytes: number | null) => Promise<ForeignDatabase>
  /** Where parts of long sessions are put; it must outlive the conversations that are given out. Without it they stay in memory. */
  readonly shelf?: Shelf
  readonly limits?: Partial<Limits>
}

/** @returns the error for a file that holds no conversations and is known not to. */
export const companion = (label: string, what: string): VivimError =>
  new VivimError('import/unreadable', `${label} is ${what}; it holds no conversations`, {
    file: label,
    guess: what,
    isCompanion: true,
  })

/** Whether an error is that of a file by which nothing is lost. */
export const isCompanion = (error: unknown): boolean =>
  error instanceof VivimError && error.details.isCompanion === true

/** @returns the error for a file of which nothing can be read. */
export function unreadable(label: string, guess: string): VivimError {
  const wanted = FORMATS.map(format => format.name).join(', ')
  return new VivimError('import/unreadable', `${label} looks like ${guess}; looked for ${wanted}`, {
    file: label,
    guess,
  })
}

export type Opened =
  | { readonly format: ConversationFormat; readonly records: AsyncIterable<RawRecord> }
  | {
      readonly format: null
      readonly guess: string | null
      readonly bad: string | null
      /** Whether it is JSON without any record. */
      readonly isBlank: boolean
      /** Whether it is known to hold no conversations. */
      readonly isCompanion: boolean
    }

type Splitter = (
  bytes: AsyncIterable<Uint8Array>,
  limits: Limits,
  head: Uint8Array,
) => AsyncGenerator<RawRecord>
const SPLITTERS: Readonly<Partial<Record<Container['kind'], Splitter>>> = {
  elements: (bytes, limits, head) => jsonElements(bytes, limits, wrappersOf(head, limits)),
  lines: jsonLines,
  page: pageCells,
  text: textRecord,
}

/** One's own export of a conversation holds its texts twice and is indented: what came in as one record comes back. */
const OWN_TIMES = 4
const isOwnExport = (head: Uint8Array): boolean =>
  /^\ufeff?[\s[]{0,100}\{\s{0,100}"vivim"/.test(Buffer.from(head.subarray(0, 300)).toString('utf8'))

/** Finds the format of bytes, packed once or not at all, by their first records, which are given again with the rest. */
export async function openPlain(
  source: AsyncIterable<Uint8Array>,
  limits: Limits,
  damage: Damage,
): Promise<Opened> {
  const { head, isWhole, bytes } = await peek(source)
  const container = sniff(head, isWhole)
  const isPacked = container.kind === 'gzip' || container.kind === 'zstd'
  return isPacked
    ? openUnpacked(await peek(inflate(bytes, container.kind, limits, damage)), limits)
    : openUnpacked({ head, isWhole, bytes }, limits)
}

async function openUnpacked({ head, isWhole, bytes }: Peeked, limits: Limits): Promise<Opened> {
  const container = sniff(head, isWhole)
  const splitter = SPLITTERS[container.kind]
  if (splitter === undefined) {
    await bytes.return?.()
    if (container.kind === 'foreign')
      return { format: null, guess: container.guess, bad: null, isBlank: false, isCompanion: false }
    const guess =
      container.kind === 'blank'
        ? 'an empty file'
        : `a ${container.kind} file inside another; unpack it first`
    return { format: null, guess, bad: null, isBlank: false, isCompanion: false }
  }
  const most = isOwnExport(head) ? { ...limits, recordBytes: limits.recordBytes * OWN_TIMES } : limits
  return openRecords(splitter(bytes, most, head), container.kind === 'text')
}

/** Finds the format of records by the first of them. @param isText - whether they are texts */
export async function openRecords(records: AsyncGenerator<RawRecord>, isText = false): Promise<Opened> {
  const sample: RawRecord[] = []
  let sampled = 0
  let isDone = false
  while (sample.length < SAMPLE_RECORDS && sampled < SAMPLE_BYTES) {
    const next = await records.next()
    if (next.done) {
      isDone = true
      break
    }
    sample.push(next.value)
    // One that is too long to be held says nothing of the format, and the next ones may be good.
    if (next.value.kind === 'value') sampled += next.value.bytes
  }
  const values = sample.flatMap(record => (record.kind === 'value' ? [record.value] : []))
  const format = detectFormat(values)
  if (format !== null) return { format, records: replay(sample, isDone ? null : records) }
  await records.return(undefined)
  const bad = sample.find(record => record.kind === 'bad')
  const kind = isText ? 'a text that cannot be read' : 'damaged JSON'
  const first = bad?.kind === 'bad' ? `${kind} (${bad.where}: ${bad.reason})` : null
  const isBlank = sample.length === 0
  const known = isBlank ? { what: 'JSON without any record', isCompanion: true } : guessOf(values)
  const unknown = isText ? 'a Markdown document' : 'JSON of a kind that is not known here'
  const isWhole = bad === undefined
  return {
    format: null,
    guess: known?.what ?? first ?? unknown,
    bad: first,
    isBlank,
    isCompanion: isWhole && known?.isCompanion === true,
  }
}

/** Gives the sample and then the rest, and lets go of what was given. */
async function* replay(
  sample: RawRecord[],
  rest: AsyncGenerator<RawRecord> | null,
): AsyncGenerator<RawRecord> {
  try {
    sample.reverse()
    for (let record = sample.pop(); record !== undefined; record = sample.pop()) yield record
    if (rest !== null) yield* rest
  } finally {
    await rest?.return(undefined)
  }
}

/** Reads an opened file, counts, and reports. @returns whether it held any record; if not, there is no report. */
export async function* readOpened(
  file: { readonly label: string; readonly entry: string | null },
  opened: Extract<Opened, { format: ConversationFormat }>,
  context: Omit<ReadContext, 'fileName'>,
  damage: Damage,
): AsyncGenerator<ImportEvent, boolean> {
  const counts = { conversation: 0, empty: 0, skipped: 0 }
  const prefix = file.entry === null ? '' : `${file.entry}: `
  const fileName = baseName(file.entry ?? file.label)
  for await (const emitted of opened.format.read(opened.records, { ...context, fileName })) {
    counts[emitted.kind]++
    yield prefix === '' ? emitted : { ...emitted, where: `${prefix}${emitted.where}` }
  }
  if (damage.reason !== null) {
    counts.skipped++
    yield { kind: 'skipped', where: `${prefix}end`, reason: damage.reason }
  }
  const read = counts.conversation + counts.empty + counts.skipped
  if (read === 0) return false
  yield {
    kind: 'file',
    label: file.label,
    entry: file.entry,
    format: opened.format.name,
    read,
    conversations: counts.conversation,
    empty: counts.empty,
    skipped: counts.skipped,
  }
  return true
}

/** A file that holds one conversation and is empty, by its name, since nothing else can tell; else null. */
export function emptyFile(label: string, entry: string | null): readonly ImportEvent[] | null {
  const path = entry ?? label
  const format = FORMATS.find(each => each.emptyNames?.test(path))
  if (format === undefined) return null
  const counts = { read: 1, conversations: 0, empty: 1, skipped: 0 }
  return [
    { kind: 'empty', where: path },
    { kind: 'file', label, entry, format: format.name, ...counts },
  ]
}

/** The last name of a path, or null for `-`, which is no file. */
const baseName = (path: string): string | null => (path === '-' ? null : (path.split(/[/\\]/).at(-1) ?? null))

interface Peeked {
  readonly head: Uint8Array
  readonly isWhole: boolean
  readonly bytes: AsyncIterableIterator<Uint8Array, undefined>
}

/** The first bytes (always as many as there are, up to `PEEK_BYTES`), and all bytes from the beginning; `return` of
 *  those closes the source also when they were never asked for. */
export async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  let isDone = false
  while (size <= PEEK_BYTES && !isDone) {
    const next = await iterator.next()
    if (next.done) isDone = true
    else {
      chunks.push(next.value)
      size += next.value.length
    }
  }
  let first: Uint8Array | null = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
  const head = first.subarray(0, PEEK_BYTES)
  const bytes: AsyncIterableIterator<Uint8Array, undefined> = {
    async next() {
      if (first !== null) {
        const value = first
        first = null
        return { value, done: false }
      }
      if (isDone) return { value: undefined, done: true }
      const next = await iterator.next()
      isDone = next.done === true
      return next.done ? { value: undefined, done: true } : next
    },
    async return() {
      first = null
      if (!isDone) {
        isDone = true
        await iterator.return?.()
      }
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]() {
      return bytes
    },
  }
  return { head, isWhole: size <= PEEK_BYTES, bytes }
}
