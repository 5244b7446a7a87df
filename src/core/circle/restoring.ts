/** A circle as it was before somebody did in it what is not understood here: what its owner takes them out by. */
import type { CircleId, Did } from '../model/id.ts'
import type { Entry, EntryHash } from './entry.ts'
import { type CircleReduction, type CircleState, reduceCircle } from './reduce.ts'

/** Whether somebody may take people out of a circle that is not understood here: an owner, who stands above everybody who did that. */
export const mayRestore = ({ upgrade, owner }: CircleState, did: Did): boolean => upgrade && owner === did

/** @param entries - all of the reduction. @returns the circle without what `by` did that is not understood, and without what came after. */
export function stateBefore(
  circle: CircleId,
  reduction: CircleReduction,
  entries: readonly Entry[],
  by: Did,
): CircleState {
  const gone = new Set<EntryHash>()
  for (const { op, did, hash, prev } of reduction.inOrder(entries))
    if ((op === 'unknown' && did === by) || prev.some(before => gone.has(before))) gone.add(hash)
  return reduceCircle(
    circle,
    entries.filter(({ hash }) => !gone.has(hash)),
  )
}
