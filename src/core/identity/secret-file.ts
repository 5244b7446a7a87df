/** Files of named secrets, sealed under a passphrase or readable for whoever can read them: keystore, recovery, export. */
import type { z } from 'zod'
import { type CborValue, decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { Ed25519Key } from '../crypto/ed25519.ts'
import { openWithPassphrase, sealWithPassphrase } from '../crypto/password.ts'
import { SecretBytes } from '../crypto/secret.ts'
import type { Chance } from '../kernel/env.ts'
import { hasCode, VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { didFromKey } from './did.ts'

const MAX_BYTES = 64 * 1024

const corrupt = (why: string): VivimError => new VivimError('keystore/corrupt', `not a file of keys: ${why}`)

/** Lend the encoding of named values, and overwrite it and the copies made for it. */
export async function encodedSecrets<T>(
  values: { readonly [name: string]: CborValue },
  secrets: { readonly [name: string]: SecretBytes | null },
  use: (plaintext: Uint8Array) => Promise<T> | T,
): Promise<T> {
  const copies = Object.entries(secrets).map(([name, secret]) => [name, secret?.reveal() ?? null] as const)
  const plaintext = encodeCbor({ ...values, ...Object.fromEntries(copies) })
  try {
    return await use(plaintext)
  } finally {
    plaintext.fill(0)
    for (const [, bytes] of copies) bytes?.fill(0)
  }
}

/** Seal named values under a passphrase. */
export const sealSecrets = (
  values: { readonly [name: string]: CborValue },
  secrets: { readonly [name: string]: SecretBytes | null },
  passphrase: SecretBytes | null,
  chance: Chance,
): Promise<Uint8Array> =>
  encodedSecrets(values, secrets, plaintext => sealWithPassphrase(passphrase, plaintext, chance))

/** Open a sealed file of the shape. @throws `keystore/wrong-passphrase`, `keystore/corrupt`. */
export const openSecrets = async <S extends z.ZodType>(
  file: Uint8Array,
  passphrase: SecretBytes | null,
  schema: S,
  maxBytes = MAX_BYTES,
): Promise<z.output<S>> => parsedSecrets(await openWithPassphrase(passphrase, file), schema, maxBytes)

/** Read what was sealed, and overwrite it. @throws `keystore/corrupt`. */
export function parsedSecrets<S extends z.ZodType>(
  plaintext: SecretBytes,
  schema: S,
  maxBytes = MAX_BYTES,
): z.output<S> {
  try {
    const read = schema.safeParse(plaintext.use(bytes => decodeCbor(bytes, maxBytes)))
    if (!read.success) throw corrupt(`field ${read.error.issues[0]?.path.join('.')}`)
    return read.data
  } catch (cause) {
    if (hasCode(cause, 'keystore/corrupt')) throw cause
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

/** Whether the identity key in a file is the one of its DID. @throws `keystore/corrupt`. */
export function checkIdentityKey(did: Did, identity: SecretBytes | null): void {
  if (identity === null) return
  if (didFromKey(new Ed25519Key(identity).publicKey) !== did)
    throw corrupt('its identity key is of another DID')
}
