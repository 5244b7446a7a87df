/** Taking an identity back into a fresh home: from the export or the words, with what an old home still holds. Writes files only. */
import { resolve } from 'node:path'
import { Ed25519Key, ed25519PublicKey } from '../core/crypto/ed25519.ts'
import { borrowSecret, type SecretBytes } from '../core/crypto/secret.ts'
import { XWingKey } from '../core/crypto/xwing.ts'
import { signApproval } from '../core/identity/approval.ts'
import type { Device } from '../core/identity/device.ts'
import {
  activeDevices,
  DOCUMENT_LIFE_MS,
  type IdentityDocument,
  MAX_DEVICES,
  parseDocument,
} from '../core/identity/document.ts'
import { type IdentityExport, openExport, wipeExport } from '../core/identity/export-file.ts'
import { drawCard, drawDevice, type Keystore, wipeKeystore } from '../core/identity/keystore.ts'
import { documentByRecovery } from '../core/identity/recovering.ts'
import { RECOVERY_SEED_BYTES, recoveryKemSeed, recoveryKeys } from '../core/identity/recovery.ts'
import { decideDocument } from '../core/identity/succession.ts'
import { wordsToSeed } from '../core/identity/words.ts'
import { sameBytes, toB64u } from '../core/kernel/bytes.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { type Did, isoTime } from '../core/model/id.ts'
import { writeRecord } from './devices/device-records.ts'
import { type HomePaths, homePaths, listUsers, readFormat } from './home.ts'
import { type InitRequest, type InitResult, makeHome } from './init.ts'
import { carryMaster, copyUser, type Missing, type OldHome, openOldHome } from './old-home.ts'
import { findLostReceived, resealEpochs, resealShares } from './resealing.ts'
import { cardFieldsOf } from './sharing/card-fields.ts'
import { PROFILE } from './sharing/profile-keys.ts'
import { openUserDatabases, type UserDatabaseManager } from './storage/user/manager.ts'
import { writeUserFolder } from './user-folder.ts'

export interface ImportRequest extends Omit<InitRequest, 'name'> {
  /** Null: what the export or the old home says. */
  readonly name: string | null
  /** The export file and its passphrase, or null. */
  readonly file: { readonly bytes: Uint8Array; readonly passphrase: SecretBytes } | null
  /** The 24 words as they were typed, or null. */
  readonly words: string | null
  /** Any identity document of the DID, wire form, or null. */
  readonly document: Uint8Array | null
  /** Absolute path of an old home, or null. */
  readonly from: string | null
  /** Old devices go on counting. */
  readonly keepOthers: boolean
}

export interface ImportResult extends InitResult {
  /** Devices that go on counting, and when the document was made by which they do; null where all others are revoked. */
  readonly kept: {
    readonly devices: { readonly key: string; readonly addedAt: string }[]
    readonly asOf: string
  } | null
  readonly restored: {
    readonly contacts: number
    readonly circles: number
    readonly epochs: number
    readonly shares: number
    readonly conversations: number
  }
  readonly missing: readonly Missing[]
}

const NOTHING = { contacts: 0, circles: 0, epochs: 0, shares: 0, conversations: 0 }

/** What was given, put together: enough to sign the next document. */
interface Sources {
  readonly did: Did
  readonly name: string
  readonly seed: SecretBytes
  readonly known: IdentityDocument
  readonly exported: IdentityExport | null
  readonly old: OldHome | null
}

/** Make a home for a DID that is there already. Repeated on the home that it made, nothing changes.
 *  @throws as `initHome`; `identity/words`, `identity/other-recovery`, `identity/document-needed`, `identity/recovery-needed`,
 *  `keystore/wrong-passphrase`, `keystore/corrupt`. */
export async function importIdentity(request: ImportRequest): Promise<ImportResult> {
  const exported = request.file && (await openExport(request.file.bytes, request.file.passphrase))
  let seed: SecretBytes | null = null
  try {
    const sources = gather(request, exported)
    seed = sources.seed
    const paths = homePaths(resolve(request.home))
    if (readFormat(paths) !== null && !listUsers(paths).includes(sources.did))
      throw new VivimError('home/conflict', 'this home belongs to somebody else', { home: paths.root })
    const missing: Missing[] = []
    let restored = NOTHING
    const made = await makeHome({ ...request, name: sources.name }, async (fresh, peer) => {
      restored = await restore(fresh, peer, request, sources, missing)
      return sources.did
    })
    return { ...made, kept: request.keepOthers ? keptOf(sources.known) : null, restored, missing }
  } finally {
    if (exported !== null) wipeExport(exported)
    seed?.wipe()
  }
}

