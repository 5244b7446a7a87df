/** The secrets of one user, and two of the sealed files that hold them: keystore and recovery; the export has a file of its own. */
import { z } from 'zod'
import { Ed25519Key } from '../crypto/ed25519.ts'
import { type FileKey, openToSealAgain } from '../crypto/password.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { XWING_PUBLIC_KEY_BYTES } from '../crypto/xwing.ts'
import type { Chance } from '../kernel/env.ts'
import { Did } from '../model/id.ts'
import { READ_SECRET_BYTES } from './card.ts'
import { didFromKey } from './did.ts'
import { bytesOf, TimeMs } from './field.ts'
import { RECOVERY_SEED_BYTES, type RecoveryPublicKeys } from './recovery.ts'
import {
  checkIdentityKey,
  encodedSecrets,
  openSecrets,
  parsedSecrets,
  sealSecrets,
  taken,
} from './secret-file.ts'

/** What a device holds of a person. All secrets are 32 bytes but `read`, 16. */
export interface Keystore {
  readonly did: Did
  /** Seed of the identity key; null on every device but the one that made it. */
  readonly identity: SecretBytes | null
  /** Seed of the device's signing key. */
  readonly deviceSign: SecretBytes
  /** Seed of the device's X-Wing key. */
  readonly deviceKem: SecretBytes
  /** Seals content, epoch and link keys in the user's database. */
  readonly storageKey: SecretBytes
  /** Seed of the directory key. */
  readonly directory: SecretBytes
  /** The read secret that the card carries. */
  readonly read: SecretBytes
  /** Public halves of the recovery keys: every own grant and epoch secret is sealed to them too. */
  readonly recovery: RecoveryPublicKeys
  /** Where the identity was taken back: seed of the recovery key that opens what others hand back, and until when it is kept. It signs
   *  nothing. */
  readonly regain?: { readonly kem: SecretBytes; readonly untilMs: number } | null
}

const SECRET_NAMES = ['deviceSign', 'deviceKem', 'storageKey', 'directory', 'read'] as const

const KeystoreFile = z.looseObject({
  kind: z.literal('keystore'),
  v: z.literal(1),
  did: Did,
  identity: bytesOf(32).nullable(),
  deviceSign: bytesOf(32),
  deviceKem: bytesOf(32),
  storageKey: bytesOf(32),
  directory: bytesOf(32),
  read: bytesOf(READ_SECRET_BYTES),
  recoveryEd: bytesOf(32),
  recoveryKem: bytesOf(XWING_PUBLIC_KEY_BYTES),
  regain: bytesOf(32).nullable().optional(),
  regainUntil: TimeMs.nullable().optional(),
})
const RecoveryFile = z.looseObject({
  kind: z.literal('recovery'),
  v: z.literal(1),
  did: Did,
  seed: bytesOf(RECOVERY_SEED_BYTES),
})
/** New random secrets for a new person. @param recovery - public halves of the recovery keys. */
export function makeKeystore(recovery: RecoveryPublicKeys, chance: Chance): Keystore {
  const identity = drawSecret(32, chance)
  const did = didFromKey(new Ed25519Key(identity).publicKey)
  return { did, identity, ...drawDevice(chance), ...drawCard(chance), recovery }
}

const drawSecret = (length: number, chance: Chance): SecretBytes => taken(chance.bytes(length))

/** The secrets that every device has for itself. */
export const drawDevice = (chance: Chance): Pick<Keystore, 'deviceSign' | 'deviceKem' | 'storageKey'> => ({
  deviceSign: drawSecret(32, chance),
  deviceKem: drawSecret(32, chance),
  storageKey: drawSecret(32, chance),
})

/** The secrets behind a contact card. */
export const drawCard = (chance: Chance): Pick<Keystore, 'directory' | 'read'> => ({
  directory: drawSecret(32, chance),
  read: drawSecret(READ_SECRET_BYTES, chance),
})

/** Overwrite every secret. */
export function wipeKeystore(keystore: Keystore): void {
  keystore.identity?.wipe()
  keystore.regain?.kem.wipe()
  for (const name of SECRET_NAMES) keystore[name].wipe()
}

const valuesOf = ({ did, recovery, regain }: Keystore) => ({
  kind: 'keystore',
  v: 1,
  did,
  recoveryEd: recovery.ed,
  recoveryKem: recovery.kem,
  ...(regain && { regainUntil: regain.untilMs }),
})
const secretsOf = (keystore: Keystore) => ({
  ...Object.fromEntries(SECRET_NAMES.map(name => [name, keystore[name]])),
  identity: keystore.identity,
  ...(keystore.regain && { regain: keystore.regain.kem }),
})

/** The file `keystore`. @param passphrase - null writes it readable for whoever can read the file. */
export const sealKeystore = (
  keystore: Keystore,
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> => sealSecrets(valuesOf(keystore), secretsOf(keystore), passphrase, chance)

/** The file with other contents, under the passphrase that it was opened with. */
export const sealKeystoreAgain = (
  keystore: Keystore,
  fileKey: FileKey,
  chance: Chance,
): Promise<Uint8Array> =>
  encodedSecrets(valuesOf(keystore), secretsOf(keystore), plaintext => fileKey.seal(plaintext, chance))

/** @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function openKeystore(file: Uint8Array, passphrase: SecretBytes | null): Promise<Keystore> {
  const { keystore, fileKey } = await openKeystoreToSealAgain(file, passphrase)
  fileKey.wipe()
  return keystore
}

/** As `openKeystore`, with what writes the file again. */
export async function openKeystoreToSealAgain(
  file: Uint8Array,
  passphrase: SecretBytes | null,
): Promise<{ readonly keystore: Keystore; readonly fileKey: FileKey }> {
  const { plaintext, fileKey } = await openToSealAgain(passphrase, file)
  const read = parsedSecrets(plaintext, KeystoreFile)
  const keystore = {
    did: read.did,
    identity: read.identity && taken(read.identity),
    deviceSign: taken(read.deviceSign),
    deviceKem: taken(read.deviceKem),
    storageKey: taken(read.storageKey),
    directory: taken(read.directory),
    read: taken(read.read),
    recovery: { ed: read.recoveryEd, kem: read.recoveryKem },
    regain:
      read.regain && read.regainUntil != null ? { kem: taken(read.regain), untilMs: read.regainUntil } : null,
  }
  checkIdentityKey(keystore.did, keystore.identity)
  return { keystore, fileKey }
}

/** The file `recovery`: lies beside the keystore until the seed was exported. @param seed - 32 bytes. */
export const sealRecovery = (
  did: Did,
  seed: SecretBytes,
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> => sealSecrets({ kind: 'recovery', v: 1, did }, { seed }, passphrase, chance)

/** @returns the recovery seed. @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function openRecovery(
  file: Uint8Array,
  passphrase: SecretBytes | null,
): Promise<{ readonly did: Did; readonly seed: SecretBytes }> {
  const read = await openSecrets(file, passphrase, RecoveryFile)
  return { did: read.did, seed: taken(read.seed) }
}
