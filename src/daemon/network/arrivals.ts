/** Blocks as they arrive: each is held against its CID on another thread while the next one is being read. */
import { subtle } from 'node:crypto'
import { cidBytes } from '../../core/crypto/cid.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Cid } from '../../core/model/id.ts'
import { POINTS } from './connections.ts'
import type { Peering } from './peering.ts'

/** Blocks that may wait for their check: a quarter of a megabyte of the usual size. */
const AT_ONCE = 4
/** Version, codec, hash function and hash length of a CID. */
const CID_HEAD_BYTES = 4

/** Hands blocks on in the order in which they came, those that are what their CID names. */
export class Arrivals {
  readonly #accept: (cid: Cid, bytes: Uint8Array) => Promise<void>
  readonly #onForged: () => VivimError
  #queue: Promise<void>[] = []
  #last: Promise<void> = Promise.resolve()

  /** @param onForged - what to throw for bytes that their CID does not name. */
  constructor(accept: (cid: Cid, bytes: Uint8Array) => Promise<void>, onForged: () => VivimError) {
    this.#accept = accept
    this.#onForged = onForged
  }

  /** Take a block; waits while too many are under way. @throws what an earlier block met with. */
  async add(cid: Cid, bytes: Uint8Array): Promise<void> {
    const matches = isNamed(cid, bytes)
    const done = Promise.all([this.#last, matches]).then(async ([, named]) => {
      if (!named) throw this.#onForged()
      await this.#accept(cid, bytes)
    })
    // Whoever waits sees the error; one that comes while nobody waits must not end the process.
    done.catch(() => undefined)
    this.#last = done
    this.#queue.push(done)
    if (this.#queue.length >= AT_ONCE) await this.#queue.shift()
  }

  /** Wait until everything is accepted. @throws as `add`. */
  async settled(): Promise<void> {
    this.#queue = []
    await this.#last
  }
}

/** What a peer sent is not what it said; such a peer is sent away. */
export function forged(peering: Peering, peer: string): VivimError {
  peering.connections.punish(peer, POINTS.forgery, 'bytes that are not what their CID names')
  return new VivimError('peer/protocol', 'bytes that are not what their CID names')
}

async function isNamed(cid: Cid, bytes: Uint8Array): Promise<boolean> {
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return sameBytes(cidBytes(cid).subarray(CID_HEAD_BYTES), hash)
}
