/** Rows that a person may change on any of their devices: the last writer wins, by a count and not by a clock. */

/** How often a row was written, and the device that did it last, base64url of its key. */
export interface Written {
  version: number
  writer: string
}

/** The device of this database, as the profile has it once the keystore was unlocked. */
export const WRITER = `SELECT value FROM profile WHERE key = 'device.self'`
export const WRITER_KEY = 'device.self'

/** Whether one goes before another: by count, and of two with one count by the device. */
export const isLater = (next: Written, known: Written): boolean =>
  next.version > known.version || (next.version === known.version && next.writer > known.writer)
