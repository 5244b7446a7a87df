/** Reads Automerge's binary chunks (automerge.org/automerge-binary-format-spec) far enough to bound what merging them costs,
 *  and to see whether a change only appends. Run lengths and compression let a few bytes stand for billions of operations,
 *  so nothing from outside reaches the library before its rows were counted here. */
import { inflateRawSync } from 'node:zlib'
import { sameBytes, toHex } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'

const MAGIC = Uint8Array.of(0x85, 0x6f, 0x4a, 0x83)
const HEAD_BYTES = 8
const DOCUMENT = 0
const CHANGE = 1
const DEFLATED_CHANGE = 2
/** In a column's specification: its data is compressed. */
const DEFLATED = 8
const HASH_BYTES = 32
const MAX_COLUMNS = 64
const MAX_ACTORS = 100_000
/** A sync message says once what its sender has, with a filter of 10 bits an entry and 7 probes. For each change here the library
 *  looks as often as the filter says, and makes a list of so many numbers first. */
const MAX_HAVE = 4
const MAX_PROBES = 32

/** Kinds of columns: the low three bits of a specification. */
const SIGNED_DELTA = 3
const BOOLEAN = 4
const TEXT = 5
const RAW = 7

/** Columns of a change's operations. */
const OBJECT_ACTOR = 1
const OBJECT_COUNTER = 2
const KEY_ACTOR = 17
const KEY_COUNTER = 19
const KEY_TEXT = 21
const INSERT = 52
const ACTION = 66
const VALUE_META = 86
const VALUE_RAW = 87
const PREDECESSORS = 112
const SET = 1
const BYTES = 7

const broken = (why: string, cause?: unknown): VivimError =>
  new VivimError('peer/protocol', `a circle's log that breaks the rules: ${why}`, {}, { cause })

class Reader {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get done(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw broken('cut short')
    return byte
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw broken('cut short')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** LEB128 without sign, at most 2^53 − 1. */
  unsigned(): number {
    let value = 0
    for (let shift = 0; shift < 8; shift++) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** (7 * shift)
      if (value > Number.MAX_SAFE_INTEGER) break
      if (byte < 0x80) return value
    }
    throw broken('a number out of range')
  }

  /** LEB128 with sign. */
  signed(): number {
    let value = 0
    for (let shift = 0; shift < 8; shift++) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** (7 * shift)
      if (byte < 0x80) {
        const signed = byte & 0x40 ? value - 2 ** (7 * (shift + 1)) : value
        if (Number.isSafeInteger(signed)) return signed
        break
      }
    }
    throw broken('a number out of range')
  }

  prefixed(): Uint8Array {
    return this.take(this.unsigned())
  }
}

interface Column {
  readonly spec: number
  readonly data: Uint8Array
}

/** What all chunks of one message may come to. */
export interface ChunkBudget {
  bytes: number
  rows: number
}

function inflate(data: Uint8Array, budget: ChunkBudget): Uint8Array {
  let out: Uint8Array
  try {
    out = inflateRawSync(data, { maxOutputLength: Math.max(1, budget.bytes) })
  } catch (cause) {
    throw broken('compressed bytes that are damaged or expand too far', cause)
  }
  budget.bytes -= out.length
  if (budget.bytes < 0) throw broken('more bytes than a message may expand to')
  return out
}

/** The next chunk: its kind and contents, a compressed change unpacked. */
function openChunk(reader: Reader, budget: ChunkBudget): { kind: number; body: Reader } {
  if (!sameBytes(reader.take(HEAD_BYTES).subarray(0, MAGIC.length), MAGIC)) throw broken('not a chunk')
  const kind = reader.byte()
  const body = reader.prefixed()
  if (kind === DEFLATED_CHANGE) return { kind: CHANGE, body: new Reader(inflate(body, budget)) }
  return { kind, body: new Reader(body) }
}

function readSpecs(reader: Reader): { spec: number; length: number }[] {
  const count = reader.unsigned()
  if (count > MAX_COLUMNS) throw broken('more columns than there are')
  return Array.from({ length: count }, () => ({ spec: reader.unsigned(), length: reader.unsigned() }))
}

const readColumns = (
  reader: Reader,
  specs: readonly { spec: number; length: number }[],
  budget: ChunkBudget,
): Column[] =>
  specs.map(({ spec, length }) => {
    const data = reader.take(length)
    return (spec & DEFLATED) === 0 ? { spec, data } : { spec: spec & ~DEFLATED, data: inflate(data, budget) }
  })

type Value = number | Uint8Array | boolean | null

/** Runs of a column: a value and how often it stands; never more runs than the column has bytes. */
function* runs({ spec, data }: Column): Generator<{ value: Value; count: number }> {
  const reader = new Reader(data)
  const kind = spec & 7
  if (kind === BOOLEAN) {
    for (let value = false; !reader.done; value = !value) yield { value, count: reader.unsigned() }
    return
  }
  const one = (): Value =>
    kind === TEXT ? reader.prefixed() : kind === SIGNED_DELTA ? reader.signed() : reader.unsigned()
  while (!reader.done) {
    const count = reader.signed()
    if (count > 0) yield { value: one(), count }
    else if (count === 0) yield { value: null, count: reader.unsigned() }
    else for (let left = -count; left > 0; left--) yield { value: one(), count: 1 }
  }
}

function countRows(columns: readonly Column[], budget: ChunkBudget): void {
  let most = 0
  for (const column of columns) {
    if ((column.spec & 7) === RAW) continue
    let rows = 0
    for (const { count } of runs(column)) {
      rows += count
      if (rows > budget.rows) throw broken('more operations than a message may hold')
    }
    most = Math.max(most, rows)
  }
  budget.rows -= most
}

