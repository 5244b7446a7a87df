/** The next identity document by the recovery key: what takes an identity back, revokes what was lost, and moves it. */
import { borrowSecret, type Secret, sameSecret } from '../crypto/secret.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import type { Device, RevokedDevice } from './device.ts'
import { anchorOf, type IdentityDocument, MAX_REVOKED, signDocumentByRecovery } from './document.ts'
import { RECOVERY_SEED_BYTES, recoveryKeys } from './recovery.ts'

/** What the next document says otherwise than the one before. Who moved stays moved. */
export interface RecoveryChange {
  readonly expiresAtMs: number
  readonly devices?: readonly Device[]
  readonly revoked?: readonly RevokedDevice[]
  readonly peers?: readonly string[]
  readonly movedTo?: Did
}

/** Sign the document after `known`. Its sequence is the time in seconds, or one more than the known one: whoever recovers from an
 *  old copy cannot know the last sequence, and two documents of one would only raise the alarm.
 *  @param seed - 32 bytes. @throws `identity/other-recovery` when it is not the seed that the document commits to. */
export function documentByRecovery(
  known: IdentityDocument,
  seed: Secret,
  nowMs: number,
  change: RecoveryChange,
): IdentityDocument {
  const keys = borrowSecret(seed, RECOVERY_SEED_BYTES, bytes => recoveryKeys(bytes))
  if (!sameSecret(keys.commitment, known.recovery))
    throw new VivimError('identity/other-recovery', 'the recovery seed is not the one of this identity')
  return signDocumentByRecovery(
    {
      did: known.did,
      seq: Math.max(known.seq + 1, Math.floor(nowMs / 1000)),
      atMs: nowMs,
      prev: known.hash,
      devices: known.devices,
      recovery: known.recovery,
      peers: known.peers,
      ...(known.movedTo !== null && { movedTo: known.movedTo }),
      ...change,
      // The newest stay: a device that is neither listed nor revoked does not count either.
      revoked: (change.revoked ?? known.revoked).slice(-MAX_REVOKED),
    },
    keys,
    anchorOf(known),
  )
}