function gather(request: ImportRequest, exported: IdentityExport | null): Sources {
  const typed = request.words === null ? null : wordsToSeed(request.words)
  const seed = typed ?? exported?.seed ?? null
  if (seed === null)
    throw new VivimError(
      'identity/recovery-needed',
      exported === null
        ? 'neither an export file nor words were given'
        : 'this export was made after the recovery seed had left: the words, or the first export, are needed too',
    )
  const old = request.from === null ? null : openOldHome(request.from, exported?.did ?? null)
  const given = request.document === null ? null : parseDocument(request.document)
  const inFile = exported?.document == null ? null : parseDocument(exported.document)
  const known = newest([inFile, old?.document ?? null, given])
  if (known === null)
    throw new VivimError(
      'identity/document-needed',
      exported === null
        ? 'the words do not tell whose they are'
        : 'this export is of an older version and holds no identity document',
    )
  if (exported !== null && exported.did !== known.did)
    throw new VivimError('identity/other-recovery', 'the export and the document are of two identities')
  // By the recovery key it lists devices over everything that was said since: whether one was revoked only the newest document tells.
  if (request.keepOthers && given === null)
    throw new VivimError(
      'identity/document-needed',
      'which other devices still count is in the newest identity document, which an export or an old home need not be: give it with --document',
    )
  const name = request.name ?? exported?.name ?? old?.name ?? null
  if (name === null)
    throw new VivimError('usage/input-needed', 'a name is needed: give --name NAME', { flag: '--name' })
  return { did: known.did, name, seed, known, exported, old }
}

/** The best of the documents that are there. @throws `identity/other-recovery` when they are not of one identity. */
function newest(documents: readonly (IdentityDocument | null)[]): IdentityDocument | null {
  let best: IdentityDocument | null = null
  for (const next of documents) {
    if (next === null) continue
    const decision = decideDocument(best, next)
    if (decision === 'foreign')
      throw new VivimError('identity/other-recovery', 'what was given is of different identities')
    if (decision === 'accept') best = next
  }
  return best
}

/** What the user is to look at: nothing that was revoked after this document was made is known here. */
const keptOf = (known: IdentityDocument): ImportResult['kept'] => ({
  devices: activeDevices(known).map(({ ed, at }) => ({ key: toB64u(ed), addedAt: isoTime(at) })),
  asOf: isoTime(known.atMs),
})

async function restore(
  paths: HomePaths,
  peer: string,
  request: ImportRequest,
  sources: Sources,
  missing: Missing[],
): Promise<ImportResult['restored']> {
  const { did, seed, known, exported, old, name } = sources
  const { chance, clock } = request
  const nowMs = clock.nowMs()
  const recovery = borrowSecret(seed, RECOVERY_SEED_BYTES, bytes => recoveryKeys(bytes))
  const keystore: Keystore = {
    did,
    // It stays in the export: from now on only documents by the recovery key count.
    identity: null,
    ...drawDevice(chance),
    ...drawCard(chance),
    ...cardOf(exported),
    recovery: recovery.publicKeys,
    // What others hand back comes when they are met, and opens without asking for the words again (ADR 0021).
    regain: { kem: recoveryKemSeed(seed), untilMs: nowMs + DOCUMENT_LIFE_MS },
  }
  const device = new Ed25519Key(keystore.deviceSign)
  const kem = new XWingKey(keystore.deviceKem)
  const listed = { ed: device.publicKey, kem: kem.publicKey, at: nowMs }
  const document = documentByRecovery(known, seed, nowMs, {
    expiresAtMs: nowMs + DOCUMENT_LIFE_MS,
    ...devicesOf(known, listed, request.keepOthers, peer, nowMs),
  })
  await writeUserFolder(paths, peer, request, { keystore, document, sealedSeed: null })
  const users = openUserDatabases(paths.users, { maxOpen: 1 })
  try {
    const copied = old !== null && copyUser(old, paths, missing)
    users.create(did)
    const keys = {
      document,
      device,
      kem,
      storageKey: keystore.storageKey,
      recovery: keystore.recovery,
      directoryKey: new Ed25519Key(keystore.directory),
      read: keystore.read,
      regain: null,
    }
    keepCard(users, keystore, { name, nowMs, drawn: exported?.directory == null })
    // Who recovers is the person: devices that are kept may hand over everything.
    const terms = { did, device: device.publicKey, atMs: nowMs, peer, history: true, epochs: {} }
    const approval = signApproval(terms, recovery.sign)
    writeRecord(users, did, device.publicKey, { name: null, nameSeq: 0, approval })
    const deps = { did, users, recovery: recovery.kem, keys, chance, nowMs }
    const epochs = resealEpochs(deps, missing)
    let shares = 0
    if (old !== null && copied) {
      const live = await carryMaster(old, paths, { master: request.master, clock, users }, missing)
      if (live !== null) shares = resealShares(deps, live, missing)
      findLostReceived(deps, missing)
    }
    if (exported !== null) addContacts(users, exported, nowMs)
    if (!copied) tellMissing(exported, missing)
    return users.read(did, db => ({
      contacts: db.contacts.list().length,
      circles: db.circles.list().length,
      epochs,
      shares,
      conversations: db.conversations.count(),
    }))
  } finally {
    users.close()
    wipeKeystore(keystore)
  }
}

