/** A contact card as an argument, or from stdin for `-`. */
import { stdinBytes } from './stdin.ts'

/** A card has at most 4,096 characters; blanks and line ends among them are dropped. */
const MAX_CARD_BYTES = 64 * 1024

export const cardFrom = async (given: string): Promise<string> =>
  (given === '-' ? (await stdinBytes(MAX_CARD_BYTES)).toString('utf8') : given).trim()
