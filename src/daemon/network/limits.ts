/** How much one peer may ask: token buckets a peer and purpose, and gates that bound what runs at once. */
import type { Clock } from '../../core/kernel/env.ts'
import { remember } from '../../core/kernel/remember.ts'

/** `burst` requests at once, refilled by `perSecond`. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** What one peer may begin, by purpose. Honest nodes stay far below: a contact proves once a connection and delivers now and then. */
export const RATES = {
  did: { burst: 40, perSecond: 2 },
  inbox: { burst: 120, perSecond: 20 },
  blocks: { burst: 60, perSecond: 10 },
  sync: { burst: 40, perSecond: 4 },
  // A node that waits for approval asks once a second.
  device: { burst: 60, perSecond: 6 },
  gossip: { burst: 200, perSecond: 20 },
  dht: { burst: 600, perSecond: 60 },
  // In bytes: one stream may carry any number of questions, the smallest of some forty bytes.
  dhtBytes: { burst: 2 * 1024 * 1024, perSecond: 128 * 1024 },
} as const satisfies Record<string, Rate>

export type Purpose = keyof typeof RATES

/** Peers remembered at once; the one that asked longest ago is forgotten first, and begins again with a full bucket. */
const MAX_BUCKETS = 4096

interface Bucket {
  tokens: number
  atMs: number
}

/** Counts what each peer asks for. */
export class PeerRates {
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Take a token of `peer` for `purpose`, or `count` of them. @returns false when it has not so many left. */
  take(peer: string, purpose: Purpose, count = 1): boolean {
    const { burst, perSecond } = RATES[purpose]
    const key = `${purpose} ${peer}`
    const nowMs = this.#clock.nowMs()
    const known = this.#buckets.get(key)
    // A clock that was set back must not drain a bucket.
    const passedMs = known === undefined ? 0 : Math.max(0, nowMs - known.atMs)
    const tokens = known === undefined ? burst : Math.min(burst, known.tokens + (passedMs * perSecond) / 1000)
    const allowed = tokens >= count
    remember(this.#buckets, key, { tokens: allowed ? tokens - count : tokens, atMs: nowMs }, MAX_BUCKETS)
    return allowed
  }
}

/** Work at a gate that gives way while it only waits for somebody else. */
export interface Idler {
  /** Whether the other side has said nothing whole yet. */
  isIdle(): boolean
  /** End it; its work ends by itself then. */
  giveWay(): void
}

/** Lets at most `limit` pieces of work run at once; the rest is turned away, never queued. Whoever holds a place without having said
 *  anything whole loses it to the next who comes, the one that waits longest first: silence keeps nobody out. */
export class Gate {
  readonly #limit: number
  readonly #inside = new Set<Idler>()

  constructor(limit: number) {
    this.#limit = limit
  }

  #makeRoom(): boolean {
    if (this.#inside.size < this.#limit) return true
    for (const one of this.#inside)
      if (one.isIdle()) {
        this.#inside.delete(one)
        one.giveWay()
        return true
      }
    return false
  }

  /** @param idler - how it gives way; without one it never does. @returns what `work` gives, or null when the gate is full. */
  async enter<T>(work: () => Promise<T>, idler: Idler = busy()): Promise<T | null> {
    if (!this.#makeRoom()) return null
    this.#inside.add(idler)
    try {
      return await work()
    } finally {
      this.#inside.delete(idler)
    }
  }
}

/** Work that never gives way; an object of its own, since the gate counts them. */
const busy = (): Idler => ({ isIdle: () => false, giveWay: () => undefined })
