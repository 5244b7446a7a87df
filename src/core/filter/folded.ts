/** Folding: a text as rules should see it, so that a look-alike or invisible character hides nothing, with the way back. */

/** `at[i]` is where folded unit `i` begins in the original, `at[length]` its end; null where nothing was changed. */
export interface Folded {
  text: string
  at: Uint32Array | null
}

/** Characters that show nothing, control characters other than tab and line breaks, and colour sequences of terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the character that begins a colour sequence
const INVISIBLE = /\x1b\[[0-9;]{0,32}[A-Za-z]|[\p{DI}[\p{Cc}--[\t\n\r]]]/gv
const PLAIN = /^[\t\n\r\x20-\x7e]*$/

/** A base character and what combines with it: the smallest piece that normalises by itself. At most 30 marks, as Unicode's
 *  stream-safe form has it, because sorting a run of marks takes time quadratic in its length: 100,000 of them, 11 s. */
const CLUSTER = /\P{M}\p{M}{0,30}|\p{M}{1,30}/gu
const LONG_RUN = /\p{M}{31}/u

/** NFKC (Unicode Standard Annex 15) without invisible characters. Takes time linear in the text. */
export function fold(text: string): Folded {
  if (PLAIN.test(text)) return { text, at: null }
  if (text.search(INVISIBLE) < 0 && !LONG_RUN.test(text) && text.normalize('NFKC') === text)
    return { text, at: null }
  const out: string[] = []
  const at = new Room(text.length + 1)
  let length = 0
  const visible = (piece: string, from: number): void => {
    for (const cluster of piece.matchAll(CLUSTER)) {
      const folded = cluster[0].normalize('NFKC')
      const same = folded === cluster[0]
      for (let unit = 0; unit < folded.length; unit++)
        at.put(length++, from + cluster.index + (same ? unit : 0))
      out.push(folded)
    }
  }
  let done = 0
  for (const hidden of text.matchAll(INVISIBLE)) {
    visible(text.slice(done, hidden.index), done)
    done = hidden.index + hidden[0].length
  }
  visible(text.slice(done), done)
  at.put(length, text.length)
  return { text: out.join(''), at: at.take(length + 1) }
}

/** A growing array of offsets: one character may fold into eighteen. */
class Room {
  #offsets: Uint32Array

  constructor(length: number) {
    this.#offsets = new Uint32Array(length)
  }

  put(index: number, offset: number): void {
    if (index >= this.#offsets.length) {
      const grown = new Uint32Array(this.#offsets.length * 2)
      grown.set(this.#offsets)
      this.#offsets = grown
    }
    this.#offsets[index] = offset
  }

  take(length: number): Uint32Array {
    return this.#offsets.subarray(0, length)
  }
}

/** Where a range of the folded text lies in the original; invisible characters inside it and right
 *  after it belong to it. */
export function unfold({ at }: Folded, start: number, end: number): { start: number; end: number } {
  if (at === null) return { start, end }
  const last = at[end - 1] ?? 0
  // A character that folded into several begins where its neighbour does: take all of it.
  let next = end
  while (next < at.length - 1 && at[next] === last) next++
  return { start: at[start] ?? 0, end: at[next] ?? last }
}
