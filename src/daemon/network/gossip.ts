/** Sixteen shard topics for sealed messages of circles (docs/protocol.md section 7.2): who subscribes tells nothing. */
import { type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import { KIB } from './frames.ts'
import { Gate, type PeerRates } from './limits.ts'
import type { Log } from './peering.ts'
import type { NetworkHost } from './ports.ts'

export const SHARDS = 16
export const SHARD_TOPICS: readonly string[] = Array.from(
  { length: SHARDS },
  (_, n) => `/vivim/circle/v1/${n}`,
)

/** Heads and tombstones are small; whatever is larger goes by inbox or sync. */
export const MAX_GOSSIP_BYTES = 64 * KIB

/** Messages judged at once; what comes beyond is passed over, for gossip repeats itself. */
const JUDGED_AT_ONCE = 32

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const

export class Gossip {
  readonly #pubsub: GossipSub
  readonly #host: NetworkHost
  readonly #rates: PeerRates
  readonly #onBroken: (peer: string, why: string) => void
  readonly #log: Log
  readonly #gate = new Gate(JUDGED_AT_ONCE)

  /** @param onBroken - told of a peer that sent what no honest node passes on. */
  constructor(
    pubsub: GossipSub,
    host: NetworkHost,
    rates: PeerRates,
    onBroken: (peer: string, why: string) => void,
    log: Log,
  ) {
    this.#pubsub = pubsub
    this.#host = host
    this.#rates = rates
    this.#onBroken = onBroken
    this.#log = log
  }

  /** Subscribe to every shard; the node must be started. */
  start(): void {
    for (const [shard, topic] of SHARD_TOPICS.entries()) {
      this.#pubsub.topicValidators.set(topic, (peer, message) =>
        this.#judge(shard, peer.toString(), message.data),
      )
      this.#pubsub.subscribe(topic)
    }
  }

  async #judge(shard: number, peer: string, bytes: Uint8Array): Promise<TopicValidatorResult> {
    if (bytes.length === 0 || bytes.length > MAX_GOSSIP_BYTES) return this.#reject(peer)
    if (!this.#rates.take(peer, 'gossip')) return TopicValidatorResult.Ignore
    try {
      const verdict = await this.#gate.enter(() => this.#host.onGossip(shard, Uint8Array.from(bytes)))
      return verdict === 'reject' ? this.#reject(peer) : RESULTS[verdict ?? 'ignore']
    } catch (error) {
      this.#log('network.host-failed', { what: 'onGossip', error })
      return TopicValidatorResult.Ignore
    }
  }

  /** Every node judges a message by its form before it passes it on: whoever sent this one made it, or follows no rules. */
  #reject(peer: string): TopicValidatorResult {
    this.#onBroken(peer, 'a gossip message that is none')
    return TopicValidatorResult.Reject
  }

  /** @returns to how many peers it was sent; they pass it on. */
  async publish(shard: number, bytes: Uint8Array): Promise<number> {
    const topic = SHARD_TOPICS[shard]
    if (topic === undefined) throw new RangeError(`there is no shard ${shard}`)
    const { recipients } = await this.#pubsub.publish(topic, bytes)
    return recipients.length
  }
}
