/** Field types that the objects of the pipeline share. */
import { z } from 'zod'

/** A byte string of exactly `length` bytes. */
export const Bytes = (length: number) =>
  z.custom<Uint8Array>(
    value => value instanceof Uint8Array && value.length === length,
    `not a byte string of ${length} bytes`,
  )

/** A byte string of at most `max` bytes. */
export const BytesUpTo = (max: number) =>
  z.custom<Uint8Array>(
    value => value instanceof Uint8Array && value.length <= max,
    `not a byte string of at most ${max} bytes`,
  )

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const Ms = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
/** The binary form of a content id: 36 bytes. */
export const CidBytes = Bytes(36)
export const HashBytes = Bytes(32)
export const IdBytes = Bytes(16)
export const Sequence = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
/** The sequence that nothing outranks: 2^53 − 1. */
export const LAST_SEQUENCE = Number.MAX_SAFE_INTEGER
