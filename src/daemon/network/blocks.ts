/** `/vivim/blocks/1`: many sealed blocks in one stream, to whoever can sign with the fetch key (docs/protocol.md section 6). */
import { z } from 'zod'
import { encodeCbor } from '../../core/crypto/cbor.ts'
import { linkOf } from '../../core/crypto/cid.ts'
import { type Ed25519Key, ed25519Verify } from '../../core/crypto/ed25519.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { openObject, signedFields } from '../../core/crypto/signed.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Cid } from '../../core/model/id.ts'
import { checkNamed } from './arrivals.ts'
import { bytesOf, type FrameStream, SMALL_FRAME_BYTES } from './frames.ts'
import { Link, MAX_BLOCKS, MAX_MANIFEST_BYTES, MAX_SLIP_BYTES } from './inbox.ts'
import type { Line } from './loopback.ts'
import { type Peering, peerError } from './peering.ts'
import type { NetworkHost, PeerAddress } from './ports.ts'

const BLOCKS_PROTOCOL = '/vivim/blocks/1'

const Request = z.object({
  v: z.literal(1),
  content: Link,
  at: z.int().min(0),
  proof: bytesOf(64, 64),
  want: z.array(Link).max(MAX_BLOCKS),
})
const Answer = z.union([
  z.object({
    ok: z.literal(true),
    slip: bytesOf(MAX_SLIP_BYTES, 1),
    manifest: bytesOf(MAX_MANIFEST_BYTES, 1).optional(),
  }),
  z.object({ ok: z.literal(false) }),
])

/** How far a request's time may lie from the server's clock. */
const MAX_SKEW_MS = 5 * 60_000
/** A request for every block of the largest content is about 330 KiB. */
const MAX_REQUEST_BYTES = SMALL_FRAME_BYTES
/** Holders asked before giving up. */
const MAX_HOLDERS = 16

/** What the fetch key signs. */
const fetchMessage = (content: Cid, at: number, client: string, server: string): Uint8Array =>
  bound(LABELS.fetch, encodeCbor({ content: linkOf(content), at, client, server }))

const Slip = z.looseObject({ ...signedFields, fetch: bytesOf(32, 32) })

/** The fetch key's public half, 32 bytes, as the slip names it. @throws as `openObject`. */
const fetchKeyOf = (slip: Uint8Array): Uint8Array =>
  openObject(LABELS.slip, slip, Slip, { maxBytes: MAX_SLIP_BYTES, crit: ['content', 'nbf', 'exp', 'fetch'] })
    .payload.fetch

/** Each block, or nothing where it is not here. */
async function* blocksOf(
  want: readonly Cid[],
  getBlock: (cid: Cid) => Promise<Uint8Array | null>,
): AsyncGenerator<Uint8Array> {
  for (const cid of want) yield (await getBlock(cid)) ?? new Uint8Array(0)
}

export class Blocks {
  readonly #peering: Peering
  readonly #host: NetworkHost
  readonly #clock: Clock

  constructor(peering: Peering, host: NetworkHost, clock: Clock) {
    this.#peering = peering
    this.#host = host
    this.#clock = clock
  }

  async start(): Promise<void> {
    await this.#peering.serve(
      BLOCKS_PROTOCOL,
      { purpose: 'blocks', maxInboundStreams: 8, atOnce: 64 },
      (frames, connection, signal) => this.#serve(frames, connection, signal),
    )
  }

  async #serve(frames: FrameStream, connection: Line, signal: AbortSignal): Promise<void> {
    const { content, at, proof, want } = await frames.expect(Request, MAX_REQUEST_BYTES, signal)
    const client = connection.remotePeer.toString()
    const inTime = Math.abs(this.#clock.nowMs() - at) <= MAX_SKEW_MS
    const served = inTime ? await this.#host.onFetch({ content, at, proof, want, client }) : null
    const message = fetchMessage(content, at, client, this.#peering.peerId)
    if (served === null || !ed25519Verify(fetchKeyOf(served.slip), message, proof))
      return await frames.send({ ok: false }, signal)
    const { slip, manifest } = served
    await frames.send({ ok: true, slip, ...(want.length === 0 ? { manifest } : {}) }, signal)
    await frames.writeAll(blocksOf(want, served.getBlock), signal)
  }

  /** Fetch what is wanted, from one holder after the other until nothing lacks. @throws as `Network.fetch`. */
  async fetch(
    request: { content: Cid; want: Cid[]; holders: PeerAddress[]; fetchKey: Ed25519Key },
    onBlock: (cid: Cid, bytes: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ slip: Uint8Array; manifest: Uint8Array | null }> {
    const key = request.fetchKey
    const lacking = new Set(request.want)
    let worst: VivimError | null = null
    for (const holder of request.holders.slice(0, MAX_HOLDERS)) {
      if (signal.aborted) break
      if (this.#peering.connections.isRefused(holder.peer)) continue
      try {
        const answer = await this.#fetchFrom(holder, request.content, key, lacking, onBlock, signal)
        if (answer !== null && lacking.size === 0) return answer
      } catch (error) {
        const known = peerError(error)
        if (known.code !== 'peer/unreachable' && known.code !== 'peer/protocol') throw known
        worst = known
      }
    }
    throw new VivimError(
      'peer/unreachable',
      'no node that holds this content could give all of it',
      { lacking: lacking.size, holders: request.holders.length },
      worst === null ? {} : { cause: worst },
    )
  }

  /** @returns the slip and, where no block was wanted, the manifest; null when this holder refuses. Takes from `lacking` what came. */
  async #fetchFrom(
    holder: PeerAddress,
    content: Cid,
    key: Ed25519Key,
    lacking: Set<Cid>,
    onBlock: (cid: Cid, bytes: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ slip: Uint8Array; manifest: Uint8Array | null } | null> {
    const connection = await this.#peering.reach(holder, signal)
    const at = this.#clock.nowMs()
    const proof = key.sign(fetchMessage(content, at, this.#peering.peerId, holder.peer))
    const want = [...lacking].slice(0, MAX_BLOCKS)
    return await this.#peering.exchange(connection, BLOCKS_PROTOCOL, signal, async frames => {
      await frames.send({ v: 1, content: linkOf(content), at, proof, want: want.map(linkOf) }, signal)
      const answer = await frames.expect(Answer, SMALL_FRAME_BYTES + MAX_MANIFEST_BYTES, signal)
      if (!answer.ok) return null
      const manifest = answer.manifest ?? null
      if (want.length === 0) checkNamed(this.#peering, holder.peer, content, manifest ?? new Uint8Array(0))
      for (const cid of want) {
        const block = await frames.read(SMALL_FRAME_BYTES, signal)
        if (block === null)
          throw new VivimError('peer/unreachable', 'the holder stopped before the last block')
        if (block.length === 0) continue
        checkNamed(this.#peering, holder.peer, cid, block)
        await onBlock(cid, block)
        lacking.delete(cid)
      }
      return { slip: answer.slip, manifest }
    })
  }
}
