/** Which of two identity documents of one DID counts: sequence, recovery key, time. All pure. */
import { sameBytes } from '../kernel/bytes.ts'
import type { Device } from './device.ts'
import { activeDevices, deviceOf, type IdentityDocument } from './document.ts'
import { CLOCK_SKEW_MS } from './field.ts'

/** `accept`: it takes the known one's place. `same`: nothing to do. `older`: a rollback. `outranked`: not by the recovery key,
 *  where the known one is. `conflict`: another document of the same sequence: raise the alarm, keep the known one, and use
 *  `sharedDevices` of both. `foreign`: of another DID, or committed to another recovery key. */
export type DocumentDecision = 'accept' | 'same' | 'older' | 'outranked' | 'conflict' | 'foreign'

/** @param known - what counts so far, or null at the first meeting. */
export function decideDocument(known: IdentityDocument | null, next: IdentityDocument): DocumentDecision {
  if (known === null) return 'accept'
  if (sameBytes(known.hash, next.hash)) return 'same'
  if (known.did !== next.did || !sameBytes(known.recovery, next.recovery)) return 'foreign'
  if (known.byRecovery !== next.byRecovery) return next.byRecovery ? 'accept' : 'outranked'
  if (next.seq === known.seq) return 'conflict'
  return next.seq > known.seq ? 'accept' : 'older'
}

/** Of two documents in conflict neither adds a device: what both list and neither revokes is left. */
export const sharedDevices = (a: IdentityDocument, b: IdentityDocument): Device[] =>
  activeDevices(a).filter(device => {
    const other = deviceOf(b, device.ed)
    return other !== null && sameBytes(other.kem, device.kem)
  })

/** Whether a document counts at this time: one dated ahead of the clock waits, one that expired does not. */
export function documentTime(document: IdentityDocument, nowMs: number): 'current' | 'ahead' | 'expired' {
  if (document.atMs > nowMs + CLOCK_SKEW_MS) return 'ahead'
  return nowMs < document.expiresAtMs ? 'current' : 'expired'
}
