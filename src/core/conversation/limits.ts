/** Bounds of an import: everything that is read here was written by somebody else. */

const MIB = 1024 * 1024

export interface Limits {
  /** Longest element of an array, or longest line, that is parsed; longer ones are skipped with a reason. */
  readonly recordBytes: number
  /** Deepest nesting inside one record: `JSON.stringify` recurses. Only LibreChat's trees of replies pass 60, by two levels
   *  for each message of the longest branch. */
  readonly recordDepth: number
  /** Most text that one session keeps in memory, in characters. */
  readonly sessionChars: number
  /** After so much of it, the longer parts of a session go onto the shelf, where there is one. */
  readonly heldChars: number
  /** Largest asset that is handed to the sink. */
  readonly assetBytes: number
  /** Most entries of one archive. */
  readonly entries: number
  /** Most bytes that one file or archive may inflate to. */
  readonly inflatedBytes: number
  /** Most inflated bytes for each compressed byte, once `ratioFromBytes` have been inflated. */
  readonly ratio: number
  /** A small or very repetitive export may compress better than `ratio`; up to here it costs a second at most. */
  readonly ratioFromBytes: number
}

export const LIMITS: Limits = {
  recordBytes: 64 * MIB,
  recordDepth: 4000,
  sessionChars: 128 * MIB,
  heldChars: 4 * MIB,
  assetBytes: 32 * MIB,
  entries: 100_000,
  inflatedBytes: 32 * 1024 * MIB,
  ratio: 200,
  ratioFromBytes: 768 * MIB,
}

/** What is looked at before a format is chosen: this many bytes at most, and this many records. */
export const PEEK_BYTES = MIB
export const SAMPLE_RECORDS = 50
export const SAMPLE_BYTES = 8 * MIB

/** After this many bytes a reader lets the event loop turn: it runs inside a daemon. */
export const YIELD_BYTES = 2 * MIB
