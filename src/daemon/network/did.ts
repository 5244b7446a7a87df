/** `/vivim/did/1`: proving a DID on a connection (docs/protocol.md section 3), and finding a node of a person. */
import { z } from 'zod'
import { sameBytes } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { Did } from '../../core/model/id.ts'
import { POINTS } from './connections.ts'
import { bytesOf, type FrameStream, KIB } from './frames.ts'
import type { Line } from './loopback.ts'
import { bounded, type Log, type Peering, peerError } from './peering.ts'
import type { NetworkHost, PeerAddress, Proof } from './ports.ts'

const DID_PROTOCOL = '/vivim/did/1'

/** A statement, a document and what stands around them. */
const MAX_ASK_BYTES = 96 * KIB
const EXCHANGE_MS = 15_000
/** Pairs kept a connection: a home with many users may prove many to another such home. */
const MAX_PAIRS = 256
/** What their documents may come to a connection: one of an honest person is of a few KiB. */
const MAX_PAIR_BYTES = 1024 * KIB
/** Nodes of one person dialled side by side, and in all, for one question. */
const PARALLEL_DIALS = 3
const MAX_CANDIDATES = 12

const standing = bytesOf(4 * KIB, 1)
const document = bytesOf(64 * KIB, 1)
const Ask = z.object({
  v: z.literal(1),
  ask: Did,
  standing,
  document,
  mac: bytesOf(32, 32).optional(),
})
const Answer = z.union([
  z.object({ ok: z.literal(true), standing, document }),
  // Who was taken out is told so by the nodes of their own person.
  z.object({ ok: z.literal(false), document: document.optional() }),
])

/** A connection on which `local` and `proof.did` know each other. */
export interface Reached {
  readonly connection: Line
  readonly proof: Proof
}

const sizeOf = (proof: Proof): number => proof.standing.length + proof.document.length
const pairKey = (local: Did, remote: Did): string => `${local} ${remote}`

export class DidProofs {
  readonly #peering: Peering
  readonly #host: NetworkHost
  readonly #log: Log
  /** Connection id, then pair. */
  readonly #proved = new Map<string, Map<string, Proof>>()
  readonly #running = new Map<string, Promise<Proof>>()

  constructor(peering: Peering, host: NetworkHost, log: Log) {
    this.#peering = peering
    this.#host = host
    this.#log = log
  }

