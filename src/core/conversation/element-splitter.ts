/** The splitter of a JSON file: finds the records of a JSON file by depth, strings and escapes over raw bytes, so that a
 *  file of any size is parsed one record at a time. It takes an array, objects that wrap an array under a known key,
 *  a single object, and several documents in a row; after damage it finds the way back to the next record. */
import { Gather } from './gather.ts'
import { isObject, type JsonObject } from './json-values.ts'
import type { Limits } from './limits.ts'
import { BOM, type RawRecord } from './record.ts'
import { wayBack } from './way-back.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Keys of a top-level object whose array holds the records. */
export const WRAPPERS: ReadonlySet<string> = new Set(['conversations', 'loglines'])
const LONGEST_WRAPPER = 16
/** What stands before the array of records is kept only up to here. */
const HEAD_BYTES = 256 * 1024

/** How much may be read a second time to find the way back; beyond it, damage runs to the end of its record. */
const REREAD_BYTES = 96 * 1024 * 1024
const REREADS = 500

/** Keys of a good record that are remembered: more than any real record has. */
const MODEL_KEYS = 64

export const NOT_JSON = 'it is not valid JSON'
export const TORN = 'the file ends in the middle of it'

interface Piece {
  readonly bytes: Uint8Array
  /** Offset of the first byte in the file. */
  readonly at: number
  position: number
}

/** Splits pushed bytes into records. However the bytes are cut, the records are the same. */
export class ElementSplitter {
  readonly #limits: Limits
  readonly #wrappers: ReadonlySet<string>
  /** What is to be read, the next piece last. */
  readonly #pieces: Piece[] = []
  #index = 0
  #inArray = false
  /** Whether the array of records lies in an object that is read on after it. */
  #wrapped = false
  /** What the wrapper says before its array. */
  #head: JsonObject | null = null

  #kind: 'none' | 'container' | 'string' | 'scalar' | 'garbage' = 'none'
  #start = 0
  #size = 0
  readonly #held = new Gather()
  #collect = true
  #tooLong = false
  #depth = 0
  #deepest = 0
  #inString = false
  #escaped = false

  /** Only in an object at the top: its keys may name the array that holds the records. */
  #probing = false
  #expectKey = false
  #readingKey = false
  #key = ''

  #model: { readonly first: string; readonly keys: readonly string[] } | null = null
  #damaged = false
  #reread = 0
  #rereads = 0

  constructor(limits: Limits, wrappers: ReadonlySet<string> = WRAPPERS) {
    this.#limits = limits
    this.#wrappers = wrappers
  }

  push(bytes: Uint8Array, at: number): void {
    this.#pieces.unshift({ bytes, at, position: 0 })
  }

  /** The next complete record, or null when more bytes are needed. */
  next(): RawRecord | null {
    for (let piece = this.#pieces.at(-1); piece !== undefined; piece = this.#pieces.at(-1)) {
      if (piece.position >= piece.bytes.length) {
        this.#pieces.pop()
        continue
      }
      const record = this.#kind === 'none' ? this.#between(piece) : this.#within(piece)
      if (record !== null) return record
    }
    return null
  }

  /** After the last byte: what is still open, or null; call until it gives null. */
  end(): RawRecord | null {
    for (;;) {
      const record = this.next()
      if (record !== null) return record
      if (this.#kind === 'none') return null
      const last = this.#finish(true)
      if (last !== null) return last
    }
  }

  /** Between records: blanks and commas pass, brackets open and close, anything else begins a record. */
  #between(piece: Piece): null {
    const { bytes } = piece
    let i = piece.position
    for (; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (isBlank(byte) || byte === COMMA || byte === CLOSE_OBJECT) continue
      if (piece.at + i < BOM.length && byte === BOM[piece.at + i]) continue
      if (byte === CLOSE_ARRAY) {
        if (this.#inArray && this.#wrapped) {
          i++
          this.#resumeWrapper(piece.at + i)
          break
        }
        this.#inArray = false
        continue
      }
      if (byte === OPEN_ARRAY && !this.#inArray) {
        this.#inArray = true
        continue
      }
      this.#begin(byte, piece.at + i)
      break
    }
    piece.position = i
    return null
  }

