/** The unlocked keys of a user as the services see them, and small secrets kept in that user's database. */
import type { Ed25519Key } from '../../core/crypto/ed25519.ts'
import { LABELS } from '../../core/crypto/labels.ts'
import { openUnderKey, sealUnderKey } from '../../core/crypto/sealed.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import type { XWingKey } from '../../core/crypto/xwing.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import type { RecoveryPublicKeys } from '../../core/identity/recovery.ts'
import { utf8 } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import type { CircleId, Did, ShareId } from '../../core/model/id.ts'

/** What an unlocked keystore lends. Nobody keeps it over a wait: it is asked for again each time. */
export interface Keys {
  readonly document: IdentityDocument
  readonly device: Ed25519Key
  readonly kem: XWingKey
  readonly storageKey: SecretBytes
  readonly recovery: RecoveryPublicKeys
  readonly directoryKey: Ed25519Key
  /** The read secret of the card, 16 bytes. */
  readonly read: SecretBytes
  /** Opens what others hand back after a recovery; null where none is under way. */
  readonly regain: XWingKey | null
}

export interface KeyRing {
  /** @throws `keystore/locked`. */
  keys(local: Did): Keys
  unlocked(local: Did): boolean
}

/** Where the secret of an epoch is kept. */
export const epochPlace = (circle: CircleId, epochId: string): string => `epoch ${circle} ${epochId}`

/** Where the content key of an own share is kept. */
export const contentPlace = (share: ShareId): string => `content ${share}`

/** Seal a secret for the user's own database. @param place - what it is and of what, so that none stands in for another. */
export const sealStored = (keys: Keys, place: string, secret: SecretBytes, chance: Chance): Uint8Array =>
  secret.use(bytes => sealUnderKey(keys.storageKey, LABELS.storageKey, utf8(place), bytes, chance))

/** @throws `crypto/cannot-open` when it was sealed for another place or under another key. */
export function openStored(keys: Keys, place: string, sealed: Uint8Array): SecretBytes {
  const bytes = openUnderKey(keys.storageKey, LABELS.storageKey, utf8(place), sealed)
  const secret = new SecretBytes(bytes)
  bytes.fill(0)
  return secret
}
