/** Schemas of the fields that signed objects share: byte strings of one length, times, sequences. */
import { z } from 'zod'

/** A byte string of exactly `length` bytes. */
export const bytesOf = (length: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length, `not ${length} bytes`)

/** A byte string of at most `max` bytes. */
export const bytesUpTo = (max: number) =>
  z.custom<Uint8Array>(
    value => value instanceof Uint8Array && value.length <= max,
    `not at most ${max} bytes`,
  )

/** Milliseconds since 1970-01-01T00:00:00Z, not negative. */
export const TimeMs = z.number().int().nonnegative()

/** The place of an object among its successors. */
export const Sequence = z.number().int().nonnegative()

/** The sequence that nothing outranks: what ends something has it. */
export const LAST_SEQUENCE = Number.MAX_SAFE_INTEGER

/** How far another machine's clock may run ahead of ours before its objects wait. */
export const CLOCK_SKEW_MS = 5 * 60_000