  #begin(byte: number, at: number): void {
    this.#start = at
    this.#size = 0
    this.#held.clear()
    this.#collect = true
    this.#tooLong = false
    this.#depth = 0
    this.#deepest = 0
    this.#inString = false
    this.#escaped = false
    this.#probing = false
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#kind = 'container'
      this.#probing = !this.#inArray
      this.#expectKey = true
      this.#readingKey = false
      this.#key = ''
    } else if (!this.#inArray) this.#kind = 'garbage'
    else this.#kind = byte === QUOTE ? 'string' : 'scalar'
  }

  #resumeWrapper(at: number): void {
    this.#begin(OPEN_OBJECT, at)
    this.#kind = 'container'
    this.#inArray = false
    this.#wrapped = false
    this.#probing = true
    this.#expectKey = false
    this.#depth = 1
    this.#collect = false
  }

  /** Within a record: read on to its end or to the end of the piece. */
  #within(piece: Piece): RawRecord | null {
    const from = piece.position
    let ended: boolean
    if (this.#kind === 'container' || this.#kind === 'string') ended = this.#nested(piece)
    else ended = this.#flat(piece)
    // The array of records was entered: what was collected of its wrapper is dropped.
    if (this.#kind === 'none') return null
    const length = piece.position - from
    this.#size += length
    if (this.#collect && !this.#tooLong) {
      this.#held.push(piece.bytes.subarray(from, piece.position))
      if (this.#size > this.#limits.recordBytes) {
        this.#tooLong = true
        const back = this.#wayBack(this.#held.bytes.subarray(0, this.#limits.recordBytes))
        if (back !== null)
          return this.#goBack(back, piece, `it is longer than ${this.#limits.recordBytes} bytes`)
        this.#held.clear()
      }
    }
    return ended ? this.#finish(false) : null
  }

  /** A container or a string; true when it is complete. */
  #nested(piece: Piece): boolean {
    const { bytes } = piece
    const n = bytes.length
    let i = piece.position
    let depth = this.#depth
    while (i < n) {
      if (this.#inString) {
        if (this.#escaped) {
          this.#escaped = false
          i++
          continue
        }
        const from = i
        let byte = 0
        while (i < n) {
          byte = bytes[i] as number
          if (byte === QUOTE || byte === BACKSLASH) break
          i++
        }
        if (this.#readingKey && this.#key.length < LONGEST_WRAPPER)
          this.#key += Buffer.from(bytes.subarray(from, Math.min(i, from + LONGEST_WRAPPER))).toString(
            'latin1',
          )
        if (i === n) break
        i++
        if (byte === BACKSLASH) this.#escaped = true
        else {
          this.#inString = false
          this.#readingKey = false
          if (depth === 0) {
            piece.position = i
            return true
          }
        }
        continue
      }
      const byte = bytes[i] as number
      if (byte === QUOTE) {
        this.#inString = true
        if (this.#probing && depth === 1 && this.#expectKey) {
          this.#readingKey = true
          this.#expectKey = false
          this.#key = ''
        }
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#probing && depth === 1) {
          const isRecords = byte === OPEN_ARRAY && this.#wrappers.has(this.#key)
          // After the array of records an object stands where a key should: the array had one bracket too many.
          if (isRecords || (!this.#collect && this.#expectKey)) {
            this.#inArray = true
            this.#wrapped = true
            this.#kind = 'none'
            if (this.#collect) this.#head = this.#headBefore(bytes.subarray(piece.position, i + 1))
            this.#held.clear()
            piece.position = isRecords ? i + 1 : i
            return false
          }
        }
        depth++
        if (depth > this.#deepest) this.#deepest = depth
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth--
        if (depth <= 0) {
          this.#depth = 0
          piece.position = i + 1
          return true
        }
      } else if (byte === COMMA && depth === 1 && this.#probing) {
        this.#expectKey = true
        this.#key = ''
      }
      i++
    }
    this.#depth = depth
    piece.position = i
    return false
  }

  /** The wrapper as far as it was read, `last` being the end of it: its own facts, without the array. */
  #headBefore(last: Uint8Array): JsonObject | null {
    if (this.#size + last.length > HEAD_BYTES || this.#deepest > this.#limits.recordDepth) return null
    this.#held.push(last)
    try {
      const head: unknown = JSON.parse(`${this.#held.bytes.toString('utf8')}]}`)
      return isObject(head) && Object.keys(head).length > 1 ? head : null
    } catch {
      return null
    }
  }

  /** A number, a word, or what is no JSON at all; true when something else begins. */
  #flat(piece: Piece): boolean {
    const { bytes } = piece
    const isScalar = this.#kind === 'scalar'
    // The first byte of a scalar may be anything; without this step an unexpected one would be looked at for ever.
    let i = this.#size === 0 ? piece.position + 1 : piece.position
    for (; i < bytes.length; i++) {
      const byte = bytes[i] as number
      const ends = isScalar
        ? isBlank(byte) || byte === COMMA || byte === CLOSE_ARRAY || byte === OPEN_OBJECT || byte === QUOTE
        : byte === OPEN_OBJECT || byte === OPEN_ARRAY
      if (!ends) continue
      piece.position = i
      return true
    }
    piece.position = i
    return false
  }

  /** The record is complete, or the file is at its end: parse it. Null when it is no record of its own. */
  #finish(atEnd: boolean): RawRecord | null {
    const kind = this.#kind
    this.#kind = 'none'
    if (!this.#collect) {
      this.#head = null
      return null
    }
    if (this.#tooLong) return this.#bad(`it is longer than ${this.#limits.recordBytes} bytes`)
    const bytes = this.#held.bytes
    this.#held.clear()
    const isTorn = atEnd && (kind === 'container' || kind === 'string')
    if (!isTorn && this.#deepest > this.#limits.recordDepth)
      return this.#bad(`it is nested deeper than ${this.#limits.recordDepth} levels`)
    if (!isTorn && kind !== 'garbage') {
      try {
        return this.#good(JSON.parse(bytes.toString('utf8')))
      } catch {
        // Reported below, after looking for a way back.
      }
    }
    const back = kind === 'container' ? this.#wayBack(bytes) : null
    if (back !== null) return this.#goBack(back, null, NOT_JSON)
    return this.#bad(isTorn ? TORN : NOT_JSON)
  }

  #where(): string {
    return `element ${this.#index}, byte ${this.#start}`
  }

  #good(value: unknown): RawRecord | null {
    const keys = isObject(value) ? Object.keys(value) : []
    if (this.#damaged) {
      const model = this.#model?.keys ?? keys.slice(0, 2)
      const shared = isObject(value) ? model.filter(key => key in value).length : 0
      if (shared < 2 || shared < model.length / 2) return null
      this.#damaged = false
    }
    if (this.#model === null && keys.length > 1)
      this.#model = { first: keys[0] as string, keys: keys.slice(0, MODEL_KEYS) }
    this.#index++
    const record = { kind: 'value', value, where: this.#where(), bytes: this.#size } as const
    return this.#wrapped && this.#head !== null ? { ...record, head: this.#head } : record
  }

  /** What follows damage without being a record again belongs to the damage, which was reported. */
  #bad(reason: string): RawRecord | null {
    if (this.#damaged) return null
    this.#index++
    return { kind: 'bad', reason, where: this.#where(), bytes: this.#size }
  }

  /** A copy of the bytes from the place where another record may begin, or null. */
  #wayBack(bytes: Buffer): Buffer | null {
    if (this.#rereads >= REREADS || this.#reread >= REREAD_BYTES) return null
    const at = wayBack(bytes, this.#model?.first ?? null)
    return at < 0 ? null : Buffer.from(bytes.subarray(at))
  }

  /** Report the damage and read `back`, the tail of what was collected, again before the rest of the piece. */
  #goBack(back: Buffer, piece: Piece | null, reason: string): RawRecord | null {
    const record = this.#bad(reason)
    const collected = piece === null ? this.#size : Math.min(this.#size, this.#limits.recordBytes)
    if (piece !== null) piece.position -= this.#size - collected
    this.#rereads++
    this.#reread += back.length
    this.#damaged = true
    this.#kind = 'none'
    this.#held.clear()
    this.#inArray = true
    this.#pieces.push({ bytes: back, at: this.#start + collected - back.length, position: 0 })
    return record
  }
}