function readActors(reader: Reader): Uint8Array[] {
  const count = reader.unsigned()
  if (count > MAX_ACTORS) throw broken('more actors than a circle has')
  return Array.from({ length: count }, () => reader.prefixed())
}

interface ChangeParts {
  /** The author first; columns name actors by their place here. */
  readonly actors: Uint8Array[]
  readonly columns: Column[]
}

function readChange(reader: Reader, budget: ChunkBudget): ChangeParts {
  reader.take(reader.unsigned() * HASH_BYTES)
  const author = reader.prefixed()
  reader.unsigned()
  reader.unsigned()
  reader.signed()
  reader.prefixed()
  const others = readActors(reader)
  return { actors: [author, ...others], columns: readColumns(reader, readSpecs(reader), budget) }
}

/** Count what chunks from outside would come to, against `budget`, which shrinks. The library puts several changes, or a
 *  document and the changes that wait for others, one behind the other.
 *  @throws `peer/protocol` when they cannot be read or are too much. */
export function checkChunks(chunks: Uint8Array, budget: ChunkBudget): void {
  budget.bytes -= chunks.length
  if (budget.bytes < 0) throw broken('more bytes than a message may hold')
  const reader = new Reader(chunks)
  do checkChunk(reader, budget)
  while (!reader.done)
}

function checkChunk(reader: Reader, budget: ChunkBudget): void {
  const { kind, body } = openChunk(reader, budget)
  if (kind === CHANGE) {
    countRows(readChange(body, budget).columns, budget)
    return
  }
  if (kind !== DOCUMENT) throw broken('a chunk of unknown kind')
  readActors(body)
  body.take(body.unsigned() * HASH_BYTES)
  const [changes, operations] = [readSpecs(body), readSpecs(body)]
  countRows(readColumns(body, changes, budget), budget)
  countRows(readColumns(body, operations, budget), budget)
}

/** A saved document without the changes that wait for others behind it: those were never judged, and who sent them is to be
 *  asked for them again. */
export function judgedPart(saved: Uint8Array): Uint8Array {
  const reader = new Reader(saved)
  reader.take(HEAD_BYTES)
  reader.byte()
  reader.prefixed()
  return saved.slice(0, reader.at)
}

/** Look at the filters in a sync message from outside before the library works with them. @throws `peer/protocol`. */
export function checkFilters(have: readonly { readonly bloom: Uint8Array }[]): void {
  if (have.length > MAX_HAVE) throw broken('more filters than there are sides')
  for (const { bloom } of have) {
    if (bloom.length === 0) continue
    const reader = new Reader(bloom)
    const [entries, bits, probes] = [reader.unsigned(), reader.unsigned(), reader.unsigned()]
    if (probes > MAX_PROBES || entries * bits > 8 * bloom.length)
      throw broken('a filter that costs more than it can tell')
  }
}

/** The byte strings that a change appends to the list that `listActor` made with its first operation.
 *  @param change - uncompressed, as the library gives it back. @throws `peer/protocol` when the change does anything else. */
export function appendedBy(change: Uint8Array, listActor: string, budget: ChunkBudget): Uint8Array[] {
  const reader = new Reader(change)
  const { kind, body } = openChunk(reader, budget)
  if (kind !== CHANGE || !reader.done) throw broken('not a change')
  const { actors, columns } = readChange(body, budget)
  const rows = new Map<number, number>()
  for (const column of columns) rows.set(column.spec, checkColumn(column, actors, listActor))
  const count = rows.get(ACTION) ?? 0
  for (const needed of [OBJECT_ACTOR, OBJECT_COUNTER, INSERT, VALUE_META])
    if ((rows.get(needed) ?? 0) !== count) throw broken('an operation that does something else than append')
  const meta = columns.find(({ spec }) => spec === VALUE_META)
  const values = new Reader(columns.find(({ spec }) => spec === VALUE_RAW)?.data ?? new Uint8Array(0))
  const entries: Uint8Array[] = []
  if (meta !== undefined)
    for (const { value, count: times } of runs(meta))
      for (let left = times; left > 0; left--)
        entries.push(values.take(Math.floor(Number(value) / 16)).slice())
  return entries
}

/** Whether a column says nothing but "a byte string is inserted into the list". @returns its rows. */
function checkColumn(column: Column, actors: readonly Uint8Array[], listActor: string): number {
  const { spec } = column
  if (spec === VALUE_RAW) return 0
  let rows = 0
  for (const { value, count } of runs(column)) {
    if (count > 0 && !isAppend(spec, value, actors, listActor))
      throw broken('a change that does something else than append')
    rows += count
  }
  return rows
}

function isAppend(spec: number, value: Value, actors: readonly Uint8Array[], listActor: string): boolean {
  switch (spec) {
    case OBJECT_ACTOR:
      return typeof value === 'number' && toHex(actors[value] ?? new Uint8Array(0)) === listActor
    case OBJECT_COUNTER:
    case ACTION:
      // The list is the first operation of its maker; `set` is action 1.
      return value === SET
    case KEY_ACTOR:
    case KEY_COUNTER:
      return true
    case KEY_TEXT:
      return value === null
    case INSERT:
      return value === true
    case VALUE_META:
      return typeof value === 'number' && value % 16 === BYTES
    case PREDECESSORS:
      return value === 0
    default:
      return false
  }
}
