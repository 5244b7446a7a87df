/** Folding: a text as rules should see it, so that a look-alike or invisible character hides nothing, with the way back. */

/** `at[i]` is where folded unit `i` begins in the original, `at[length]` its end; null where nothing was changed. */
export interface Folded {
  text: string
  at: Uint32Array | null
}

/** Characters that show nothing, and control characters other than tab and line breaks. */
const INVISIBLE = /[\p{DI}[\p{Cc}--[\t\n\r]]]/v
const ESCAPE = 0x1b
const C1_ESCAPE = 0x9b
const BELL = 0x07
/** Control sequences of terminals (ECMA-48 §5.4), character sets, and the end of a link; where a link goes stays, it may say something. */
const COLOUR =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that begin and end a control sequence of a terminal
  /(?:\x1b\[|\x9b)[0-?]{0,32}[ -/]{0,4}[@-~]|\x1b(?:[()*+][A-Za-z0-9]|[78=>]|\]8;;(?:\x07|\x1b\\))/y
const MARK = /\p{M}/u
const PLAIN = /^[\t\n\r\x20-\x7e]*$/
const NOT_PLAIN = /[^\t\n\r\x20-\x7e]/g
/** A base character and what combines with it: the smallest piece that normalises by itself. At most 30 marks, as Unicode's
 *  stream-safe form has it, because sorting a run of marks takes time quadratic in its length: 100,000 of them, 11 s. */
const CLUSTER = /\P{M}\p{M}{0,30}|\p{M}{1,30}/gu

const UNKNOWN = 0
const STEADY = 1
/** By code point: whether it stays as it is, learnt as characters come. */
const steadiness = new Uint8Array(0x110000)
const CHANGING = 2

function isSteady(code: number): boolean {
  const known = steadiness[code] ?? CHANGING
  if (known !== UNKNOWN) return known === STEADY
  const char = String.fromCodePoint(code)
  const steady =
    !(code >= 0xd800 && code <= 0xdfff) &&
    !INVISIBLE.test(char) &&
    !MARK.test(char) &&
    char.normalize('NFKC') === char
  steadiness[code] = steady ? STEADY : CHANGING
  return steady
}

/** Where the first character from `from` on begins that does not stay as it is; the length where all do. */
function steadyUntil(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.codePointAt(at) ?? 0
    if (code > 0x1f && code < 0x7f) {
      // Most of a text is plain, and skipping that is one search.
      NOT_PLAIN.lastIndex = at
      if (!NOT_PLAIN.test(text)) return text.length
      at = NOT_PLAIN.lastIndex - 1
      continue
    }
    if (!isSteady(code)) break
    at += code > 0xffff ? 2 : 1
  }
  return at
}

/** NFKC (Unicode Standard Annex 15) without invisible characters and colours. Takes time linear in the text. */
export function fold(text: string): Folded {
  if (PLAIN.test(text)) return { text, at: null }
  let odd = steadyUntil(text, 0)
  if (odd === text.length) return { text, at: null }
  const out = new FoldedText(text)
  // The bell that ends what a terminal is told, such as where a link goes, keeps that apart from the text of the link.
  let isTold = false
  for (let done = 0; done < text.length; ) {
    // The last character before may combine with what follows.
    const base = Math.max(done, odd - ((text.codePointAt(odd - 2) ?? 0) > 0xffff ? 2 : 1))
    out.keep(done, base)
    let at = base
    while (at < text.length) {
      const code = text.codePointAt(at) ?? 0
      if (at >= odd && isSteady(code)) break
      const width = code > 0xffff ? 2 : 1
      COLOUR.lastIndex = at
      if ((code === ESCAPE || code === C1_ESCAPE) && COLOUR.test(text)) at = COLOUR.lastIndex
      else {
        const ends: boolean = code === BELL && isTold
        isTold = !ends && (isTold || (code === ESCAPE && text[at + 1] === ']'))
        if (at < odd || ends || !INVISIBLE.test(String.fromCodePoint(code))) out.hold(at, width)
        at += width
      }
    }
    out.release()
    done = at
    odd = steadyUntil(text, at)
    if (odd === text.length) {
      out.keep(done, odd)
      done = odd
    }
  }
  return out.done()
}

/** Gathers folded text and where each unit came from. */
class FoldedText {
  readonly #from: string
  readonly #out: string[] = []
  #at: Uint32Array
  #length = 0
  #held: string[] = []
  #heldAt: number[] = []

  constructor(from: string) {
    this.#from = from
    this.#at = new Uint32Array(from.length + 1)
  }

  #room(more: number): void {
    if (this.#length + more < this.#at.length) return
    const grown = new Uint32Array((this.#length + more) * 2)
    grown.set(this.#at)
    this.#at = grown
  }

  /** Take a stretch as it is. */
  keep(from: number, to: number): void {
    if (to <= from) return
    this.#room(to - from)
    for (let at = from; at < to; at++) this.#at[this.#length++] = at
    this.#out.push(this.#from.slice(from, to))
  }

  /** Take a character that is normalised together with its neighbours, those between having been left out. */
  hold(at: number, width: number): void {
    for (let unit = 0; unit < width; unit++) this.#heldAt.push(at + unit)
    this.#held.push(this.#from.slice(at, at + width))
  }

  /** Normalise what is held. */
  release(): void {
    for (const { 0: cluster, index } of this.#held.join('').matchAll(CLUSTER)) {
      const folded = cluster.normalize('NFKC')
      const same = folded === cluster
      this.#room(folded.length)
      for (let unit = 0; unit < folded.length; unit++)
        this.#at[this.#length++] = this.#heldAt[index + (same ? unit : 0)] ?? 0
      this.#out.push(folded)
    }
    this.#held = []
    this.#heldAt = []
  }

  done(): Folded {
    this.#room(1)
    this.#at[this.#length] = this.#from.length
    return { text: this.#out.join(''), at: this.#at.subarray(0, this.#length + 1) }
  }
}

/** Where a range of the folded text lies in the original; invisible characters inside it and right after it belong to it. */
export function unfold({ at }: Folded, start: number, end: number): { start: number; end: number } {
  if (at === null) return { start, end }
  const last = at[end - 1] ?? 0
  // A character that folded into several begins where its neighbour does: take all of it.
  let next = end
  while (next < at.length - 1 && at[next] === last) next++
  return { start: at[start] ?? 0, end: at[next] ?? last }
}
