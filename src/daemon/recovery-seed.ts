/** The recovery seed beside a keystore: there until an export has taken it elsewhere. */
import { existsSync } from 'node:fs'
import type { SecretBytes } from '../core/crypto/secret.ts'
import { openRecovery } from '../core/identity/keystore.ts'
import { codeOf, VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { readSmall } from './durable-file.ts'
import { userFolderName } from './home.ts'

const MAX_BYTES = 64 * 1024

/** Whether there is one, of whatever worth. */
export const hasSeed = (path: string): boolean => existsSync(path)

/** @param passphrase - has opened the keystore. @returns null where there is none. @throws `keystore/corrupt` for one that does not
 *  open, which names the file: else a passphrase that is right would be called wrong. */
export async function openSeed(
  path: string,
  did: Did,
  passphrase: SecretBytes | null,
): Promise<SecretBytes | null> {
  if (!hasSeed(path)) return null
  const name = `users/${userFolderName(did)}/recovery`
  const unusable = (cause?: unknown): VivimError =>
    new VivimError(
      'keystore/corrupt',
      `${name} is damaged or of another keystore, which itself opens: put the file back from a backup; with it moved away all but recovery works`,
      { file: name },
      { cause },
    )
  try {
    const file = readSmall(path, MAX_BYTES)
    const read = file && (await openRecovery(file, passphrase))
    if (read?.did === did) return read.seed
    read?.seed.wipe()
  } catch (cause) {
    if (codeOf(cause) === 'program/defect') throw cause
    throw unusable(cause)
  }
  throw unusable()
}
