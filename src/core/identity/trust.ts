/** What a newer identity document changes for those who trusted the one before. Pure. */
import type { ContactChange } from '../contract/people-shapes.ts'
import { activeDevices, deviceOf, type IdentityDocument } from './document.ts'

/** @param known - what counted before. @param next - what takes its place. @returns what people should be told, in a fixed order. */
export function changesBetween(known: IdentityDocument, next: IdentityDocument): ContactChange[] {
  const added = activeDevices(next).some(({ ed }) => deviceOf(known, ed) === null)
  const removed = activeDevices(known).some(({ ed }) => deviceOf(next, ed) === null)
  const changes: ContactChange[] = []
  // Once the recovery key has signed, every later document is by it: a mere renewal is nothing to tell.
  if (next.byRecovery && (!known.byRecovery || added || removed)) changes.push('recovered')
  if (added) changes.push('device-added')
  if (removed) changes.push('device-removed')
  if (next.movedTo !== null && next.movedTo !== known.movedTo) changes.push('moved')
  return changes
}

/** Whether a person should be compared with again: somebody else may hold their keys. */
export const shakesTrust = (changes: readonly ContactChange[]): boolean =>
  changes.some(change => change === 'recovered' || change === 'conflict' || change === 'moved')
