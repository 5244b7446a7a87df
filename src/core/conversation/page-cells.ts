/** The splitter for activity pages of Google Takeout: each `outer-cell` of the page is a record, found while the page
 *  streams, so that a page of any size is looked at one cell at a time. */
import { Tokenizer } from 'htmlparser2'
import { TORN } from './element-splitter.ts'
import { hasClass } from './html-tree.ts'
import { type Limits, YIELD_BYTES } from './limits.ts'
import { type RawRecord, turn } from './record.ts'

/** A cell, whole, as HTML. */
export interface PageCell {
  readonly outerCell: string
}

const CELL = 'outer-cell'
/** Tags may begin this far back; no name and no class is longer. */
const WINDOW_CHARS = 64 * 1024

/** Whether the first bytes, from the first `<` on, are of such a page, and not of a text that speaks of one. */
export const isActivityPage = (head: string): boolean =>
  /^<(?:!doctype|html|head|body|div|meta|title)\b/i.test(head) &&
  head.includes(CELL) &&
  head.includes('content-cell')

class CellSplitter {
  readonly records: RawRecord[] = []
  readonly #limits: Limits
  readonly #tokens: Tokenizer
  /** A window of what was read last: tags are read in it. It begins at character `#from`, byte `#bytes` of the file. */
  #text = ''
  #from = 0
  #bytes = 0
  #tagAt = 0
  #name = ''
  #isClass = false
  #classes = ''
  /** Where the open cell begins, or -1, and its place in bytes. */
  #cellAt = -1
  #cellBytes = 0
  /** What of the open cell lies before the window. */
  #cell: string[] = []
  #depth = 0
  #index = 0

  constructor(limits: Limits) {
    this.#limits = limits
    const nothing = (): void => undefined
    this.#tokens = new Tokenizer(
      {},
      {
        onopentagname: (from, to) => {
          this.#tagAt = from - 1
          this.#name = this.#slice(from, to).toLowerCase()
          this.#classes = ''
        },
        onattribname: (from, to) => {
          this.#isClass = this.#slice(from, to).toLowerCase() === 'class' && this.#classes === ''
        },
        onattribdata: (from, to) => {
          if (this.#isClass && this.#classes.length < WINDOW_CHARS) this.#classes += this.#slice(from, to)
        },
        onattribentity: nothing,
        onattribend: nothing,
        onopentagend: () => this.#opened(),
        onselfclosingtag: () => this.#opened(),
        onclosetag: (from, to) => this.#closed(this.#slice(from, to).toLowerCase(), from - 2),
        ontext: nothing,
        ontextentity: nothing,
        oncdata: nothing,
        oncomment: nothing,
        ondeclaration: nothing,
        onprocessinginstruction: nothing,
        onend: nothing,
      },
    )
  }

  write(text: string): void {
    this.#text += text
    this.#tokens.write(text)
    this.#moveOn(Math.max(this.#from, this.#end - WINDOW_CHARS))
  }

  end(): void {
    this.#tokens.end()
    if (this.#cellAt >= 0) this.#bad(TORN)
  }

  get #end(): number {
    return this.#from + this.#text.length
  }

  #slice(from: number, to: number): string {
    return from < this.#from ? '' : this.#text.slice(from - this.#from, to - this.#from)
  }

  /** Let the window begin at `to`; what it leaves belongs to the open cell, if there is one. */
  #moveOn(to: number): void {
    const left = this.#text.slice(0, to - this.#from)
    this.#bytes += Buffer.byteLength(left)
    this.#text = this.#text.slice(to - this.#from)
    this.#from = to
    if (this.#cellAt >= 0 && to - this.#cellAt <= this.#limits.recordBytes) this.#cell.push(left)
  }

  #opened(): void {
    if (this.#name !== 'div') return
    if (hasClass(this.#classes, CELL)) {
      // Cells never nest: the one before lacks some of its ends.
      if (this.#cellAt >= 0) this.#finish(this.#tagAt)
      this.#moveOn(Math.max(this.#from, this.#tagAt))
      this.#cellAt = this.#from
      this.#cellBytes = this.#bytes
      this.#cell = []
      this.#depth = 0
    }
    this.#depth++
  }

  #closed(name: string, at: number): void {
    if (this.#cellAt < 0) return
    if (name === 'div') this.#depth--
    if (name === 'body' || name === 'html' || this.#depth === 0) this.#finish(at)
  }

  #finish(at: number): void {
    const bytes = at - this.#cellAt
    if (bytes > this.#limits.recordBytes) {
      this.#bad(`it is longer than ${this.#limits.recordBytes} bytes`)
      return
    }
    const value: PageCell = { outerCell: this.#cell.join('') + this.#slice(this.#from, at) }
    this.records.push({ kind: 'value', value, where: this.#where(), bytes })
    this.#cellAt = -1
  }

  #bad(reason: string): void {
    this.records.push({ kind: 'bad', reason, where: this.#where(), bytes: this.#end - this.#cellAt })
    this.#cellAt = -1
  }

  #where(): string {
    return `cell ${++this.#index}, byte ${this.#cellBytes}`
  }
}

/** The cells of an activity page, in order. */
export async function* pageCells(
  source: AsyncIterable<Uint8Array>,
  limits: Limits,
): AsyncGenerator<RawRecord> {
  const splitter = new CellSplitter(limits)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let sinceTurn = 0
  for await (const chunk of source) {
    splitter.write(decoder.decode(chunk, { stream: true }))
    yield* splitter.records.splice(0)
    sinceTurn += chunk.length
    if (sinceTurn >= YIELD_BYTES) {
      sinceTurn = 0
      await turn()
    }
  }
  splitter.write(decoder.decode())
  splitter.end()
  yield* splitter.records.splice(0)
}
