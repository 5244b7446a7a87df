/** What lets this node answer for a user, also while their keystore is locked: a standing statement in a file, made anew in good time, bounded and
 *  taken back. */
import type { Ed25519Key } from '../core/crypto/ed25519.ts'
import type { IdentityDocument } from '../core/identity/document.ts'
import {
  makeStanding,
  parseStanding,
  STANDING_MAX_BYTES,
  STANDING_MAX_LIFE_MS,
  type Standing,
  type StandingRight,
  standingNames,
} from '../core/identity/standing.ts'
import { concat } from '../core/kernel/bytes.ts'
import type { Clock } from '../core/kernel/env.ts'
import { isVerdict, VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { readSmall, writeDurable } from './durable-file.ts'

/** A statement with less than this left is made anew at unlock. */
const RENEW_MS = 60 * 86_400_000
const ALL_RIGHTS: readonly StandingRight[] = ['deliver', 'receive', 'keep']
/** Stands before a statement that was taken back: no statement begins with it. */
const WITHDRAWN = 0xff

export interface NodeRightOptions {
  readonly did: Did
  /** The file of the statement. */
  readonly path: string
  /** Peer id of this node, which the statement names. */
  readonly peer: string
  readonly clock: Clock
  /** The document in force and the device key, which signs; null while the keystore is locked. */
  readonly signer: () => { readonly document: IdentityDocument; readonly device: Ed25519Key } | null
}

/** The newest statement that was meant to outlive a lock, and whether it was taken back. */
interface Stored {
  readonly standing: Standing | null
  readonly isWithdrawn: boolean
}

export class NodeRight {
  readonly #options: NodeRightOptions
  #stored: Stored
  /** With all rights, in place of one that was bounded or taken back, while the keystore is unlocked and no longer. */
  #whileUnlocked: Standing | null = null

  constructor(options: NodeRightOptions) {
    this.#options = options
    this.#stored = readStored(options.path)
  }

  /** What the node shows to prove the DID. Null before the first unlock, and once taken back while locked. */
  get shown(): Standing | null {
    return this.#whileUnlocked ?? (this.isWithdrawn ? null : this.standing)
  }

  /** The statement that outlives a lock, in force or taken back; null before the first unlock, and for another node's. */
  get standing(): Standing | null {
    const { standing } = this.#stored
    return standing?.peer === this.#options.peer && standing.did === this.#options.did ? standing : null
  }

  /** Whether the node answers only while it is unlocked. */
  get isWithdrawn(): boolean {
    return this.#stored.isWithdrawn
  }

  /** Let the node answer while it is locked, with these rights and for so long after each unlock.
   *  @throws `keystore/locked`; `usage/invalid` for more than 90 days; `storage/full`. */
  delegate(rights: readonly StandingRight[], lifeMs: number): void {
    if (lifeMs > STANDING_MAX_LIFE_MS)
      throw new VivimError('usage/invalid', 'a node answers for 90 days at most without being unlocked')
    this.#store({ standing: this.#make(rights, lifeMs), isWithdrawn: false })
    this.#widen()
  }

  /** From now on the node answers only while it is unlocked. @returns false when it was so before. @throws `storage/full`. */
  withdraw(): boolean {
    const { standing, isWithdrawn } = this.#stored
    if (isWithdrawn || standing === null) return false
    this.#store({ standing, isWithdrawn: true })
    if (this.#options.signer() !== null) this.renew()
    return true
  }

  /** Make a statement when there is none for this node and document, or its end is near; with the rights and the life that the last one
   *  had. @throws `keystore/locked`, `storage/full`. */
  renew(): void {
    const known = this.standing
    const lifeMs = known === null ? STANDING_MAX_LIFE_MS : known.expiresAtMs - known.atMs
    if (!this.isWithdrawn && !(known !== null && this.#isFresh(known, lifeMs)))
      this.#store({ standing: this.#make(known?.rights ?? ALL_RIGHTS, lifeMs), isWithdrawn: false })
    this.#widen()
  }

  /** Bounds are for a node that is locked. */
  #widen(): void {
    const isBounded = ALL_RIGHTS.some(right => this.standing?.rights.includes(right) !== true)
    this.#whileUnlocked = this.isWithdrawn || isBounded ? this.#make(ALL_RIGHTS, STANDING_MAX_LIFE_MS) : null
  }

  /** The keystore was locked: what counted only while it was not is gone. */
  locked(): void {
    this.#whileUnlocked = null
  }

  #isFresh(known: Standing, lifeMs: number): boolean {
    const nowMs = this.#options.clock.nowMs()
    return (
      standingNames(known, this.#signer().document) &&
      known.atMs <= nowMs &&
      known.expiresAtMs - nowMs >= Math.min(RENEW_MS, (lifeMs * 2) / 3)
    )
  }

  #signer(): { readonly document: IdentityDocument; readonly device: Ed25519Key } {
    const signer = this.#options.signer()
    if (signer === null)
      throw new VivimError('keystore/locked', 'the keystore is locked', { did: this.#options.did })
    return signer
  }

  #make(rights: readonly StandingRight[], lifeMs: number): Standing {
    const { document, device } = this.#signer()
    const { peer, clock } = this.#options
    const seq = Math.max(this.#stored.standing?.seq ?? 0, this.#whileUnlocked?.seq ?? 0) + 1
    return makeStanding({ document, peer, rights, seq, atMs: clock.nowMs(), lifeMs }, device)
  }

  #store(stored: Stored): void {
    const { standing, isWithdrawn } = stored
    if (standing !== null)
      writeDurable(
        this.#options.path,
        isWithdrawn ? concat(Uint8Array.of(WITHDRAWN), standing.wire) : standing.wire,
      )
    this.#stored = stored
  }
}

/** A damaged statement is as good as none: the next unlock makes another. */
function readStored(path: string): Stored {
  const wire = readSmall(path, STANDING_MAX_BYTES + 1)
  if (wire === null) return { standing: null, isWithdrawn: false }
  const isWithdrawn = wire[0] === WITHDRAWN
  try {
    return { standing: parseStanding(isWithdrawn ? wire.subarray(1) : wire), isWithdrawn }
  } catch (error) {
    if (!isVerdict(error)) throw error
    return { standing: null, isWithdrawn }
  }
}
