/** Whom this node dials by itself: bootstrap nodes, contacts, and who is found on the local network. */
import type { Connection, PeerInfo as FoundPeer } from '@libp2p/interface'
import type { Chance } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { DidProofs } from './did.ts'
import type { Log, Peering } from './peering.ts'
import type { NetworkHost } from './ports.ts'

/** Contacts that could not be reached are tried again this often, give or take a third. */
const CONTACTS_EVERY_MS = 5 * 60_000
/** Bootstrap nodes are dialled again sooner while nobody is connected. */
const ALONE_EVERY_MS = 20_000
const CONTACTS_AT_ONCE = 4
const MAX_CONTACTS = 64
/** Connections that discovery may bring about; contacts are dialled beyond that. */
const MAX_FOUND = 64
const MAX_FOUND_DIALS = 8
const PROOF_MS = 15_000
/** Who accepts a connection gives the dialler the first word. */
const LISTENER_WAITS_MS = 1_000
const MAX_PAIRS_A_PEER = 16

export class Discovery {
  readonly #peering: Peering
  readonly #proofs: DidProofs
  readonly #host: NetworkHost
  readonly #chance: Chance
  readonly #log: Log
  readonly #bootstrap: readonly string[]
  readonly #stop = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #foundDials = 0

  constructor(
    peering: Peering,
    proofs: DidProofs,
    host: NetworkHost,
    chance: Chance,
    log: Log,
    bootstrap: readonly string[],
  ) {
    this.#peering = peering
    this.#proofs = proofs
    this.#host = host
    this.#chance = chance
    this.#log = log
    this.#bootstrap = bootstrap
  }

  start(): void {
    const { node } = this.#peering
    node.addEventListener('peer:discovery', event => this.#onFound(event.detail))
    node.addEventListener('connection:open', event => this.#onConnection(event.detail))
    this.#round()
  }

  stop(): void {
    this.#stop.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #after(ms: number, work: () => Promise<unknown>): void {
    if (this.#stop.signal.aborted) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work().catch(error => {
        if (!this.#stop.signal.aborted) this.#log('network.background-failed', { code: codeOf(error), error })
      })
    }, ms)
    timer.unref()
    this.#timers.add(timer)
  }

  /** A time between two thirds and four thirds of `ms`, so that nodes that started together do not stay in step. */
  #about(ms: number): number {
    const [byte = 128] = this.#chance.bytes(1)
    return Math.round(ms * (2 / 3 + (byte / 255) * (2 / 3)))
  }

  #round(): void {
    this.#after(0, async () => {
      await this.#dialBootstrap()
      await this.#dialContacts()
      const alone = this.#peering.connections.open().length === 0
      this.#after(
        this.#about(alone && this.#bootstrap.length > 0 ? ALONE_EVERY_MS : CONTACTS_EVERY_MS),
        async () => this.#round(),
      )
    })
  }

  async #dialBootstrap(): Promise<void> {
    await Promise.all(
      this.#bootstrap.map(async address => {
        try {
          await this.#peering.connect(address, this.#stop.signal)
        } catch (error) {
          if (!this.#stop.signal.aborted)
            this.#log('network.bootstrap-failed', { address, code: codeOf(error) })
        }
      }),
    )
  }

  async #dialContacts(): Promise<void> {
    const queue = (await this.#host.contactsToDial()).slice(0, MAX_CONTACTS)
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (this.#stop.signal.aborted) return
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PROOF_MS)])
        // An unreachable contact is the normal case; the next round tries again.
        await this.#proofs.reach(next.local, next.remote, signal).catch(() => undefined)
      }
    }
    await Promise.all(Array.from({ length: CONTACTS_AT_ONCE }, work))
  }

  #onFound(found: FoundPeer): void {
    const peer = found.id.toString()
    const { connections, node } = this.#peering
    if (connections.openTo(peer).length > 0 || connections.isRefused(peer)) return
    if (connections.open().length >= MAX_FOUND || this.#foundDials >= MAX_FOUND_DIALS) return
    this.#foundDials++
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PROOF_MS)])
    const target = found.multiaddrs.length > 0 ? withPeer(found) : found.id
    node
      .dial(target, { signal })
      .catch(() => undefined)
      .finally(() => {
        this.#foundDials--
      })
  }

  /** A node of somebody known here is asked at once who lives there, so that what waits for them can go. */
  #onConnection(connection: Connection): void {
    const prove = async (): Promise<void> => {
      const pairs = (await this.#host.knownDidsOf(connection.remotePeer.toString())).slice(
        0,
        MAX_PAIRS_A_PEER,
      )
      for (const { local, remote } of pairs) {
        if (connection.status !== 'open' || this.#stop.signal.aborted) return
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PROOF_MS)])
        await this.#proofs.proveOn(connection, local, remote, signal).catch(() => undefined)
      }
    }
    this.#host.onConnected(connection.remotePeer.toString())
    this.#after(connection.direction === 'outbound' ? 0 : LISTENER_WAITS_MS, prove)
  }
}

const withPeer = ({ id, multiaddrs }: FoundPeer) =>
  multiaddrs
    .slice(0, 8)
    .map(addr => (addr.toString().includes('/p2p/') ? addr : addr.encapsulate(`/p2p/${id}`)))
