/** `/vivim/device/1`: a person's devices among themselves (docs/protocol.md section 3.1): a new one asks to be taken in, collects what it is
 *  given, and is told of newer identity documents. */
import { z } from 'zod'
import { PAIRING_NONCE_BYTES, PAIRING_REQUEST_BYTES } from '../../core/identity/pairing.ts'
import { hasCode, VivimError } from '../../core/kernel/errors.ts'
import { Did } from '../../core/model/id.ts'
import { type DeviceExchange, SyncOpening } from './device-exchange.ts'
import { bytesOf, type FrameStream, KIB, SMALL_FRAME_BYTES } from './frames.ts'
import type { Line } from './loopback.ts'
import type { Peering } from './peering.ts'
import type { Asker, NetworkHost, PairingAsk, PairingReveal, PairingState, PeerAddress } from './ports.ts'

export const DEVICE_PROTOCOL = '/vivim/device/1'

const exactly = (bytes: number) => bytesOf(bytes, bytes)
const request = exactly(PAIRING_REQUEST_BYTES)
const document = bytesOf(64 * KIB, 1)
const Opening = z.discriminatedUnion('kind', [
  z.object({ v: z.literal(1), kind: z.literal('pair'), did: Did, commitment: exactly(32), mac: exactly(32) }),
  z.object({ v: z.literal(1), kind: z.literal('collect'), did: Did, request }),
  z.object({ v: z.literal(1), kind: z.literal('taken'), did: Did, request }),
  z.object({ v: z.literal(1), kind: z.literal('document'), document }),
  SyncOpening,
])
type Opening = z.infer<typeof Opening>

const no = z.object({ ok: z.literal(false) })
const Answer = z.union([z.object({ ok: z.literal(true), nonce: exactly(PAIRING_NONCE_BYTES) }), no])
const Reveal = z.object({
  ed: exactly(32),
  kem: exactly(1216),
  nonce: exactly(PAIRING_NONCE_BYTES),
  signature: exactly(64),
})
const Waiting = z.union([
  z.object({ ok: z.literal(true), request, expiresAt: z.number().int().nonnegative() }),
  no,
])
const State = z.discriminatedUnion('state', [
  z.object({ state: z.literal('waiting') }),
  z.object({ state: z.literal('gone') }),
  z.object({ state: z.literal('approved'), sealed: bytesOf(128 * KIB, 1) }),
])
const Done = z.object({ ok: z.literal(true) })

const refused = (): VivimError =>
  new VivimError('device/refused', 'the other device takes no request now, or the card is not its newest')

export class DeviceProtocol {
  readonly #peering: Peering
  readonly #host: NetworkHost
  readonly #exchange: DeviceExchange

  constructor(peering: Peering, host: NetworkHost, exchange: DeviceExchange) {
    this.#peering = peering
    this.#host = host
    this.#exchange = exchange
  }

  async start(): Promise<void> {
    await this.#peering.serve(
      DEVICE_PROTOCOL,
      { purpose: 'device', maxInboundStreams: 4, atOnce: 32 },
      (frames, connection, signal) => this.#answer(frames, connection, signal),
    )
  }

  async #answer(frames: FrameStream, connection: Line, signal: AbortSignal): Promise<void> {
    const opening: Opening = await frames.expect(Opening, SMALL_FRAME_BYTES, signal)
    const peer = connection.remotePeer.toString()
    if (opening.kind === 'pair')
      return await this.#beAsked(frames, opening, { peer, from: hostOf(connection) }, signal)
    if (opening.kind === 'sync') return await this.#exchange.answer(frames, connection, opening, signal)
    if (opening.kind === 'collect')
      return await frames.send(
        { ...(await this.#host.pairingState(opening.did, opening.request, peer)) },
        signal,
      )
    if (opening.kind === 'taken') await this.#host.onTaken(opening.did, opening.request, peer)
    else await this.#host.onDocument(opening.document)
    await frames.send({ ok: true }, signal)
  }

  async #beAsked(frames: FrameStream, ask: PairingAsk, by: Asker, signal: AbortSignal): Promise<void> {
    const begun = await this.#host.onPairing(ask, by)
    if (begun === null) return await frames.send({ ok: false }, signal)
    await frames.send({ ok: true, nonce: begun.nonce }, signal)
    const waiting = await begun.reveal(await frames.expect(Reveal, SMALL_FRAME_BYTES, signal))
    await frames.send(
      waiting === null
        ? { ok: false }
        : { ok: true, request: waiting.request, expiresAt: waiting.expiresAtMs },
      signal,
    )
  }

  /** Of two nodes that dial each other at once one closes a connection: all that is said here may be said again on the one that is left. */
  async #on<T>(at: PeerAddress, signal: AbortSignal, talk: (frames: FrameStream) => Promise<T>): Promise<T> {
    const first = await this.#peering.reach(at, signal)
    try {
      return await this.#peering.exchange(first, DEVICE_PROTOCOL, signal, talk)
    } catch (error) {
      if (!hasCode(error, 'peer/unreachable') || signal.aborted) throw error
      const second = await this.#peering.reach(at, signal, first)
      return await this.#peering.exchange(second, DEVICE_PROTOCOL, signal, talk)
    }
  }

  pair = (
    at: PeerAddress,
    { did, commitment, mac }: PairingAsk,
    reveal: (answer: Uint8Array) => PairingReveal,
    signal: AbortSignal,
  ): Promise<{ request: Uint8Array; expiresAtMs: number }> =>
    this.#on(at, signal, async frames => {
      await frames.send({ v: 1, kind: 'pair', did, commitment, mac }, signal)
      const answer = await frames.expect(Answer, SMALL_FRAME_BYTES, signal)
      if (!answer.ok) throw refused()
      const { ed, kem, nonce, signature } = reveal(answer.nonce)
      await frames.send({ ed, kem, nonce, signature }, signal)
      const waiting = await frames.expect(Waiting, SMALL_FRAME_BYTES, signal)
      if (!waiting.ok) throw refused()
      return { request: waiting.request, expiresAtMs: waiting.expiresAt }
    })

  collect = (at: PeerAddress, did: Did, request: Uint8Array, signal: AbortSignal): Promise<PairingState> =>
    this.#on(at, signal, async frames => {
      await frames.send({ v: 1, kind: 'collect', did, request }, signal)
      return await frames.expect(State, SMALL_FRAME_BYTES, signal)
    })

  taken = (at: PeerAddress, did: Did, request: Uint8Array, signal: AbortSignal): Promise<void> =>
    this.#on(at, signal, async frames => {
      await frames.send({ v: 1, kind: 'taken', did, request }, signal)
      await frames.expect(Done, SMALL_FRAME_BYTES, signal)
    })

  tell = (at: PeerAddress, document: Uint8Array, signal: AbortSignal): Promise<void> =>
    this.#on(at, signal, async frames => {
      await frames.send({ v: 1, kind: 'document', document }, signal)
      await frames.expect(Done, SMALL_FRAME_BYTES, signal)
    })
}

/** Where a connection comes from; within one daemon, from no network. */
const hostOf = ({ remoteAddr }: Line): string => remoteAddr?.toString().split('/')[2] ?? ''
