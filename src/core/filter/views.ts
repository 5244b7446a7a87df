/** All views of a text. Each is a text of its own for the rules. */
import type { Kind, View } from './view.ts'
import { decoded } from './view-encodings.ts'
import { unescaped, unsoftened } from './view-escapes.ts'
import { joined } from './view-lines.ts'

/** Longest views of views: JSON in JSON in base64 in a URL, and one more. */
export const MAX_DEPTH = 4

/** The views of a text, of some kinds. @param seams - offsets at which another text begins @param seen - runs that were decoded
 *  before */
export function viewsOf(
  text: string,
  kinds: readonly Kind[],
  seams: ReadonlySet<number>,
  seen: Set<string>,
): View[] {
  const views = {
    unescaped: () => [unescaped(text)],
    unsoftened: () => [unsoftened(text)],
    joined: () => joined(text, seams),
    decoded: () => [decoded(text, seen)],
  }
  return kinds.flatMap(kind => views[kind]()).filter(view => view !== null)
}
