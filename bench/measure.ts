/** How things are timed: several times, in turns with what stands beside them, and the median counts. */

export interface Sample {
  readonly medianMs: number
  readonly allMs: readonly number[]
}

/** What is timed: `prepare` is not, `run` is. */
export interface Body<T = void> {
  readonly prepare?: (round: number) => Promise<T> | T
  readonly run: (prepared: T) => unknown
}

/** @param share - 0.5 for the median, 0.95 for what one in twenty exceeds. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** @returns milliseconds since some moment. */
export type Watch = () => number

export const wallWatch: Watch = () => performance.now()
/** Time that this process computed, on all cores: what others do on a busy machine is not in it. */
export const cpuWatch: Watch = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e3
}

async function once<T>({ prepare, run }: Body<T>, round: number, watch: Watch): Promise<number> {
  const prepared = (await prepare?.(round)) as T
  const began = watch()
  await run(prepared)
  return watch() - began
}

const sampleOf = (allMs: readonly number[]): Sample => ({ medianMs: quantile(allMs, 0.5), allMs })

/** Time all of them, round by round in turns, so that whatever else the machine does falls on all alike. One round more runs
 *  first, uncounted, for compilers and caches. */
export async function inTurns<Name extends string>(
  rounds: number,
  // biome-ignore lint/suspicious/noExplicitAny: each body prepares what it alone takes
  bodies: Record<Name, Body<any>>,
  watch: Watch = wallWatch,
): Promise<Record<Name, Sample>> {
  const named = Object.entries(bodies) as [Name, Body<unknown>][]
  const times = Object.fromEntries(named.map(([name]) => [name, []])) as unknown as Record<Name, number[]>
  for (let round = 0; round <= rounds; round++)
    for (const [name, body] of named) {
      const ms = await once(body, round, watch)
      if (round > 0) times[name].push(ms)
    }
  return Object.fromEntries(named.map(([name]) => [name, sampleOf(times[name])])) as Record<Name, Sample>
}

/** `inTurns` for two. */
export const sideBySide = <A, B>(
  rounds: number,
  ours: Body<A>,
  theirs: Body<B>,
  watch: Watch = wallWatch,
): Promise<{ ours: Sample; theirs: Sample }> => inTurns(rounds, { ours, theirs }, watch)

/** Megabytes (10^6) a second. */
export const megabytesPerSecond = (bytes: number, ms: number): number => bytes / 1e6 / (ms / 1e3)
