/** Clock and randomness as ports: the only file that asks the machine for time or chance. */
import { randomBytes } from 'node:crypto'

/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export interface Clock {
  nowMs(): number
}

/** Cryptographically secure random bytes. */
export interface Chance {
  bytes(length: number): Uint8Array
}

export const systemClock: Clock = { nowMs: () => Date.now() }
export const systemChance: Chance = { bytes: length => new Uint8Array(randomBytes(length)) }
