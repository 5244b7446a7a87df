/** Whose place a new request to be taken in may have, where all are taken: peer ids cost nothing, places in the network some. All pure. */

/** Requests that wait for one person at once. */
export const PLACES = 32
/** Who asks looks again about once a second; who did not for this long gives way. */
export const SILENT_MS = 10_000

export interface Waiting {
  readonly id: string
  /** The network that it came from, as `networkOf` says. */
  readonly from: string
  readonly atMs: number
  /** When it last asked how it stands. */
  readonly seenMs: number
}

/** The network of an address: IPv4 by itself, IPv6 by its first 64 bits; what is no address stands for itself. */
export function networkOf(host: string): string {
  if (!host.includes(':')) return host
  const [head = ''] = host.split('::', 1)
  const parts = head.split(':')
  return [0, 1, 2, 3].map(at => Number.parseInt(parts[at] || '0', 16).toString(16)).join(':')
}

/** @returns the id of the request that gives way, null where a place is free, or false where none may be had: first the one that was silent
 *  longest, then the oldest of the network that has most, as long as the newcomer's then has fewer. */
export function givesWay(all: readonly Waiting[], from: string, nowMs: number): string | null | false {
  if (all.length < PLACES) return null
  const silent = all
    .filter(({ seenMs }) => nowMs - seenMs >= SILENT_MS)
    .sort((a, b) => a.seenMs - b.seenMs)[0]
  if (silent !== undefined) return silent.id
  const counts = new Map<string, number>()
  for (const one of all) counts.set(one.from, (counts.get(one.from) ?? 0) + 1)
  const most = Math.max(...counts.values())
  if ((counts.get(from) ?? 0) + 1 >= most) return false
  return all.filter(one => counts.get(one.from) === most).sort((a, b) => a.atMs - b.atMs)[0]?.id ?? false
}
