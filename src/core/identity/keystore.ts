/** The secrets of one user, and the three sealed files that hold them: keystore, recovery and export. */
import { z } from 'zod'
import { type CborValue, decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { Ed25519Key } from '../crypto/ed25519.ts'
import { openWithPassphrase, sealWithPassphrase } from '../crypto/password.ts'
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
const ExportFile = z.looseObject({
  kind: z.literal('export'),
  v: z.literal(1),
  did: Did,
  identity: bytesOf(32).nullable(),
  seed: bytesOf(RECOVERY_SEED_BYTES).nullable(),
})

const corrupt = (why: string): VivimError => new VivimError('keystore/corrupt', `not a file of keys: ${why}`)

/** New random secrets for a new person. @param recovery - public halves of the recovery keys. */
export function makeKeystore(recovery: RecoveryPublicKeys, chance: Chance): Keystore {
  const draw = (length: number): SecretBytes => {
    const bytes = chance.bytes(length)
    const secret = new SecretBytes(bytes)
    bytes.fill(0)
    return secret
  }
  const identity = draw(32)
  return {
    did: didFromKey(new Ed25519Key(identity).publicKey),
    identity,
    deviceSign: draw(32),
    deviceKem: draw(32),
    storageKey: draw(32),
    directory: draw(32),
    read: draw(16),
    recovery,
  }
}

/** Overwrite every secret. */
export function wipeKeystore(keystore: Keystore): void {
  keystore.identity?.wipe()
  for (const name of SECRET_NAMES) keystore[name].wipe()
}

const copy = (secret: SecretBytes | null): Uint8Array | null =>
  secret === null ? null : secret.use(bytes => Uint8Array.from(bytes))

/** Seal named values and overwrite the copies made for it. */
async function seal(
  values: { readonly [name: string]: CborValue },
  secrets: { readonly [name: string]: SecretBytes | null },
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> {
  const copies = Object.entries(secrets).map(([name, secret]) => [name, copy(secret)] as const)
  const plaintext = encodeCbor({ ...values, ...Object.fromEntries(copies) })
  try {
    return await sealWithPassphrase(passphrase, plaintext, chance)
  } finally {
    plaintext.fill(0)
    for (const [, bytes] of copies) bytes?.fill(0)
  }
}

async function open<S extends z.ZodType>(
  file: Uint8Array,
  passphrase: SecretBytes | null,
  schema: S,
): Promise<z.output<S>> {
  const plaintext = await openWithPassphrase(passphrase, file)
  try {
    const parsed = schema.safeParse(plaintext.use(bytes => decodeCbor(bytes, MAX_BYTES)))
    if (!parsed.success) throw corrupt(`field ${parsed.error.issues[0]?.path.join('.')}`)
    return parsed.data
  } catch (cause) {
    if (cause instanceof VivimError && cause.code === 'keystore/corrupt') throw cause
    throw new VivimError('keystore/corrupt', 'not a file of keys', {}, { cause })
  } finally {
    plaintext.wipe()
  }
}

/** Wrap the bytes of a secret and overwrite what was read. */
function taken(bytes: Uint8Array): SecretBytes {
  const secret = new SecretBytes(bytes)
  bytes.fill(0)
  return secret
}

/** The file `keystore`. @param passphrase - null writes it readable for whoever can read the file. */
export const sealKeystore = (
  keystore: Keystore,
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> => {
  const { did, recovery, identity } = keystore
  const secrets = Object.fromEntries(SECRET_NAMES.map(name => [name, keystore[name]]))
  return seal(
    { kind: 'keystore', v: 1, did, recoveryEd: recovery.ed, recoveryKem: recovery.kem },
    { ...secrets, identity },
    passphrase,
    chance,
  )
}

/** @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function openKeystore(file: Uint8Array, passphrase: SecretBytes | null): Promise<Keystore> {
  const read = await open(file, passphrase, KeystoreFile)
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
  return keystore
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

/** What a person keeps away from all devices: enough to take the identity back. */
export interface IdentityExport {
  readonly did: Did
  readonly identity: SecretBytes | null
  readonly seed: SecretBytes | null
}

/** The export file, under a passphrase of its own. */
export const sealExport = (
  exported: IdentityExport,
  passphrase: SecretBytes,
  chance: Chance,
): Promise<Uint8Array> =>
  seal(
    { kind: 'export', v: 1, did: exported.did },
    { identity: exported.identity, seed: exported.seed },
    passphrase,
    chance,
  )

/** @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function openExport(file: Uint8Array, passphrase: SecretBytes): Promise<IdentityExport> {
  const read = await open(file, passphrase, ExportFile)
  const identity = read.identity && taken(read.identity)
  checkIdentity(read.did, identity)
  return { did: read.did, identity, seed: read.seed && taken(read.seed) }
}

function checkIdentity(did: Did, identity: SecretBytes | null): void {
  if (identity === null) return
  if (didFromKey(new Ed25519Key(identity).publicKey) !== did)
    throw corrupt('its identity key is of another DID')
}
