/** The next own identity document: by the identity key where this device has it, else by the recovery key, which is needed for good once
 *  it signed (docs/protocol.md section 2.1). */
import { Ed25519Key } from '../../core/crypto/ed25519.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import type { Device, RevokedDevice } from '../../core/identity/device.ts'
import { DOCUMENT_LIFE_MS, type IdentityDocument, signDocument } from '../../core/identity/document.ts'
import { openExport, wipeExport } from '../../core/identity/export-file.ts'
import { documentByRecovery } from '../../core/identity/recovering.ts'
import { wordsToSeed } from '../../core/identity/words.ts'
import { utf8 } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'

export interface DocumentChange {
  readonly devices: readonly Device[]
  readonly revoked: readonly RevokedDevice[]
  readonly peers: readonly string[]
}

/** The words, or an export file with its passphrase, as the command line read them. */
export type RecoverySource =
  | { readonly words: string }
  | { readonly fileB64: string; readonly passphrase: string }

/** What may sign for a person, opened for one signature. */
export interface Signer {
  /** Null where this device does not have it. */
  readonly identityKey: Ed25519Key | null
  /** 32 bytes, or null where it was not given. */
  readonly seed: SecretBytes | null
}

/** Sign the document after `known`: as it was, but for the change and its end. @throws `identity/recovery-needed`, `identity/other-recovery`. */
export function signNext(
  known: IdentityDocument,
  change: Partial<DocumentChange>,
  { identityKey, seed }: Signer,
  nowMs: number,
): IdentityDocument {
  const expiresAtMs = nowMs + DOCUMENT_LIFE_MS
  if (identityKey !== null && !known.byRecovery)
    return signDocument(
      {
        did: known.did,
        seq: known.seq + 1,
        atMs: nowMs,
        expiresAtMs,
        prev: known.hash,
        devices: known.devices,
        revoked: known.revoked,
        recovery: known.recovery,
        peers: known.peers,
        ...change,
      },
      identityKey,
    )
  if (seed === null)
    throw new VivimError(
      'identity/recovery-needed',
      known.byRecovery
        ? 'this identity was recovered once: from then on only the recovery key may change its devices'
        : 'this device does not have the identity key: the recovery key can sign instead',
    )
  return documentByRecovery(known, seed, nowMs, { expiresAtMs, ...change })
}

/** Open what the user gave. The identity key in it is good for a signature too. @throws `keystore/wrong-passphrase`, `keystore/corrupt`, `identity/words`,
 *  `identity/other-recovery`. */
export async function openRecoverySource(did: Did, source: RecoverySource): Promise<Signer> {
  if ('words' in source) return { identityKey: null, seed: wordsToSeed(source.words) }
  const passphrase = new SecretBytes(utf8(source.passphrase))
  try {
    const exported = await openExport(new Uint8Array(Buffer.from(source.fileB64, 'base64')), passphrase)
    if (exported.did !== did)
      throw new VivimError('identity/other-recovery', 'that export is of another identity')
    const identityKey = exported.identity && new Ed25519Key(exported.identity)
    wipeExport({ ...exported, seed: null })
    return { identityKey, seed: exported.seed }
  } finally {
    passphrase.wipe()
  }
}
