/** Facts of a conversation beside its messages, as they are kept. */

/** The latest of some times, or null. */
export const latestOf = (times: readonly (number | null)[]): number | null =>
  times.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null)

const META_CHARS = 200

/** Those facts that are strings and not empty, each cut to a bounded length. */
export function metaOf(facts: Readonly<Record<string, string | null>>): Record<string, string> {
  const meta: Record<string, string> = {}
  for (const [key, fact] of Object.entries(facts))
    if (fact !== null && fact !== '') meta[key] = fact.slice(0, META_CHARS).toWellFormed()
  return meta
}
