/** Canonical dag-cbor, both ways, with no leniency: one value has one encoding, and only that one is read.
 *  Our own, because the usual decoder drops a byte order mark at the start of a text and recurses without a limit. */
import { CID } from 'multiformats/cid'
import { VivimError } from '../kernel/errors.ts'
import { plain } from './hash.ts'

/** What may stand in an object: no floats, no undefined, no integers beyond 2^53 − 1. */
export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | CID
  | readonly CborValue[]
  | { readonly [key: string]: CborValue }

/** Deeper nesting than this has no use in any of our objects. */
export const MAX_CBOR_DEPTH = 64

/** Values in one piece of dag-cbor, byte strings and links counted four times: a byte of wire can become two hundred bytes of memory.
 *  The most that any of our frames and objects needs is a manifest of 8,192 links. */
const MAX_CBOR_ITEMS = 65_536
/** What a byte string or link counts for: each is an object over a buffer of its own. */
const HEAVY = 4

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6
const SIMPLE = 7
const CID_TAG = 42

const bad = (why: string): VivimError =>
  new VivimError('crypto/bad-encoding', `not canonical dag-cbor: ${why}`)

/** What nearly every object of ours fits into. */
const SCRATCH_BYTES = 16 * 1024
/** Texts up to this length are written as ASCII first. */
const SHORT_TEXT = 1024
/** Written to by one encoding after the other and wiped between them, since most of what an encoding takes is memory for it; null while
 *  one is under way. */
let scratch: Buffer | null = Buffer.alloc(SCRATCH_BYTES)

/** Grows as it is written to. */
class Writer {
  #bytes: Buffer
  #at = 0

