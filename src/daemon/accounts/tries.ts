/** Slows down whoever guesses passphrases: a pause that grows with each wrong one and is forgotten with time. */
import type { Clock } from '../../core/kernel/env.ts'
import { remember } from '../../core/kernel/remember.ts'

/** Wrong ones that cost no pause: people mistype. */
const FREE = 4
const FIRST_PAUSE_MS = 1_000
/** The longest pause: whoever spoils somebody else's door must go on doing so, and never shuts it for longer. */
const MAX_PAUSE_MS = 30_000
const FORGET_MS = 15 * 60_000
/** Doors remembered at once; the one tried longest ago is forgotten first. */
const MAX_KNOWN = 4096

interface Tried {
  wrong: number
  atMs: number
}

export interface Tries {
  /** How long to wait before the next try at this door; 0 when it may be tried. */
  pauseMs(door: string): number
  wrong(door: string): void
  right(door: string): void
}

export function makeTries(clock: Clock): Tries {
  const doors = new Map<string, Tried>()

  function known(door: string): Tried | null {
    const tried = doors.get(door)
    return tried && clock.nowMs() - tried.atMs < FORGET_MS ? tried : null
  }

  return {
    pauseMs(door) {
      const tried = known(door)
      if (tried === null || tried.wrong <= FREE) return 0
      const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(16, tried.wrong - FREE - 1))
      return Math.max(0, tried.atMs + pause - clock.nowMs())
    },

    wrong(door) {
      const wrong = (known(door)?.wrong ?? 0) + 1
      remember(doors, door, { wrong, atMs: clock.nowMs() }, MAX_KNOWN)
    },

    right: door => void doors.delete(door),
  }
}