/** The card that people have goes on where its keys are in the export. They are copied: the export's own are wiped. */
function cardOf(exported: IdentityExport | null): Partial<Pick<Keystore, 'directory' | 'read'>> {
  if (exported?.directory == null || exported.read === null) return {}
  return { directory: exported.directory.copy(), read: exported.read.copy() }
}

function devicesOf(
  known: IdentityDocument,
  fresh: Device,
  keepOthers: boolean,
  peer: string,
  nowMs: number,
): Pick<IdentityDocument, 'devices' | 'revoked' | 'peers'> {
  const others = activeDevices(known)
  if (!keepOthers)
    return {
      devices: [fresh],
      revoked: [...known.revoked, ...others.map(({ ed }) => ({ ed, at: nowMs }))],
      peers: [peer],
    }
  if (others.length >= MAX_DEVICES)
    throw new VivimError('usage/invalid', `an identity has at most ${MAX_DEVICES} devices: revoke the others`)
  return { devices: [...others, fresh], revoked: known.revoked, peers: [peer, ...known.peers].slice(0, 16) }
}

/** What a card is made of, where a locked node can read it; who has the card is told where the node is now, at the first start. */
function keepCard(
  users: UserDatabaseManager,
  keystore: Keystore,
  { name, nowMs, drawn }: { name: string; nowMs: number; drawn: boolean },
): void {
  const directory = ed25519PublicKey(new Ed25519Key(keystore.directory))
  users.write(keystore.did, db => {
    const before = db.profile.bytes(PROFILE.directory)
    if (before !== null && !sameBytes(before, directory)) {
      db.profile.delete(PROFILE.slot)
      db.profile.delete(PROFILE.slotTold)
      db.profile.delete(PROFILE.cardDrawn)
    }
    // A device that is kept has the card that people know.
    if (drawn) db.profile.put(PROFILE.cardDrawn, '0')
    db.profile.put(PROFILE.name, name)
    db.profile.put(PROFILE.directory, directory)
    db.profile.put(PROFILE.read, keystore.read.reveal())
    db.profile.put(PROFILE.cardAt, String(nowMs))
    db.profile.put(PROFILE.cardTold, '')
  })
}

/** People of the export who are not in the database: known, not verified, until they are compared again; blocked ones stay so. */
function addContacts(users: UserDatabaseManager, exported: IdentityExport, nowMs: number): void {
  users.write(exported.did, db => {
    const names = new Set(db.contacts.list().map(({ alias }) => alias))
    for (const { did, card, alias, blocked } of exported.contacts) {
      if (did === exported.did || db.contacts.get(did) !== null) continue
      const fields = card === null ? null : cardFieldsOf(card, did)
      db.contacts.put({
        alias: alias !== null && names.has(alias) ? null : alias,
        state: blocked ? 'blocked' : 'known',
        card: null,
        dir: null,
        readSecret: null,
        peers: [],
        cardAtMs: 0,
        movedTo: null,
        movedCard: null,
        byInvite: false,
        addedAtMs: nowMs,
        lastSeenMs: null,
        ...(fields ?? { did }),
      })
    }
  })
}

/** Without an old home: what comes back from others, and what does not. */
function tellMissing(exported: IdentityExport | null, missing: Missing[]): void {
  for (const { circleId } of exported?.circles ?? [])
    missing.push({
      what: 'circle',
      id: circleId,
      why: 'it comes back when the node of a member meets this one',
    })
  if (exported === null)
    missing.push({
      what: 'circle',
      id: null,
      why: 'none is named in what was given: those that there were come back when the nodes of their members meet this one',
    })
  if (exported === null || exported.contacts.length === 0)
    missing.push({
      what: 'contacts',
      id: null,
      why: 'nothing that was given names any: add them by their cards',
    })
  missing.push({
    what: 'conversations',
    id: null,
    why: 'only an old home or a backup of it has them: give it with --from',
  })
  missing.push({
    what: 'shares',
    id: null,
    why: 'who received them hands them back when their node meets this one; those that nobody had yet are gone',
  })
  missing.push({
    what: 'received',
    id: null,
    why: "their keys were for the lost device: their owners' nodes give them again when they meet this one",
  })
}
