/** The unlocked keys of one user in the daemon, like ssh-agent's: lent while unlocked, overwritten at lock or when the time is up. */
import { createHash } from 'node:crypto'
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import { type FileKey, needsPassphrase } from '../core/crypto/password.ts'
import type { SecretBytes } from '../core/crypto/secret.ts'
import { XWingKey } from '../core/crypto/xwing.ts'
import { didFromKey } from '../core/identity/did.ts'
import {
  DOCUMENT_LIFE_MS,
  deviceOf,
  type IdentityDocument,
  parseDocument,
} from '../core/identity/document.ts'
import { type IdentityExport, sealExport } from '../core/identity/export-file.ts'
import {
  drawCard,
  type Keystore,
  openKeystoreToSealAgain,
  sealKeystoreAgain,
  wipeKeystore,
} from '../core/identity/keystore.ts'
import { documentByRecovery } from '../core/identity/recovering.ts'
import { seedToWords } from '../core/identity/words.ts'
import { toHex } from '../core/kernel/bytes.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { signNext } from './devices/next-document.ts'
import { readSmall, shred, writeDurable } from './durable-file.ts'
import type { UserPaths } from './home.ts'
import { NodeRight } from './node-right.ts'
import { hasSeed, openSeed } from './recovery-seed.ts'
import type { Keys } from './sharing/keys.ts'

/** With less than this left the next document is signed at an unlock. */
const DOCUMENT_RENEW_MS = 180 * 86_400_000
const FILE_MAX_BYTES = 1024 * 1024
/** The longest that a timer can wait; it is set again as often as needed. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** What an unlocked keystore lends. */
export interface UnlockedKeys extends Keys {
  /** Null on a device that did not make the identity. */
  readonly identityKey: Ed25519Key | null
  /** Opens what others hand back after a recovery; null where none is under way. */
  readonly regain: XWingKey | null
}

interface Opened {
  readonly keystore: Keystore
  /** Writes the keystore again under its passphrase: it opens nothing but what is open already, and goes at lock. */
  readonly fileKey: FileKey
  readonly seed: SecretBytes | null
  readonly keys: Omit<UnlockedKeys, 'document'>
  readonly untilMs: number | null
}

export interface KeystoreSessionOptions {
  readonly did: Did
  readonly paths: UserPaths
  /** Peer id of this node, which standing statements name. */
  readonly peer: string
  readonly clock: Clock
  readonly chance: Chance
}

/** Open a user's session, locked. @throws `keystore/corrupt` when keystore or document are missing or damaged. */
export function openKeystoreSession(options: KeystoreSessionOptions): KeystoreSession {
  const wire = readSmall(options.paths.document, FILE_MAX_BYTES)
  if (wire === null) throw new VivimError('keystore/corrupt', 'the own identity document is missing')
  const document = parseDocument(wire)
  if (document.did !== options.did)
    throw new VivimError('keystore/corrupt', 'the own identity document is of another DID')
  return new KeystoreSession(options, document)
}

export class KeystoreSession {
  readonly did: Did
  /** What lets the node answer for the user, also while locked. */
  readonly nodeRight: NodeRight
  readonly #options: KeystoreSessionOptions
  readonly #unlockListeners = new Set<() => void>()
  readonly #lockListeners = new Set<() => void>()
  readonly #lockingListeners = new Set<(device: Ed25519Key) => void>()
  #document: IdentityDocument
  #opened: Opened | null = null
  #timer: NodeJS.Timeout | null = null
  /** One unlock after another: each costs 128 MiB while it runs. */
  #turn: Promise<unknown> = Promise.resolve()
  /** Hashes of the exports that were handed out and may be confirmed, hex. */
  readonly #exports = new Set<string>()

  constructor(options: KeystoreSessionOptions, document: IdentityDocument) {
    const { did, paths, peer, clock } = options
    this.did = did
    this.#options = options
    this.#document = document
    this.nodeRight = new NodeRight({
      did,
      path: paths.standing,
      peer,
      clock,
      signer: () => (this.unlocked ? this.keys() : null),
    })
  }

