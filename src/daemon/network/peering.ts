/** What our protocols share: serving and opening streams inside limits, and turning whatever goes wrong into a code. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import { dialable, isPeerId, parsePeerAddress } from './addresses.ts'
import { type Connections, POINTS } from './connections.ts'
import { FrameStream } from './frames.ts'
import { Gate, type PeerRates, type Purpose } from './limits.ts'
import { type Line, makeLoopback } from './loopback.ts'
import type { PeerAddress } from './ports.ts'

export type Log = (event: string, fields: Record<string, unknown>) => void

/** How long one exchange may take on the serving side, whatever its frames do. */
const MAX_EXCHANGE_MS = 10 * 60_000
const DIAL_TIMEOUT_MS = 10_000

export interface ServeOptions {
  readonly purpose: Purpose
  /** Streams at once from one connection. */
  readonly maxInboundStreams: number
  /** Streams at once from everybody. */
  readonly atOnce: number
}

/** Whatever a stream or dial threw, as one of our codes. */
export const peerError = (error: unknown): VivimError =>
  error instanceof VivimError
    ? error
    : new VivimError('peer/unreachable', 'the other node does not answer', {}, { cause: error })

/** A signal that ends at `ms` or with `signal`. */
export const bounded = (signal: AbortSignal, ms: number): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(ms)])

export class Peering {
  readonly node: Libp2p
  readonly connections: Connections
  readonly rates: PeerRates
  readonly log: Log
  /** The node's line to itself, on which its users reach each other. */
  readonly loopback: Line
  readonly #stopping: AbortSignal
  readonly #served = new Map<string, (stream: Stream, line: Line) => Promise<void>>()

  constructor(node: Libp2p, connections: Connections, rates: PeerRates, log: Log, stopping: AbortSignal) {
    this.node = node
    this.loopback = makeLoopback(node.peerId, node.logger, (protocol, stream, line) => {
      const serve = this.#served.get(protocol)
      if (serve === undefined) stream.abort(new Error('no such protocol'))
      else void serve(stream, line)
    })
    this.connections = connections
    this.rates = rates
    this.log = log
    this.#stopping = stopping
  }

  get peerId(): string {
    return this.node.peerId.toString()
  }

  /** Serve a protocol. What `handle` throws resets the stream; `peer/protocol` is also held against the peer. */
  async serve(
    protocol: string,
    { purpose, maxInboundStreams, atOnce }: ServeOptions,
    handle: (frames: FrameStream, line: Line, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const gate = new Gate(atOnce)
    const serve = async (stream: Stream, line: Line): Promise<void> => {
      const peer = line.remotePeer.toString()
      const frames = new FrameStream(stream)
      // Who asks too much or breaks a rule is sent away: the node itself cannot be.
      if (line !== this.loopback && !this.rates.take(peer, purpose)) {
        frames.abort(new Error('too many requests'))
        this.connections.punish(peer, POINTS.greedy, `${protocol}: too many requests`)
        return
      }
      const signal = bounded(this.#stopping, MAX_EXCHANGE_MS)
      try {
        const entered = await gate.enter(
          async () => {
            await handle(frames, line, signal)
            await frames.close(signal)
            return true
          },
          { isIdle: () => !frames.wasHeard, giveWay: () => frames.abort(new Error('others wait')) },
        )
        if (entered === null) frames.abort(new Error('busy'))
      } catch (error) {
        frames.abort(error)
        const code = codeOf(error)
        if (code === 'peer/protocol')
          this.punish(peer, POINTS.brokenRule, `${protocol}: ${(error as Error).message}`)
        else if (code !== 'peer/unreachable')
          this.log('network.handler-failed', { protocol, peer, code, error })
      }
    }
    this.#served.set(protocol, serve)
    await this.node.handle(protocol, serve, {
      maxInboundStreams,
      maxOutboundStreams: 64,
      runOnLimitedConnection: true,
    })
  }

  /** Hold against a peer what it did; what this node did to itself is only written down. */
  punish(peer: string, points: number, why: string): void {
    if (peer === this.peerId) this.log('network.loopback-failed', { why })
    else this.connections.punish(peer, points, why)
  }

  /** Open a stream on a connection, run one exchange on it and close it.
   *  @throws `peer/unreachable`, `peer/protocol` and what `run` throws. */
  async exchange<T>(
    connection: Line,
    protocol: string,
    signal: AbortSignal,
    run: (frames: FrameStream) => Promise<T>,
  ): Promise<T> {
    const all = AbortSignal.any([signal, this.#stopping])
    let frames: FrameStream | null = null
    try {
      all.throwIfAborted()
      const stream = await connection.newStream(protocol, {
        signal: bounded(all, DIAL_TIMEOUT_MS),
        runOnLimitedConnection: true,
      })
      frames = new FrameStream(stream)
      const result = await run(frames)
      await frames.close(all)
      return result
    } catch (error) {
      frames?.abort(error)
      const known = peerError(error)
      if (known.code === 'peer/protocol')
        this.punish(connection.remotePeer.toString(), POINTS.brokenRule, `${protocol}: ${known.message}`)
      throw known
    }
  }

  /** An open connection to a node, dialled where there is none. @param but - one that failed: it is another, also where that one still
   *  looks open. @throws `peer/unreachable`. */
  async reach(address: PeerAddress, signal: AbortSignal, but?: Line): Promise<Line> {
    if (address.peer === this.peerId) return this.loopback
    const known = this.connections.openTo(address.peer).find(connection => connection !== but)
    if (known !== undefined) return known
    if (!isPeerId(address.peer)) throw new VivimError('peer/unreachable', 'that is no other node')
    const all = AbortSignal.any([signal, this.#stopping, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    const addrs = dialable(address)
    const how = { signal: all, force: but !== undefined }
    try {
      all.throwIfAborted()
      if (addrs.length > 0) {
        const direct = await this.node.dial(addrs, how).catch(() => null)
        if (direct !== null) return direct
      }
      // It may have moved: where it was seen last, or what others say.
      return await this.node.dial(peerIdFromString(address.peer), how)
    } catch (error) {
      throw peerError(error)
    }
  }

  /** Dial a full address that a person gave. @throws `peer/bad-address`, `peer/unreachable`. */
  async connect(text: string, signal: AbortSignal): Promise<Connection> {
    const { peer, addr } = parsePeerAddress(text)
    if (peer === this.peerId) throw new VivimError('peer/bad-address', "that is this node's own address")
    if (this.connections.isRefused(peer))
      throw new VivimError('peer/unreachable', 'that peer is blocked here', { peer })
    const all = AbortSignal.any([signal, this.#stopping, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    try {
      const [known] = this.connections.openTo(peer)
      return known ?? (await this.node.dial(addr, { signal: all }))
    } catch (error) {
      throw peerError(error)
    }
  }
}
