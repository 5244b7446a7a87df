/** The recovery seed: 32 bytes from which the key that outranks the identity key is derived, and the key that opens backups. */
import { z } from 'zod'
import { Ed25519Key } from '../crypto/ed25519.ts'
import { hkdf, sha256 } from '../crypto/hash.ts'
import { LABELS } from '../crypto/labels.ts'
import { borrowSecret, type Secret, SecretBytes } from '../crypto/secret.ts'
import { XWING_PUBLIC_KEY_BYTES, XWingKey } from '../crypto/xwing.ts'
import { utf8 } from '../kernel/bytes.ts'
import { bytesOf } from './field.ts'

export const RECOVERY_SEED_BYTES = 32

/** Public halves: `ed` 32 bytes, `kem` 1,216 bytes. */
export interface RecoveryPublicKeys {
  readonly ed: Uint8Array
  readonly kem: Uint8Array
}
export const RecoveryField = z.looseObject({ ed: bytesOf(32), kem: bytesOf(XWING_PUBLIC_KEY_BYTES) })

export interface RecoveryKeys {
  readonly sign: Ed25519Key
  readonly kem: XWingKey
  readonly publicKeys: RecoveryPublicKeys
  /** 32 bytes, what every identity document commits to. */
  readonly commitment: Uint8Array
}

const EMPTY = new Uint8Array(0)

/** SHA-256(ed ‖ kem), 32 bytes. */
export const recoveryCommitment = (keys: RecoveryPublicKeys): Uint8Array => sha256(keys.ed, keys.kem)

const derive = (seed: Secret, name: string): Uint8Array =>
  borrowSecret(seed, RECOVERY_SEED_BYTES, bytes => hkdf(bytes, EMPTY, utf8(name), 32))

/** The seed of the X-Wing half alone, 32 bytes: it opens, and neither signs nor tells the recovery seed. @throws `crypto/bad-length`. */
export function recoveryKemSeed(seed: Secret): SecretBytes {
  const bytes = derive(seed, LABELS.recoveryKem)
  const kem = new SecretBytes(bytes)
  bytes.fill(0)
  return kem
}

/** @param seed - 32 bytes. @throws `crypto/bad-length`. */
export function recoveryKeys(seed: Secret): RecoveryKeys {
  const signSeed = derive(seed, LABELS.recoverySign)
  const kemSeed = derive(seed, LABELS.recoveryKem)
  const sign = new Ed25519Key(signSeed)
  const kem = new XWingKey(kemSeed)
  signSeed.fill(0)
  kemSeed.fill(0)
  const publicKeys = { ed: sign.publicKey, kem: kem.publicKey }
  return { sign, kem, publicKeys, commitment: recoveryCommitment(publicKeys) }
}
