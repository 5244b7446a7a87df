/** One record as a splitter gives it: a parsed element or line, or the reason why there is none. */
import type { JsonObject } from './json-values.ts'

/** `where` is for people (`element 3, byte 1200`); `bytes` is the record's length in the file. `head` is what the object
 *  that wraps the array of records says before it, one and the same object for all of them. */
export type RawRecord =
  | {
      readonly kind: 'value'
      readonly value: unknown
      readonly where: string
      readonly bytes: number
      readonly head?: JsonObject
    }
  | { readonly kind: 'bad'; readonly reason: string; readonly where: string; readonly bytes: number }

/** The UTF-8 byte order mark, with which some exports begin. */
export const BOM: readonly number[] = [0xef, 0xbb, 0xbf]

/** Let the event loop turn. */
export const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