  constructor() {
    this.#bytes = scratch ?? Buffer.alloc(SCRATCH_BYTES)
    scratch = null
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + more))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#at++] = value
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Initial byte and argument in the fewest bytes (RFC 8949 section 4.2.1). */
  head(major: number, argument: number): void {
    const type = major << 5
    this.#room(9)
    const bytes = this.#bytes
    if (argument < 24) this.#at = bytes.writeUInt8(type | argument, this.#at)
    else if (argument < 0x100) {
      bytes[this.#at] = type | 24
      this.#at = bytes.writeUInt8(argument, this.#at + 1)
    } else if (argument < 0x10000) {
      bytes[this.#at] = type | 25
      this.#at = bytes.writeUInt16BE(argument, this.#at + 1)
    } else if (argument < 0x100000000) {
      bytes[this.#at] = type | 26
      this.#at = bytes.writeUInt32BE(argument, this.#at + 1)
    } else {
      bytes[this.#at] = type | 27
      this.#at = bytes.writeBigUInt64BE(BigInt(argument), this.#at + 1)
    }
  }

  text(text: string): void {
    const from = this.#at
    if (text.length <= SHORT_TEXT) {
      this.head(TEXT, text.length)
      this.#room(3 * text.length)
      const written = this.#bytes.write(text, this.#at)
      if (written === text.length) {
        this.#at += written
        return
      }
      // Beyond ASCII it is longer than it has characters.
      this.#at = from
    }
    this.encoded(utf8Of(text))
  }

  /** A text in UTF-8. */
  encoded(bytes: Uint8Array): void {
    this.head(TEXT, bytes.length)
    this.raw(bytes)
  }

  done(): Uint8Array {
    // Not zeroed: every byte is written.
    const bytes = Buffer.allocUnsafeSlow(this.#at)
    bytes.set(this.#bytes.subarray(0, this.#at))
    return plain(bytes)
  }

  /** Nothing of what was written stays. */
  end(): void {
    this.#bytes.fill(0, 0, this.#at)
    if (this.#bytes.length === SCRATCH_BYTES) scratch = this.#bytes
  }
}

const textEncoder = new TextEncoder()
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Map keys in dag-cbor's order: the shorter encoding first, then byte by byte. */
const keyOrder = (a: Uint8Array, b: Uint8Array): number => a.length - b.length || Buffer.compare(a, b)

function utf8Of(text: string): Uint8Array {
  if (!text.isWellFormed()) throw bad('a text with half a surrogate pair')
  return textEncoder.encode(text)
}

/** Names of fields in UTF-8: there are few, and they come again in every object. */
const keyBytes = new Map<string, Uint8Array>()
const MAX_KEYS_KEPT = 512
const MAX_KEY_KEPT_CHARS = 32

function utf8OfKey(key: string): Uint8Array {
  const known = keyBytes.get(key)
  if (known !== undefined) return known
  const bytes = utf8Of(key)
  if (keyBytes.size < MAX_KEYS_KEPT && key.length <= MAX_KEY_KEPT_CHARS) keyBytes.set(key, bytes)
  return bytes
}

function write(out: Writer, value: unknown, depth: number): void {
  if (depth > MAX_CBOR_DEPTH) throw bad(`deeper than ${MAX_CBOR_DEPTH}`)
  if (value === null) out.byte(0xf6)
  else if (typeof value === 'boolean') out.byte(value ? 0xf5 : 0xf4)
  else if (typeof value === 'number') writeInteger(out, value)
  else if (typeof value === 'string') out.text(value)
  else if (value instanceof Uint8Array) {
    out.head(BYTES, value.length)
    out.raw(value)
  } else if (Array.isArray(value)) {
    out.head(ARRAY, value.length)
    for (const item of value) write(out, item, depth + 1)
  } else writeObject(out, value, depth)
}

function writeInteger(out: Writer, value: number): void {
  if (!Number.isSafeInteger(value)) throw bad('a number that is not a safe integer')
  if (value < 0) out.head(NEGATIVE, -1 - value)
  else out.head(UNSIGNED, value)
}

function writeObject(out: Writer, value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) throw bad(`a value of type ${typeof value}`)
  const link = CID.asCID(value)
  if (link) {
    out.head(TAG, CID_TAG)
    out.head(BYTES, link.bytes.length + 1)
    out.byte(0)
    out.raw(link.bytes)
    return
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw bad('an object of a class')
  const entries = Object.entries(value)
    .map(([key, item]) => [utf8OfKey(key), item] as const)
    .sort(([a], [b]) => keyOrder(a, b))
  out.head(MAP, entries.length)
  for (const [key, item] of entries) {
    out.encoded(key)
    write(out, item, depth + 1)
  }
}

/** The one encoding of a value. @param before - bytes that stand before it in what comes back. @throws `crypto/bad-encoding` for what dag-cbor or our limits cannot carry: floats,
 *  undefined, bigints, classes other than `Uint8Array` and `CID`, ill-formed text, nesting deeper than `MAX_CBOR_DEPTH`. */
export function encodeCbor(value: unknown, before?: Uint8Array): Uint8Array {
  const out = new Writer()
  try {
    if (before) out.raw(before)
    write(out, value, 0)
    return out.done()
  } finally {
    out.end()
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #maxItems: number
  #items = 0
  #at = 0

  constructor(bytes: Uint8Array, maxItems: number) {
    this.#bytes = bytes
    this.#maxItems = maxItems
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw bad('it ends too soon')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #count(weight: number): void {
    this.#items += weight
    if (this.#items > this.#maxItems)
      throw new VivimError(
        'crypto/too-large',
        `more than ${this.#maxItems} values in one piece of dag-cbor`,
        {
          maxItems: this.#maxItems,
        },
      )
  }

  #argument(info: number): number {
    if (info < 24) return info
    if (info > 27) throw bad('an indefinite or reserved length')
    const size = 2 ** (info - 24)
    const from = this.#at
    this.#take(size)
    const value =
      size === 1
        ? this.#view.getUint8(from)
        : size === 2
          ? this.#view.getUint16(from)
          : size === 4
            ? this.#view.getUint32(from)
            : Number(this.#view.getBigUint64(from))
    const least = size === 1 ? 24 : size === 2 ? 0x100 : size === 4 ? 0x10000 : 0x100000000
    if (value < least) throw bad('an integer longer than needed')
    if (value > Number.MAX_SAFE_INTEGER) throw bad('an integer beyond 2^53 − 1')
    return value
  }

  #head(): { major: number; info: number } {
    const initial = this.#take(1)[0] ?? 0
    return { major: initial >> 5, info: initial & 31 }
  }

  #text(bytes: Uint8Array): string {
    try {
      return textDecoder.decode(bytes)
    } catch {
      throw bad('a text that is not UTF-8')
    }
  }

  #link(): CID {
    const { major, info } = this.#head()
    if (major !== BYTES) throw bad('tag 42 on something else than bytes')
    const binary = this.#take(this.#argument(info))
    if (binary[0] !== 0) throw bad('a link without its prefix')
    try {
      const link = CID.decode(binary.slice(1))
      if (link.bytes.length === binary.length - 1 && Buffer.compare(link.bytes, binary.subarray(1)) === 0)
        return link
    } catch {
      throw bad('a link that is not a CID')
    }
    throw bad('a link that is not in its one form')
  }

  #map(size: number, depth: number): Record<string, CborValue> {
    const map: Record<string, CborValue> = {}
    let before: Uint8Array | null = null
    for (let count = 0; count < size; count++) {
      const { major, info } = this.#head()
      if (major !== TEXT) throw bad('a map key that is not text')
      const key = this.#take(this.#argument(info))
      if (before && keyOrder(before, key) >= 0) throw bad('map keys out of order or twice')
      before = key
      // defineProperty, because assigning to `__proto__` would change the object instead of adding a key.
      Object.defineProperty(map, this.#text(key), {
        value: this.value(depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    return map
  }

  value(depth: number): CborValue {
    if (depth > MAX_CBOR_DEPTH) throw bad(`deeper than ${MAX_CBOR_DEPTH}`)
    const { major, info } = this.#head()
    this.#count(major === BYTES || major === TAG ? HEAVY : 1)
    if (major === SIMPLE) {
      if (info === 20) return false
      if (info === 21) return true
      if (info === 22) return null
      throw bad('a float, undefined or another simple value')
    }
    const argument = this.#argument(info)
    if (major === UNSIGNED) return argument
    if (major === NEGATIVE) {
      if (argument === Number.MAX_SAFE_INTEGER) throw bad('an integer below −(2^53 − 1)')
      return -1 - argument
    }
    if (major === BYTES) return this.#take(argument).slice()
    if (major === TEXT) return this.#text(this.#take(argument))
    if (major === ARRAY) {
      const items: CborValue[] = []
      for (let count = 0; count < argument; count++) items.push(this.value(depth + 1))
      return items
    }
    if (major === MAP) return this.#map(argument, depth)
    if (argument !== CID_TAG) throw bad('a tag other than 42')
    return this.#link()
  }
}

/** Read the one encoding of a value; byte strings are copies. Links are multiformats `CID`s.
 *  @param maxItems - what the values may come to, counted as for `MAX_CBOR_ITEMS`.
 *  @throws `crypto/too-large` over `maxBytes` or `maxItems`, `crypto/bad-encoding` for anything that `encodeCbor` would not have made. */
export function decodeCbor(bytes: Uint8Array, maxBytes: number, maxItems = MAX_CBOR_ITEMS): CborValue {
  if (bytes.length > maxBytes)
    throw new VivimError('crypto/too-large', `${bytes.length} bytes where at most ${maxBytes} may stand`, {
      bytes: bytes.length,
      maxBytes,
    })
  const reader = new Reader(
    new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
    maxItems,
  )
  const value = reader.value(0)
  if (!reader.done) throw bad('something stands after its end')
  return value
}
