/** One record as a splitter gives it: a parsed element or line, or the reason why there is none. */

/** `where` is for people (`element 3, byte 1200`); `bytes` is the record's length in the file. */
export type RawRecord =
  | { readonly kind: 'value'; readonly value: unknown; readonly where: string; readonly bytes: number }
  | { readonly kind: 'bad'; readonly reason: string; readonly where: string; readonly bytes: number }

/** The UTF-8 byte order mark, with which some exports begin. */
export const BOM: readonly number[] = [0xef, 0xbb, 0xbf]

/** Let the event loop turn. */
export const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