  async start(): Promise<void> {
    await this.#peering.serve(
      DID_PROTOCOL,
      { purpose: 'did', maxInboundStreams: 8, atOnce: 64 },
      (frames, connection, signal) => this.#answer(frames, connection, signal),
    )
  }

  /** What was proved ends with the connection. */
  forget(connection: Line): void {
    this.#proved.delete(connection.id)
  }

  /** @returns the proof of `remote` towards `local` on this connection, or null. */
  on(connection: Line, local: Did, remote: Did): Proof | null {
    const proof = this.#proved.get(connection.id)?.get(pairKey(local, remote)) ?? null
    // The line to itself lives as long as the node, a statement may not: what stands here now counts.
    if (proof === null || connection !== this.#peering.loopback) return proof
    const now = this.#host.proofOf(remote)
    return now !== null && sameBytes(now.standing, proof.standing) ? proof : null
  }

  /** Whether anything was proved on this connection. */
  any(connection: Line): boolean {
    return (this.#proved.get(connection.id)?.size ?? 0) > 0
  }

  /** Who was proved towards a user on a connection, in that order. */
  didsOn(connection: Line, local: Did): Did[] {
    const proved = this.#proved.get(connection.id) ?? new Map<string, Proof>()
    return [...proved].flatMap(([key, { did }]) => (key === pairKey(local, did) ? [did] : []))
  }

  /** A user who lives here no more: nothing is proved to them or of them. */
  forgetUser(local: Did): void {
    for (const pairs of this.#proved.values())
      for (const [key, { did }] of pairs)
        if (
          key === pairKey(local, did) ||
          (did === local && pairs === this.#proved.get(this.#peering.loopback.id))
        )
          pairs.delete(key)
  }

  /** Judge again what a person's devices proved: a newer document may have taken one of them out. */
  async recheck(did: Did): Promise<void> {
    for (const pairs of this.#proved.values())
      for (const [key, proof] of pairs) {
        if (proof.did !== did || (await this.#host.judge(proof, proof.peer)) !== null) continue
        pairs.delete(key)
        this.#log('network.proof-ended', { peer: proof.peer, did })
      }
  }

  #remember(connection: Line, local: Did, proof: Proof): void {
    if (connection.status !== 'open') return
    const pairs = this.#proved.get(connection.id) ?? new Map<string, Proof>()
    const key = pairKey(local, proof.did)
    const isNew = !pairs.has(key)
    pairs.delete(key)
    pairs.set(key, proof)
    let bytes = [...pairs.values()].reduce((sum, one) => sum + sizeOf(one), 0)
    for (const [oldest, one] of pairs) {
      if (pairs.size <= MAX_PAIRS && bytes <= MAX_PAIR_BYTES) break
      pairs.delete(oldest)
      bytes -= sizeOf(one)
    }
    this.#proved.set(connection.id, pairs)
    if (!isNew) return
    this.#log('network.proved', { peer: proof.peer, did: proof.did, local })
    this.#host
      .onProved(local, proof)
      .catch(error => this.#log('network.host-failed', { what: 'onProved', error }))
  }

  async #answer(frames: FrameStream, connection: Line, signal: AbortSignal): Promise<void> {
    const peer = connection.remotePeer.toString()
    const ask = await frames.expect(Ask, MAX_ASK_BYTES, signal)
    const asker = await this.#host.judge({ standing: ask.standing, document: ask.document }, peer)
    if (asker === null) {
      const newer = await this.#host.newerFor({ standing: ask.standing, document: ask.document }, peer)
      if (newer !== null) return await frames.send({ ok: false, document: newer }, signal)
      await frames.send({ ok: false }, signal)
      this.#peering.punish(peer, POINTS.badProof, 'a statement that does not hold')
      return
    }
    // Both questions are asked whoever lives here, so that an unknown DID is answered like one that says nothing.
    const mayLearn = await this.#host.mayLearn(asker.did, ask.ask, ask.mac ?? null, {
      dialler: peer,
      listener: this.#peering.peerId,
    })
    const own = this.#host.proofOf(ask.ask)
    if (!mayLearn || own === null) {
      await frames.send({ ok: false }, signal)
      return
    }
    this.#remember(connection, ask.ask, asker)
    await frames.send({ ok: true, standing: own.standing, document: own.document }, signal)
  }

  /** Prove a pair on a connection, at most once while it lives.
   *  @throws `peer/refused`, `peer/unreachable`, `peer/protocol`. */
  async proveOn(connection: Line, from: Did, to: Did, signal: AbortSignal): Promise<Proof> {
    const known = this.on(connection, from, to)
    if (known !== null) return known
    const key = `${connection.id} ${pairKey(from, to)}`
    let running = this.#running.get(key)
    if (running === undefined) {
      running = this.#ask(connection, from, to).finally(() => this.#running.delete(key))
      this.#running.set(key, running)
    }
    return await unless(signal, running)
  }

  /** Show the own statement once more where the pair was proved: it may be another by now. It is no news that the other is there.
   *  @throws as `proveOn`. */
  async showAnew(connection: Line, from: Did, to: Did): Promise<void> {
    await this.#ask(connection, from, to)
  }

  async #ask(connection: Line, from: Did, to: Did): Promise<Proof> {
    const peer = connection.remotePeer.toString()
    const own = this.#host.proofOf(from)
    if (own === null)
      throw new VivimError('peer/refused', 'no statement of that identity is known on this node yet', {
        did: from,
      })
    const mac = await this.#host.macFor(from, to, { dialler: this.#peering.peerId, listener: peer })
    const answer = await this.#peering.exchange(
      connection,
      DID_PROTOCOL,
      AbortSignal.timeout(EXCHANGE_MS),
      async frames => {
        const ask = { v: 1, ask: to, standing: own.standing, document: own.document }
        await frames.send(mac === null ? ask : { ...ask, mac })
        return await frames.expect(Answer, MAX_ASK_BYTES)
      },
    )
    if (!answer.ok && answer.document !== undefined) await this.#host.onDocument(answer.document)
    if (!answer.ok)
      throw new VivimError('peer/refused', 'the node does not say that this person is there', { peer })
    const proof = await this.#host.judge(answer, peer)
    if (proof === null || proof.did !== to) {
      this.#peering.punish(peer, POINTS.badProof, 'a statement that does not hold')
      throw new VivimError('peer/refused', 'the node showed a proof that does not hold', { peer })
    }
    this.#remember(connection, from, proof)
    return proof
  }

  /** A connection to a node of `to` that proved it: one that stands, else the known nodes, a few at a time.
   *  @param without - peers not to try again. @throws `peer/unreachable`, `peer/refused`. */
  async reach(
    from: Did,
    to: Did,
    signal: AbortSignal,
    without: ReadonlySet<string> = new Set(),
  ): Promise<Reached> {
    for (const connection of [...this.#peering.connections.open(), this.#peering.loopback]) {
      const proof = this.on(connection, from, to)
      if (proof !== null && !without.has(proof.peer)) return { connection, proof }
    }
    const known = await this.#host.addressesOf(from, to)
    const candidates = distinctPeers(known)
      .filter(({ peer }) => !without.has(peer))
      .filter(({ peer }) => !this.#peering.connections.isRefused(peer))
      .slice(0, MAX_CANDIDATES)
    return await this.#firstOf(candidates, from, to, signal)
  }

  async #firstOf(candidates: PeerAddress[], from: Did, to: Did, signal: AbortSignal): Promise<Reached> {
    const enough = new AbortController()
    const all = AbortSignal.any([signal, enough.signal])
    const queue = [...candidates]
    let worst: VivimError | null = null
    let found: Reached | null = null
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !all.aborted; next = queue.shift()) {
        try {
          const connection = await this.#peering.reach(next, all)
          const proof = await this.proveOn(connection, from, to, bounded(all, EXCHANGE_MS))
          found ??= { connection, proof }
          enough.abort()
        } catch (error) {
          const known = peerError(error)
          if (worst === null || known.code === 'peer/refused') worst = known
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(PARALLEL_DIALS, candidates.length) }, work))
    if (found !== null) return found
    throw worst ?? new VivimError('peer/unreachable', 'no node of this person is known here', { did: to })
  }
}

/** The addresses of one peer may come from several sources: they are tried together. */
function distinctPeers(known: readonly PeerAddress[]): PeerAddress[] {
  const byPeer = new Map<string, Set<string>>()
  for (const { peer, addrs } of known) {
    const all = byPeer.get(peer) ?? new Set()
    for (const addr of addrs) all.add(addr)
    byPeer.set(peer, all)
  }
  return [...byPeer].map(([peer, addrs]) => ({ peer, addrs: [...addrs] }))
}

/** Wait for `work`, but no longer than `signal` allows; the work itself goes on for others that wait for it. */
async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new VivimError('peer/unreachable', 'given up', {}, { cause: signal.reason }))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  // Whoever loses the race may still be rejected later, with nobody listening.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
