/** The folder of a new user: keystore, recovery seed, first identity document and first standing statement; or that of a person who lives
 *  elsewhere and has a new device here. */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import { SecretBytes } from '../core/crypto/secret.ts'
import { XWingKey } from '../core/crypto/xwing.ts'
import { parseDid } from '../core/identity/did.ts'
import { DOCUMENT_LIFE_MS, type IdentityDocument, signDocument } from '../core/identity/document.ts'
import {
  type Keystore,
  makeKeystore,
  sealKeystore,
  sealRecovery,
  wipeKeystore,
} from '../core/identity/keystore.ts'
import { RECOVERY_SEED_BYTES, type RecoveryKeys, recoveryKeys } from '../core/identity/recovery.ts'
import { makeStanding } from '../core/identity/standing.ts'
import { fromUtf8 } from '../core/kernel/bytes.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { readSmall, syncFolder, writeDurable } from './durable-file.ts'
import { type HomePaths, listUsers, userFolderName, userPaths, userPathsIn } from './home.ts'

export interface NewUser {
  /** Null keeps the keys readable for whoever can read the disk. */
  readonly passphrase: SecretBytes | null
  readonly clock: Clock
  readonly chance: Chance
}

/** Make somebody new. @param peer - peer id of this node. */
export async function makeUserFolder(
  paths: HomePaths,
  peer: string,
  { passphrase, clock, chance }: NewUser,
): Promise<Did> {
  const drawn = chance.bytes(RECOVERY_SEED_BYTES)
  const seed = new SecretBytes(drawn)
  drawn.fill(0)
  const recovery = recoveryKeys(seed)
  const keystore = makeKeystore(recovery.publicKeys, chance)
  try {
    const document = firstDocument(keystore, recovery, peer, clock.nowMs())
    const sealedSeed = await sealRecovery(keystore.did, seed, passphrase, chance)
    await writeUserFolder(paths, peer, { passphrase, clock, chance }, { keystore, document, sealedSeed })
    return keystore.did
  } finally {
    wipeKeystore(keystore)
    seed.wipe()
  }
}

/** Write the folder of a user: everything under a name that nobody reads, then one rename.
 *  @param made.sealedSeed - the file `recovery`, or null where the seed is elsewhere. */
export async function writeUserFolder(
  paths: HomePaths,
  peer: string,
  { passphrase, clock, chance }: NewUser,
  made: {
    keystore: Keystore
    document: IdentityDocument
    sealedSeed: Uint8Array | null
    replaces?: Did
  },
): Promise<void> {
  const { keystore, document, sealedSeed } = made
  const making = userPathsIn(join(paths.users, 'new'))
  rmSync(making.folder, { recursive: true, force: true })
  mkdirSync(making.folder, { mode: 0o700 })
  mkdirSync(making.assets, { mode: 0o700 })
  writeDurable(making.keystore, await sealKeystore(keystore, passphrase, chance))
  if (sealedSeed !== null) writeDurable(making.recovery, sealedSeed)
  if (made.replaces !== undefined) writeDurable(making.replaces, made.replaces)
  writeDurable(making.document, document.wire)
  // With it the node can take in and acknowledge what is sent to this person before the first unlock.
  writeDurable(making.standing, firstStanding(keystore, document, peer, clock.nowMs()))
  renameSync(making.folder, join(paths.users, userFolderName(keystore.did)))
}

/** Make the folder of a person who has a new device here, in the place of a user who was never used: one rename, and from then on
 *  `finishReplacing` removes the other. @param keystore - with this device's keys and what the person's other device gave. */
export async function makeDeviceFolder(
  paths: HomePaths,
  peer: string,
  device: { keystore: Keystore; document: IdentityDocument; replaces: Did },
  { passphrase, clock, chance }: NewUser,
): Promise<void> {
  const { keystore, document, replaces } = device
  const made = { keystore, document, sealedSeed: null, replaces }
  await writeUserFolder(paths, peer, { passphrase, clock, chance }, made)
  syncFolder(paths.users)
}

/** Remove the users whose place a device took, also after a kill between the two. @returns who they were. */
export function finishReplacing(paths: HomePaths): Did[] {
  const gone: Did[] = []
  for (const did of listUsers(paths)) {
    const { replaces } = userPaths(paths, did)
    const note = readSmall(replaces, 1024)
    const old = note && parseDid(fromUtf8(note))
    if (note === null) continue
    if (old && old !== did) {
      rmSync(userPaths(paths, old).folder, { recursive: true, force: true })
      syncFolder(paths.users)
      gone.push(old)
    }
    rmSync(replaces)
  }
  return gone
}

function firstDocument(
  keystore: Keystore,
  recovery: RecoveryKeys,
  peer: string,
  nowMs: number,
): IdentityDocument {
  if (keystore.identity === null)
    throw new VivimError('program/defect', 'a new keystore has its identity key')
  const ed = new Ed25519Key(keystore.deviceSign).publicKey
  const kem = new XWingKey(keystore.deviceKem).publicKey
  return signDocument(
    {
      did: keystore.did,
      seq: 1,
      atMs: nowMs,
      expiresAtMs: nowMs + DOCUMENT_LIFE_MS,
      prev: null,
      devices: [{ ed, kem, at: nowMs }],
      revoked: [],
      recovery: recovery.commitment,
      peers: [peer],
    },
    new Ed25519Key(keystore.identity),
  )
}

const firstStanding = (
  keystore: Keystore,
  document: IdentityDocument,
  peer: string,
  nowMs: number,
): Uint8Array =>
  makeStanding(
    { document, peer, rights: ['deliver', 'receive', 'keep'], seq: 1, atMs: nowMs },
    new Ed25519Key(keystore.deviceSign),
  ).wire
