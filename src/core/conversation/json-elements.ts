/** The records of a JSON file as it streams by, in slices, with turns for others in between. */
import { ElementSplitter, WRAPPERS } from './element-splitter.ts'
import { type Limits, YIELD_BYTES } from './limits.ts'
import { type RawRecord, turn } from './record.ts'
import { isTurn } from './turns.ts'

/** Chunks are worked on in slices, so that few parsed records exist at a time. */
const SLICE_BYTES = 256 * 1024

/** The wrappers of a file that begins so: none where the array under a wrapper's key holds the turns of one conversation. */
export function wrappersOf(head: Uint8Array, limits: Limits): ReadonlySet<string> {
  const splitter = new ElementSplitter(limits)
  splitter.push(head, 0)
  for (let record = splitter.next(); record !== null; record = splitter.next())
    if (record.kind === 'value') return isTurn(record.value) ? new Set() : WRAPPERS
  return WRAPPERS
}

/** The records of a JSON file, in order; a bad one is reported in its place and the rest goes on. */
export async function* jsonElements(
  source: AsyncIterable<Uint8Array>,
  limits: Limits,
  wrappers?: ReadonlySet<string>,
): AsyncGenerator<RawRecord> {
  const splitter = new ElementSplitter(limits, wrappers)
  let offset = 0
  let sinceTurn = 0
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; from += SLICE_BYTES) {
      const slice = chunk.subarray(from, from + SLICE_BYTES)
      splitter.push(slice, offset)
      offset += slice.length
      for (let record = splitter.next(); record !== null; record = splitter.next()) yield record
      sinceTurn += slice.length
      if (sinceTurn >= YIELD_BYTES) {
        sinceTurn = 0
        await turn()
      }
    }
  }
  for (let record = splitter.end(); record !== null; record = splitter.end()) yield record
}
