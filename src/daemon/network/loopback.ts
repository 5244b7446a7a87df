/** The node's line to itself: two users of one daemon reach each other through the same protocols, frame by frame, as any two
 *  nodes do. Nothing is judged here, so that nothing is judged otherwise than what comes from outside. */
import type { AbortOptions, ComponentLogger, Connection, PeerId, Stream } from '@libp2p/interface'
import { AbstractStream } from '@libp2p/utils'

/** What our protocols use of a connection; the node's line to itself is one too. */
export type Line = Pick<Connection, 'id' | 'status' | 'remotePeer' | 'newStream'> &
  Partial<Pick<Connection, 'remoteAddr'>>

/** Bytes on their way before the sending side is told to wait. */
const IN_FLIGHT_BYTES = 1 << 20

/** One end of a stream within the process. What it sends arrives in a later turn, as from a socket. */
class LoopStream extends AbstractStream {
  #other: LoopStream | null = null
  #inFlight = 0
  #heldBack = false

  static pair(id: number, protocol: string, logger: ComponentLogger): [LoopStream, LoopStream] {
    const log = logger.forComponent(`vivim:loopback:${id}`)
    const outbound = new LoopStream({ id: `${id}`, protocol, log, direction: 'outbound' })
    const inbound = new LoopStream({ id: `${id}`, protocol, log, direction: 'inbound' })
    outbound.#other = inbound
    inbound.#other = outbound
    return [outbound, inbound]
  }

  /** In order: turns of `setImmediate` run as they were asked for. */
  #tell(what: (other: LoopStream) => void): void {
    const other = this.#other
    if (other !== null) setImmediate(() => what(other))
  }

  sendData(data: Parameters<AbstractStream['sendData']>[0]): { sentBytes: number; canSendMore: boolean } {
    const bytes = Uint8Array.from(data.subarray())
    this.#inFlight += bytes.length
    this.#tell(other => {
      this.#inFlight -= bytes.length
      other.onData(bytes)
      this.#drain()
    })
    return { sentBytes: bytes.length, canSendMore: !this.#heldBack && this.#inFlight < IN_FLIGHT_BYTES }
  }

  #drain(): void {
    if (!this.#heldBack && this.#inFlight < IN_FLIGHT_BYTES) this.onMuxerDrain()
  }

  sendReset(): void {
    this.#tell(other => other.onRemoteReset())
  }

  async sendCloseWrite(_options?: AbortOptions): Promise<void> {
    this.#tell(other => other.onRemoteCloseWrite())
  }

  async sendCloseRead(_options?: AbortOptions): Promise<void> {
    this.#tell(other => other.onRemoteCloseRead())
  }

  sendPause(): void {
    this.#tell(other => {
      other.#heldBack = true
    })
  }

  sendResume(): void {
    this.#tell(other => {
      other.#heldBack = false
      other.#drain()
    })
  }
}

/** @param accept - is handed the other end of each stream that is opened. */
export function makeLoopback(
  remotePeer: PeerId,
  logger: ComponentLogger,
  accept: (protocol: string, stream: Stream, line: Line) => void,
): Line {
  let opened = 0
  const line: Line = {
    id: 'loopback',
    status: 'open',
    remotePeer,
    newStream: async protocols => {
      const [protocol = ''] = [protocols].flat()
      opened += 1
      const [outbound, inbound] = LoopStream.pair(opened, protocol, logger)
      accept(protocol, inbound, line)
      return outbound
    },
  }
  return line
}
