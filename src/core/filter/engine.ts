/** The engine: many detectors over one text, of which only those are asked whose literals stand in it. */
import type { Detector, Hit } from './rule.ts'

export interface Engine {
  /** Names all that it looks for, with versions, in order. */
  readonly versions: readonly string[]
  /** @throws anything a detector throws: the filter then fails closed. */
  scan(text: string): Hit[]
}

/** Shorter literals would let nearly every text through. */
const WINDOW = 3
const SLOTS = 1 << 18

/** Three characters mixed into a slot; the fourth before has been shifted out. */
const mix = (before: number, code: number): number => ((before << 6) ^ code) & (SLOTS - 1)

/** Reading a string unit by unit is slow where it was joined of many. */
function unitsOf(text: string): Uint16Array {
  const bytes = Buffer.allocUnsafeSlow(text.length * 2)
  bytes.write(text, 'utf16le')
  return new Uint16Array(bytes.buffer)
}

export function makeEngine(detectors: readonly Detector[]): Engine {
  const wanted = new Uint8Array(SLOTS)
  const bySlot = new Map<number, { literal: string; detector: number }[]>()
  for (const [detector, { needs }] of detectors.entries())
    for (const literal of needs) {
      if (literal.length < WINDOW) throw new RangeError(`a literal of fewer than ${WINDOW} characters`)
      let slot = 0
      // The end, since many literals begin alike.
      for (let at = literal.length - WINDOW; at < literal.length; at++)
        slot = mix(slot, literal.charCodeAt(at))
      wanted[slot] = 1
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), { literal, detector }])
    }

  /** One pass over the text for the literals of all detectors (Rabin and Karp). */
  const present = (text: string): Uint8Array => {
    const asked = Uint8Array.from(detectors, ({ needs }) => (needs.length === 0 ? 1 : 0))
    const open = wanted.slice()
    const units = unitsOf(text)
    let slot = 0
    for (let at = 0; at < units.length; at++) {
      slot = mix(slot, units[at] ?? 0)
      if (open[slot] === 0) continue
      let waiting = false
      for (const { literal, detector } of bySlot.get(slot) ?? []) {
        if (asked[detector] === 0 && text.endsWith(literal, at + 1)) asked[detector] = 1
        if (asked[detector] === 0) waiting = true
      }
      if (!waiting) open[slot] = 0
    }
    return asked
  }

  return {
    versions: detectors.flatMap(({ versions }) => versions),
    scan: text => {
      const asked = present(text)
      return detectors.flatMap((detector, at) => (asked[at] === 1 ? detector.scan(text) : []))
    },
  }
}
