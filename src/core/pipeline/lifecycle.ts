/** The life of a share as pure decisions: which states live, which have ended, when to try again. */
import type { ShareState } from '../contract/share-shapes.ts'
import { VivimError } from '../kernel/errors.ts'

/** States from which a share still goes to somebody. */
const LIVE_STATES: readonly ShareState[] = ['scheduled', 'queued', 'publishing', 'published']
export const isLive = (state: ShareState): boolean => LIVE_STATES.includes(state)

/** Own and received shares alike; other states pass. @throws `share/expired`, `share/revoked`, `share/exhausted` for one that ended so. */
export function refuseEnded({ shareId, state }: { shareId: string; state: string }): void {
  if (state === 'expired' || state === 'revoked' || state === 'exhausted')
    throw new VivimError(`share/${state}`, `this share ended: ${state}`, { share: shareId })
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How long to wait before the next try. A dial on a network at hand costs little, so a young job tries every few seconds:
 *  whoever comes back finds their share within seconds. An old one is a person who is away, whose node dials us when it starts.
 *  @param unit - a random number in [0, 1), spreads the tries of many nodes. */
export function retryDelayMs(attempts: number, ageMs: number, unit: number): number {
  const cap = ageMs < HOUR ? 4 * SECOND : ageMs < 24 * HOUR ? 30 * SECOND : 5 * MINUTE
  const base = Math.min(cap, 250 * 2 ** Math.min(attempts, 20))
  return Math.round(base * (0.75 + unit / 2))
}
