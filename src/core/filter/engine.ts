/** The engine: many detectors over one text. One pass looks for the literals of all of them; only those whose literals stand in
 *  the text are asked, and only about the places. */
import { type Detector, type Hit, NUMBER } from './rule.ts'

export interface Engine {
  /** Names all that it looks for, with versions, in order. */
  readonly versions: readonly string[]
  /** @throws anything a detector throws: the filter then fails closed. */
  scan(text: string): Hit[]
}

/** Counts what an engine does, in units that grow with its time: characters looked at, and places at which a rule was asked. */
export interface Meter {
  characters: number
  places: number
}

/** Shorter literals would wake their detectors everywhere; single characters have a table of their own. */
const SHORTEST = 3
const SLOT_BITS = 16
/** The last three of four characters. */
const THREE = 0xffffff

/** Four characters, the fifth before shifted out: the low byte of each, of letters in lower case. */
const mix = (before: number, code: number): number => (before << 8) | (lowered(code) & 0xff)
/** Multiplicative hashing (Knuth, The Art of Computer Programming, vol. 3, §6.4). */
const slotOf = (mixed: number): number => Math.imul(mixed, 0x9e3779b1) >>> (32 - SLOT_BITS)

const LOWER = Uint16Array.from({ length: 1 << 16 }, (_, code) => (code > 64 && code < 91 ? code + 32 : code))
const lowered = (code: number): number => LOWER[code] ?? code

const ZERO = 48
const NINE = 57

interface Literal {
  /** Its units; lower case where `anyCase`. */
  codes: Uint16Array
  anyCase: boolean
  detector: number
}

class Literals {
  readonly isTaken = new Uint8Array(1 << SLOT_BITS)
  readonly #bySlot = new Map<number, Literal[]>()

  add(mixed: number, literal: Literal): void {
    const slot = slotOf(mixed)
    this.isTaken[slot] = 1
    this.#bySlot.set(slot, [...this.at(slot), literal])
  }

  at(slot: number): readonly Literal[] {
    return this.#bySlot.get(slot) ?? []
  }
}

/** The units of a text; reading a string one by one is slow where it was joined of many. */
function unitsOf(text: string): Uint16Array {
  const bytes = Buffer.allocUnsafeSlow(text.length * 2)
  bytes.write(text, 'utf16le')
  return new Uint16Array(bytes.buffer)
}

function endsWith(units: Uint16Array, { codes, anyCase }: Literal, end: number): boolean {
  const begin = end - codes.length
  if (begin < 0) return false
  for (let at = codes.length - 1; at >= 0; at--) {
    const code = units[begin + at] ?? 0
    if ((anyCase ? lowered(code) : code) !== codes[at]) return false
  }
  return true
}

/** @throws RangeError for a literal of two characters, or of none. */
export function makeEngine(detectors: readonly Detector[], meter?: Meter): Engine {
  // Literals by their ends, since many begin alike: of three characters, and longer ones.
  const short = new Literals()
  const long = new Literals()
  /** By character: who waits for it. */
  const singles = new Map<number, number[]>()
  const isSingle = new Uint8Array(1 << 16)
  const numbers: number[] = []
  for (const [detector, { needs, anyCase = false }] of detectors.entries())
    for (const literal of new Set(needs)) {
      const codes = unitsOf(literal)
      if (literal === NUMBER) numbers.push(detector)
      else if (literal.length === 1) {
        singles.set(codes[0] ?? 0, [...(singles.get(codes[0] ?? 0) ?? []), detector])
        isSingle[codes[0] ?? 0] = 1
      } else if (literal.length < SHORTEST) throw new RangeError(`a literal of ${literal.length} characters`)
      else {
        const mixed = codes.reduce(mix, 0)
        if (literal.length === SHORTEST) short.add(mixed & THREE, { codes, anyCase, detector })
        else long.add(mixed, { codes, anyCase, detector })
      }
    }
  if (numbers.length > 0) isSingle.fill(1, ZERO, NINE + 1)

  const always = detectors.flatMap(({ needs }, detector) => (needs.length === 0 ? [detector] : []))
  const nowhere: readonly number[] = []

  /** One pass over the text for the literals of all detectors (Rabin and Karp). @returns where the literals of each begin, of those
   *  that have any there or need none */
  const placesIn = (text: string): Map<number, readonly number[]> => {
    const places = new Map<number, number[]>()
    const note = (detector: number, at: number): void => {
      const known = places.get(detector)
      if (known) known.push(at)
      else places.set(detector, [at])
    }
    const numbersAt: number[] = []
    const units = unitsOf(text)
    const noteEnding = (literals: readonly Literal[], end: number): void => {
      for (const literal of literals)
        if (endsWith(units, literal, end)) note(literal.detector, end - literal.codes.length)
    }
    let mixed = 0
    for (let at = 0; at < units.length; at++) {
      const code = units[at] ?? 0
      mixed = mix(mixed, code)
      const shortSlot = slotOf(mixed & THREE)
      const longSlot = slotOf(mixed)
      if (short.isTaken[shortSlot] === 1) noteEnding(short.at(shortSlot), at + 1)
      if (long.isTaken[longSlot] === 1) noteEnding(long.at(longSlot), at + 1)
      if (isSingle[code] === 0) continue
      for (const detector of singles.get(code) ?? []) note(detector, at)
      if (code < ZERO || code > NINE) continue
      const before = units[at - 1] ?? 0
      if (before < ZERO || before > NINE) numbersAt.push(at)
    }
    const all = new Map<number, readonly number[]>(places)
    if (numbersAt.length > 0) for (const detector of numbers) all.set(detector, numbersAt)
    for (const detector of always) all.set(detector, nowhere)
    return all
  }

  return {
    versions: detectors.flatMap(({ versions }) => versions),
    scan: text => {
      const places = placesIn(text)
      if (meter) {
        meter.characters += text.length
        for (const where of places.values()) meter.places += where.length
      }
      const hits: Hit[] = []
      for (const detector of [...places.keys()].sort((a, b) => a - b))
        for (const hit of detectors[detector]?.scan(text, places.get(detector) ?? nowhere) ?? [])
          hits.push(hit)
      return hits
    },
  }
}