  /** The own document in force; readable while locked. */
  get document(): IdentityDocument {
    return this.#document
  }

  /** `did:key` of the device that this node is; readable while locked. Null before the first unlock. */
  get device(): Did | null {
    const key = this.deviceKey
    return key && didFromKey(key)
  }

  /** The public key of this device, 32 bytes; null before the first unlock. */
  get deviceKey(): Uint8Array | null {
    return this.#opened?.keys.device.publicKey ?? this.nodeRight.standing?.by ?? null
  }

  /** Whether another device of the person took this one out. */
  get revoked(): boolean {
    const own = this.deviceKey
    return own !== null && deviceOf(this.#document, own) === null
  }

  /** The seed of the directory key, for another device of the person. @throws `keystore/locked`. */
  directorySeed(): SecretBytes {
    return this.#unlocked().keystore.directory
  }

  get unlocked(): boolean {
    return this.#current() !== null
  }

  /** When it locks by itself, or null: never, or locked already. */
  get untilMs(): number | null {
    return this.#current()?.untilMs ?? null
  }

  /** When the first of the devices was added: the age of the identity. */
  get createdAtMs(): number {
    return Math.min(...this.#document.devices.map(({ at }) => at))
  }

  /** Whether the keystore asks for a passphrase. @throws `keystore/corrupt`. */
  get needsPassphrase(): boolean {
    return needsPassphrase(this.file())
  }

  /** Whether the recovery seed has left this node. */
  get exported(): boolean {
    return !hasSeed(this.#options.paths.recovery)
  }

  /** @throws `keystore/locked`. */
  keys(): UnlockedKeys {
    const { keys } = this.#unlocked()
    return { ...keys, document: this.#document, regain: this.regainUntilMs === null ? null : keys.regain }
  }

  /** Until when what others hand back after a recovery can be opened, or null: no longer, or none was. @throws `keystore/locked`. */
  get regainUntilMs(): number | null {
    const { regain } = this.#unlocked().keystore
    return regain != null && this.#options.clock.nowMs() < regain.untilMs ? regain.untilMs : null
  }

  #unlocked(): Opened {
    const opened = this.#current()
    if (opened === null) throw new VivimError('keystore/locked', 'the keystore is locked', { did: this.did })
    return opened
  }

  /** Unlock, for a while or until `lock`. The passphrase is asked for also when it is unlocked already; the new time then counts.
   *  @param passphrase - null for a keystore without one.
   *  @returns whether it was locked before. @throws `keystore/wrong-passphrase`, `keystore/corrupt`, `usage/input-needed`. */
  unlock(
    passphrase: SecretBytes | null,
    forMs: number | null,
  ): Promise<{ changed: boolean; untilMs: number | null }> {
    const next = this.#turn.then(() => this.#unlock(passphrase, forMs))
    this.#turn = next.catch(() => undefined)
    return next
  }

  async #unlock(
    passphrase: SecretBytes | null,
    forMs: number | null,
  ): Promise<{ changed: boolean; untilMs: number | null }> {
    const file = this.file()
    if (passphrase === null && needsPassphrase(file))
      throw new VivimError('usage/input-needed', 'this keystore has a passphrase', { did: this.did })
    const { keystore, fileKey } = await openKeystoreToSealAgain(file, passphrase)
    if (keystore.did !== this.did) throw new VivimError('keystore/corrupt', 'the keystore is of another DID')
    const seed = await openSeed(this.#options.paths.recovery, this.did, passphrase)
    const changed = !this.unlocked
    this.#forget()
    const untilMs = forMs === null ? null : this.#options.clock.nowMs() + forMs
    this.#opened = { keystore, fileKey, seed, untilMs, keys: keysOf(keystore) }
    this.#setTimer()
    if (this.regainUntilMs === null) await this.endRegain()
    if (!this.revoked) {
      this.#renewDocument()
      this.nodeRight.renew()
    }
    if (changed) for (const listener of this.#unlockListeners) listener()
    return { changed, untilMs }
  }

  /** Unlock a keystore that has no passphrase, as at the start of the daemon. @returns false when it has one. */
  async unlockWithout(): Promise<boolean> {
    if (this.needsPassphrase) return false
    await this.unlock(null, null)
    return true
  }

  /** Overwrite the keys. @returns whether it was unlocked. */
  lock(): boolean {
    const was = this.#opened !== null
    if (this.#opened !== null)
      for (const listener of this.#lockingListeners) listener(this.#opened.keys.device)
    this.#forget()
    if (was) for (const listener of this.#lockListeners) listener()
    return was
  }

  /** Take another own document into force. @throws `storage/full`, `keystore/corrupt` for one of another DID. */
  setDocument(document: IdentityDocument): void {
    if (document.did !== this.did) throw new VivimError('keystore/corrupt', 'not a document of this user')
    writeDurable(this.#options.paths.document, document.wire)
    this.#document = document
    if (this.unlocked && !this.revoked) this.nodeRight.renew()
  }

  /** Identity key, card keys, document and, while it is here, the recovery seed, under a passphrase of their own.
   *  @param beside - what is known of people and circles. @param words - the recovery seed as words, too.
   *  @returns the file and its SHA-256 in hex, by which `confirmExport` knows it. @throws `keystore/locked`; `identity/seed-gone`
   *  for words of a seed that has left. */
  async exportIdentity(
    passphrase: SecretBytes,
    beside: Pick<IdentityExport, 'name' | 'contacts' | 'circles'>,
    words = false,
  ): Promise<{ file: Uint8Array; sha256: string; words: string[] | null }> {
    const { keystore, seed } = this.#unlocked()
    const { identity, directory, read } = keystore
    if (words && seed === null)
      throw new VivimError('identity/seed-gone', 'the recovery seed is no longer on this node')
    const shown = words && seed !== null ? seedToWords(seed) : null
    const file = await sealExport(
      { did: this.did, identity, seed, directory, read, document: this.#document.wire, ...beside },
      passphrase,
      this.#options.chance,
    )
    const sha256 = toHex(createHash('sha256').update(file).digest())
    if (seed !== null) this.#exports.add(sha256)
    return { file, sha256, words: shown }
  }

  /** Take the next document into force, signed with the recovery key: from then on only such documents count.
   *  @param seed - where it is no longer on this node. @throws `keystore/locked`, `identity/recovery-needed`, `identity/other-recovery`. */
  signByRecovery(change: { readonly movedTo?: Did }, seed: SecretBytes | null): IdentityDocument {
    const own = this.#unlocked().seed
    if (seed === null && own === null)
      throw new VivimError('identity/recovery-needed', 'the recovery seed is no longer on this node')
    const document = documentByRecovery(
      this.#document,
      (seed ?? own) as SecretBytes,
      this.#options.clock.nowMs(),
      {
        expiresAtMs: this.#options.clock.nowMs() + DOCUMENT_LIFE_MS,
        ...change,
      },
    )
    this.setDocument(document)
    return document
  }

  /** Another directory key and read secret, so that the cards that are out become worthless. The file is written first.
   *  @param card - as another own device drew it; drawn here unless given. @throws `keystore/locked`, `storage/full`. */
  async renewCard(
    card: Pick<Keystore, 'directory' | 'read'> = drawCard(this.#options.chance),
  ): Promise<void> {
    const opened = this.#unlocked()
    await this.#rewrite(opened, { ...opened.keystore, ...card })
    opened.keystore.directory.wipe()
    opened.keystore.read.wipe()
  }

  /** The recovery is over: the key that opened what others handed back goes. @returns false when it was gone.
   *  @throws `keystore/locked`, `storage/full`. */
  async endRegain(): Promise<boolean> {
    const opened = this.#unlocked()
    const { regain } = opened.keystore
    if (regain == null) return false
    await this.#rewrite(opened, { ...opened.keystore, regain: null })
    regain.kem.wipe()
    return true
  }

  /** The file is written first. It may be locked meanwhile: the next unlock reads the new file. */
  async #rewrite(opened: Opened, keystore: Keystore): Promise<void> {
    writeDurable(
      this.#options.paths.keystore,
      await sealKeystoreAgain(keystore, opened.fileKey, this.#options.chance),
    )
    if (this.#opened === opened) this.#opened = { ...opened, keystore, keys: keysOf(keystore) }
  }

  /** The export is safely elsewhere: remove the recovery seed from this node. @returns false when it was gone already.
   *  @throws `usage/invalid` for the hash of no export that this session made with the seed in it. */
  confirmExport(sha256: string): boolean {
    if (this.exported) return false
    if (!this.#exports.has(sha256))
      throw new VivimError('usage/invalid', 'that is not the hash of an export of this session')
    const removed = shred(this.#options.paths.recovery)
    this.#opened?.seed?.wipe()
    if (this.#opened) this.#opened = { ...this.#opened, seed: null }
    this.#exports.clear()
    return removed
  }

  /** Called after each change from locked to unlocked. @returns how to stop being called. */
  onUnlock(listener: () => void): () => void {
    this.#unlockListeners.add(listener)
    return () => this.#unlockListeners.delete(listener)
  }

  /** Called before the keys are overwritten, with the one that may still sign what was done. It must not throw nor ask for keys. @returns how to stop being called. */
  onLocking(listener: (device: Ed25519Key) => void): () => void {
    this.#lockingListeners.add(listener)
    return () => this.#lockingListeners.delete(listener)
  }

  /** Called after each change from unlocked to locked. @returns how to stop being called. */
  onLock(listener: () => void): () => void {
    this.#lockListeners.add(listener)
    return () => this.#lockListeners.delete(listener)
  }

  /** The sealed keystore. @throws `keystore/corrupt`. */
  file(): Uint8Array {
    const file = readSmall(this.#options.paths.keystore, FILE_MAX_BYTES)
    if (file === null) throw new VivimError('keystore/corrupt', 'the keystore is missing')
    return file
  }

  /** The clock is asked at every use, so that a timer that comes late opens nothing. */
  #current(): Opened | null {
    const until = this.#opened?.untilMs ?? null
    if (until !== null && this.#options.clock.nowMs() >= until) this.lock()
    return this.#opened
  }

  #forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#opened !== null) {
      wipeKeystore(this.#opened.keystore)
      this.#opened.fileKey.wipe()
      this.#opened.seed?.wipe()
    }
    this.#opened = null
    this.nodeRight.locked()
  }

  #setTimer(): void {
    const until = this.#opened?.untilMs ?? null
    if (until === null) return
    const leftMs = Math.max(0, until - this.#options.clock.nowMs())
    this.#timer = setTimeout(
      () => {
        if (this.#current() !== null) this.#setTimer()
      },
      Math.min(leftMs, TIMER_MAX_MS),
    )
    this.#timer.unref()
  }

  /** Sign the next document in good time, where a key that may is at hand: a person whose document expired cannot be shared with. */
  #renewDocument(): void {
    const nowMs = this.#options.clock.nowMs()
    const { identityKey } = this.keys()
    const known = this.#document
    if (known.expiresAtMs - nowMs > DOCUMENT_RENEW_MS) return
    const seed = this.#opened?.seed ?? null
    if (known.byRecovery ? seed === null : identityKey === null) return
    const document = signNext(known, {}, { identityKey, seed }, nowMs)
    writeDurable(this.#options.paths.document, document.wire)
    this.#document = document
  }
}

const keysOf = (keystore: Keystore): Opened['keys'] => ({
  device: new Ed25519Key(keystore.deviceSign),
  kem: new XWingKey(keystore.deviceKem),
  storageKey: keystore.storageKey,
  directoryKey: new Ed25519Key(keystore.directory),
  read: keystore.read,
  recovery: keystore.recovery,
  identityKey: keystore.identity && new Ed25519Key(keystore.identity),
  regain: keystore.regain ? new XWingKey(keystore.regain.kem) : null,
})
