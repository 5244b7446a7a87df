/** How much one peer may ask: token buckets a peer and purpose, and gates that bound what runs at once. */
import type { Clock } from '../../core/kernel/env.ts'

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
  gossip: { burst: 200, perSecond: 20 },
  dht: { burst: 600, perSecond: 60 },
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

  /** Take one token of `peer` for `purpose`. @returns false when it has none left. */
  take(peer: string, purpose: Purpose): boolean {
    const { burst, perSecond } = RATES[purpose]
    const key = `${purpose} ${peer}`
    const nowMs = this.#clock.nowMs()
    const known = this.#buckets.get(key)
    // A clock that was set back must not drain a bucket.
    const passedMs = known === undefined ? 0 : Math.max(0, nowMs - known.atMs)
    const tokens = known === undefined ? burst : Math.min(burst, known.tokens + (passedMs * perSecond) / 1000)
    const allowed = tokens >= 1
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs })
    if (this.#buckets.size > MAX_BUCKETS) {
      const oldest = this.#buckets.keys().next()
      if (!oldest.done) this.#buckets.delete(oldest.value)
    }
    return allowed
  }
}

/** Lets at most `limit` pieces of work run at once; the rest is turned away, never queued. */
export class Gate {
  readonly #limit: number
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns what `work` gives, or null when the gate is full. */
  async enter<T>(work: () => Promise<T>): Promise<T | null> {
    if (this.#running >= this.#limit) return null
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
    }
  }
}
