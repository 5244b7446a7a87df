/** Ranges of message numbers as people write them: `3-9,12`. */
import { VivimError } from '../kernel/errors.ts'

/** @param last - highest number there is. @returns 1 at each number that is wanted. @throws `usage/invalid`, saying which numbers there are. */
export function numbersIn(ranges: string, last: number): Uint8Array {
  const wanted = new Uint8Array(last + 1)
  for (const range of ranges.split(',')) {
    const [, first, end] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range.trim()) ?? []
    const from = Number(first)
    const to = end === undefined ? from : Number(end)
    if (first === undefined || from < 1 || to < from || to > last)
      throw new VivimError(
        'usage/invalid',
        `there are no messages ${range}: ${last === 0 ? 'none is visible' : `they are numbered 1 to ${last}`}`,
        { range, last },
      )
    wanted.fill(1, from, to + 1)
  }
  return wanted
}
