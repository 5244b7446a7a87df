/** The conversations in Cursor's `state.vscdb`, each with its messages as one record. Of the store, only keys with two
 *  prefixes are read, and one key of the older table. */
import { type ForeignDatabase, parseCell } from './foreign-database.ts'
import { arrayOf, isObject, objectOf } from './json-values.ts'
import type { Limits } from './limits.ts'
import type { RawRecord } from './record.ts'

const STORE = 'cursorDiskKV'
const COMPOSER = 'composerData:'
const BUBBLE = 'bubbleId:'
const LEGACY_STORE = 'ItemTable'
const LEGACY_KEY = 'workbench.panel.aichat.view.aichat.chatdata'

/** A conversation as it lies in the store. */
export interface CursorRecord {
  readonly composerId: string
  /** The value of `composerData:`, null where the store has none. */
  readonly composer: unknown
  /** The values of `bubbleId:` by bubble id, in the order of their keys. */
  readonly bubbles: ReadonlyMap<string, unknown>
}

export function* cursorRecords(database: ForeignDatabase, limits: Limits): Generator<RawRecord> {
  if (database.columns(STORE) !== null) yield* composers(database, limits)
  if (database.columns(LEGACY_STORE) === null) return
  for (const { row, key } of database.keys(LEGACY_STORE, LEGACY_KEY)) {
    if (key !== LEGACY_KEY) continue
    const data = parseCell(database.cell(LEGACY_STORE, row, 'value', limits.recordBytes), LEGACY_KEY, limits)
    if (data.kind === 'bad') yield data
    else
      for (const [place, value] of arrayOf(objectOf(data.value).tabs).entries())
        yield { kind: 'value', value, where: `${LEGACY_KEY}, tab ${place}`, bytes: data.bytes }
  }
}

/** More conversations than anybody has; their heads are found before their messages are read. */
const MOST_COMPOSERS = 500_000

/** The messages of one conversation stand together in the order of the keys; its head is looked up by its id. */
function* composers(database: ForeignDatabase, limits: Limits): Generator<RawRecord> {
  const heads = new Map<string, number>()
  for (const { row, key } of database.keys(STORE, COMPOSER)) {
    if (heads.size < MOST_COMPOSERS) heads.set(key.slice(COMPOSER.length), row)
    else yield { kind: 'bad', reason: `it is beyond ${MOST_COMPOSERS} conversations`, where: key, bytes: 0 }
  }
  let group: Group | null = null
  for (const { row, key } of database.keys(STORE, BUBBLE)) {
    const owner = ownerOf(key)
    if (group !== null && group.id !== owner) yield* group.records()
    if (group === null || group.id !== owner) {
      group = new Group(owner, heads.get(owner) ?? null, database, limits)
      heads.delete(owner)
    }
    group.add(key, row)
  }
  if (group !== null) yield* group.records()
  for (const [id, row] of heads) yield* new Group(id, row, database, limits).records()
}

/** One conversation as it is gathered. */
class Group {
  readonly id: string
  readonly #database: ForeignDatabase
  readonly #limits: Limits
  readonly #problems: RawRecord[] = []
  readonly #bubbles = new Map<string, unknown>()
  readonly #composer: unknown
  #bytes = 0

  constructor(id: string, head: number | null, database: ForeignDatabase, limits: Limits) {
    this.id = id
    this.#database = database
    this.#limits = limits
    this.#composer = head === null ? null : this.#value(head, `${COMPOSER}${id}`)
  }

  add(key: string, row: number): void {
    const { sessionChars } = this.#limits
    if (this.#bytes > sessionChars) {
      const reason = `the conversation holds more than ${sessionChars} bytes`
      this.#problems.push({ kind: 'bad', reason, where: key, bytes: 0 })
    } else this.#bubbles.set(key.slice(BUBBLE.length + this.id.length + 1), this.#value(row, key))
  }

  /** What could not be read, then the conversation. */
  *records(): Generator<RawRecord> {
    yield* this.#problems
    // What is wrong with its head was just said; without messages there is nothing more to say.
    if (this.#composer === null && this.#bubbles.size === 0 && this.#problems.length > 0) return
    const value: CursorRecord = { composerId: this.id, composer: this.#composer, bubbles: this.#bubbles }
    yield { kind: 'value', value, where: `${COMPOSER}${this.id}`, bytes: this.#bytes }
  }

  #value(row: number, where: string): unknown {
    const cell = this.#database.cell(STORE, row, 'value', this.#limits.recordBytes)
    const record = parseCell(cell, where, this.#limits)
    this.#bytes += record.bytes
    if (record.kind === 'value') return record.value
    this.#problems.push(record)
    return null
  }
}

/** `bubbleId:OWNER:BUBBLE`. */
function ownerOf(key: string): string {
  const end = key.indexOf(':', BUBBLE.length)
  return key.slice(BUBBLE.length, end < 0 ? undefined : end)
}

/** Whether a record is a conversation of the store. */
export const isCursorRecord = (value: unknown): value is CursorRecord =>
  isObject(value) && typeof value.composerId === 'string' && value.bubbles instanceof Map
