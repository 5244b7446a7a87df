/** The secrets of one user, and two of the sealed files that hold them: keystore and recovery; the export has a file of its own. */
import { z } from 'zod'
import { type CborValue, decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { Ed25519Key } from '../crypto/ed25519.ts'
import { type FileKey, openToSealAgain, openWithPassphrase, sealWithPassphrase } from '../crypto/password.ts'
import { SecretBytes } from '../crypto/secret.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { Did } from '../model/id.ts'
import { didFromKey } from './did.ts'
import { bytesOf } from './field.ts'
import { RECOVERY_SEED_BYTES, type RecoveryPublicKeys } from './recovery.ts'

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
}

const SECRET_NAMES = ['deviceSign', 'deviceKem', 'storageKey', 'directory', 'read'] as const
const MAX_BYTES = 64 * 1024

const KeystoreFile = z.looseObject({
  kind: z.literal('keystore'),
  v: z.literal(1),
  did: Did,
  identity: bytesOf(32).nullable(),
  deviceSign: bytesOf(32),
  deviceKem: bytesOf(32),
  storageKey: bytesOf(32),
  directory: bytesOf(32),
  read: bytesOf(16),
  recoveryEd: bytesOf(32),
  recoveryKem: bytesOf(1216),
})
const RecoveryFile = z.looseObject({
  kind: z.literal('recovery'),
  v: z.literal(1),
  did: Did,
  seed: bytesOf(RECOVERY_SEED_BYTES),
})
export const corrupt = (why: string): VivimError =>
  new VivimError('keystore/corrupt', `not a file of keys: ${why}`)

/** New random secrets for a new person. @param recovery - public halves of the recovery keys. */
export function makeKeystore(recovery: RecoveryPublicKeys, chance: Chance): Keystore {
  const identity = drawSecret(32, chance)
  const did = didFromKey(new Ed25519Key(identity).publicKey)
  return { did, identity, ...drawDevice(chance), ...drawCard(chance), recovery }
}

function drawSecret(length: number, chance: Chance): SecretBytes {
  const bytes = chance.bytes(length)
  const secret = new SecretBytes(bytes)
  bytes.fill(0)
  return secret
}

/** The secrets that every device has for itself. */
export const drawDevice = (chance: Chance): Pick<Keystore, 'deviceSign' | 'deviceKem' | 'storageKey'> => ({
  deviceSign: drawSecret(32, chance),
  deviceKem: drawSecret(32, chance),
  storageKey: drawSecret(32, chance),
})

/** The secrets behind a contact card. */
export const drawCard = (chance: Chance): Pick<Keystore, 'directory' | 'read'> => ({
  directory: drawSecret(32, chance),
  read: drawSecret(16, chance),
})

/** Overwrite every secret. */
export function wipeKeystore(keystore: Keystore): void {
  keystore.identity?.wipe()
  for (const name of SECRET_NAMES) keystore[name].wipe()
}

const copy = (secret: SecretBytes | null): Uint8Array | null =>
  secret === null ? null : secret.use(bytes => Uint8Array.from(bytes))

/** Lend the encoding of named values, and overwrite it and the copies made for it. */
async function encoded<T>(
  values: { readonly [name: string]: CborValue },
  secrets: { readonly [name: string]: SecretBytes | null },
  use: (plaintext: Uint8Array) => Promise<T> | T,
): Promise<T> {
  const copies = Object.entries(secrets).map(([name, secret]) => [name, copy(secret)] as const)
  const plaintext = encodeCbor({ ...values, ...Object.fromEntries(copies) })
  try {
    return await use(plaintext)
  } finally {
    plaintext.fill(0)
    for (const [, bytes] of copies) bytes?.fill(0)
  }
}

/** Seal named values under a passphrase. */
export const seal = (
  values: { readonly [name: string]: CborValue },
  secrets: { readonly [name: string]: SecretBytes | null },
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> =>
  encoded(values, secrets, plaintext => sealWithPassphrase(passphrase, plaintext, chance))

/** Open a sealed file of the shape. @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export const open = async <S extends z.ZodType>(
  file: Uint8Array,
  passphrase: SecretBytes | null,
  schema: S,
  maxBytes = MAX_BYTES,
): Promise<z.output<S>> => parsed(await openWithPassphrase(passphrase, file), schema, maxBytes)

function parsed<S extends z.ZodType>(plaintext: SecretBytes, schema: S, maxBytes: number): z.output<S> {
  try {
    const read = schema.safeParse(plaintext.use(bytes => decodeCbor(bytes, maxBytes)))
    if (!read.success) throw corrupt(`field ${read.error.issues[0]?.path.join('.')}`)
    return read.data
  } catch (cause) {
    if (cause instanceof VivimError && cause.code === 'keystore/corrupt') throw cause
    throw new VivimError('keystore/corrupt', 'not a file of keys', {}, { cause })
  } finally {
    plaintext.wipe()
  }
}

/** Wrap the bytes of a secret and overwrite what was read. */
export function taken(bytes: Uint8Array): SecretBytes {
  const secret = new SecretBytes(bytes)
  bytes.fill(0)
  return secret
}

const valuesOf = ({ did, recovery }: Keystore) => ({
  kind: 'keystore',
  v: 1,
  did,
  recoveryEd: recovery.ed,
  recoveryKem: recovery.kem,
})
const secretsOf = (keystore: Keystore) => ({
  ...Object.fromEntries(SECRET_NAMES.map(name => [name, keystore[name]])),
  identity: keystore.identity,
})

/** The file `keystore`. @param passphrase - null writes it readable for whoever can read the file. */
export const sealKeystore = (
  keystore: Keystore,
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> => seal(valuesOf(keystore), secretsOf(keystore), passphrase, chance)

/** The file with other contents, under the passphrase that it was opened with. */
export const sealKeystoreAgain = (
  keystore: Keystore,
  fileKey: FileKey,
  chance: Chance,
): Promise<Uint8Array> =>
  encoded(valuesOf(keystore), secretsOf(keystore), plaintext => fileKey.seal(plaintext, chance))

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
  const read = parsed(plaintext, KeystoreFile, MAX_BYTES)
  const keystore = {
    did: read.did,
    identity: read.identity && taken(read.identity),
    deviceSign: taken(read.deviceSign),
    deviceKem: taken(read.deviceKem),
    storageKey: taken(read.storageKey),
    directory: taken(read.directory),
    read: taken(read.read),
    recovery: { ed: read.recoveryEd, kem: read.recoveryKem },
  }
  checkIdentity(keystore.did, keystore.identity)
  return { keystore, fileKey }
}

/** The file `recovery`: lies beside the keystore until the seed was exported. @param seed - 32 bytes. */
export const sealRecovery = (
  did: Did,
  seed: SecretBytes,
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> => seal({ kind: 'recovery', v: 1, did }, { seed }, passphrase, chance)

/** @returns the recovery seed. @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function openRecovery(
  file: Uint8Array,
  passphrase: SecretBytes | null,
): Promise<{ readonly did: Did; readonly seed: SecretBytes }> {
  const read = await open(file, passphrase, RecoveryFile)
  return { did: read.did, seed: taken(read.seed) }
}

function checkIdentity(did: Did, identity: SecretBytes | null): void {
  if (identity === null) return
  if (didFromKey(new Ed25519Key(identity).publicKey) !== did)
    throw corrupt('its identity key is of another DID')
}
