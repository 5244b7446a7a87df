/** `/vivim/inbox/1`: one delivery or one tombstone an exchange (docs/protocol.md section 4). */
import { CID } from 'multiformats/cid'
import { z } from 'zod'
import { decodeCbor } from '../../core/crypto/cbor.ts'
import { cidOfLink, linkOf } from '../../core/crypto/cid.ts'
import { parseStanding } from '../../core/identity/standing.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import { type Cid, Did } from '../../core/model/id.ts'
import { checkNamed } from './arrivals.ts'
import type { DidProofs } from './did.ts'
import { bytesOf, type FrameStream, KIB, LARGE_FRAME_BYTES, MIB, SMALL_FRAME_BYTES } from './frames.ts'
import type { Line } from './loopback.ts'
import type { Peering } from './peering.ts'
import type { Delivery, NetworkHost } from './ports.ts'

const INBOX_PROTOCOL = '/vivim/inbox/1'

const MAX_ENVELOPES = 8
const MAX_ENVELOPE_BYTES = 4 * MIB
export const MAX_SLIP_BYTES = 4 * KIB
export const MAX_MANIFEST_BYTES = MIB
/** Chunks of one content. */
export const MAX_BLOCKS = 8192
/** Blocks of one push in all; a receiver that needs more fetches it. */
const MAX_PUSH_BYTES = 64 * MIB
/** Making everything durable may take a disk longer than a frame takes. */
const RECEIPT_TIMEOUT_MS = 30_000
/** Nodes of one person that are tried for one delivery. */
const MAX_TRIES = 3

/** A CID of ours as it stands in a frame. */
export const Link = z
  .custom<CID>(value => CID.asCID(value) !== null, 'not a link')
  .transform((link, context): Cid => {
    try {
      return cidOfLink(link)
    } catch {
      context.addIssue({ code: 'custom', message: 'not a CID of ours' })
      return z.NEVER
    }
  })

const Request = z.discriminatedUnion('kind', [
  z.object({
    v: z.literal(1),
    kind: z.literal('deliver'),
    from: Did,
    to: Did,
    envelopes: z.array(bytesOf(MAX_ENVELOPE_BYTES, 1)).min(1).max(MAX_ENVELOPES),
    slip: bytesOf(MAX_SLIP_BYTES, 1).optional(),
    manifest: bytesOf(MAX_MANIFEST_BYTES, 1).optional(),
  }),
  z.object({
    v: z.literal(1),
    kind: z.literal('tombstone'),
    from: Did,
    to: Did,
    tombstone: bytesOf(4 * KIB, 1),
  }),
])
const refusal = z.object({ ok: z.literal(false), why: z.string().max(64) })
const Lacks = z.union([z.object({ ok: z.literal(true), lacks: z.array(Link).max(MAX_BLOCKS) }), refusal])
const Receipt = z.union([z.object({ ok: z.literal(true), receipt: bytesOf(4 * KIB, 1) }), refusal])
const Done = z.union([z.object({ ok: z.literal(true) }), refusal])

const refused = (why: string): VivimError =>
  new VivimError('peer/refused', `the other node refused: ${why}`, { why })

const isUnproved = (error: unknown): boolean =>
  error instanceof VivimError && error.code === 'peer/refused' && error.details.why === 'unproved'

export class Inbox {
  readonly #peering: Peering
  readonly #proofs: DidProofs
  readonly #host: NetworkHost

  constructor(peering: Peering, proofs: DidProofs, host: NetworkHost) {
    this.#peering = peering
    this.#proofs = proofs
    this.#host = host
  }

  async start(): Promise<void> {
    await this.#peering.serve(
      INBOX_PROTOCOL,
      { purpose: 'inbox', maxInboundStreams: 8, atOnce: 32 },
      (frames, connection, signal) => this.#receive(frames, connection, signal),
    )
  }

  async #receive(frames: FrameStream, connection: Line, signal: AbortSignal): Promise<void> {
    // Nobody may make us read 8 MiB before they said who they are.
    if (!this.#proofs.any(connection)) return await frames.send({ ok: false, why: 'unproved' }, signal)
    const request = await frames.expect(Request, LARGE_FRAME_BYTES, signal)
    const proof = this.#proofs.on(connection, request.to, request.from)
    // A tombstone is its share's word, whoever brings it; a delivery is its sender's.
    if (
      proof === null ||
      (request.kind === 'deliver' && !parseStanding(proof.standing).rights.includes('deliver'))
    )
      return await frames.send({ ok: false, why: 'unproved' }, signal)
    const peer = connection.remotePeer.toString()
    if (request.kind === 'tombstone') {
      await this.#host.onTombstone(request.from, request.to, request.tombstone)
      return await frames.send({ ok: true }, signal)
    }
    const { from, to, envelopes, slip = null, manifest = null } = request
    await this.#receiveDelivery(frames, { from, to, envelopes, slip, manifest }, peer, signal)
  }

  async #receiveDelivery(
    frames: FrameStream,
    delivery: Delivery,
    peer: string,
    signal: AbortSignal,
  ): Promise<void> {
    const answer = await this.#host.onDelivery(delivery, peer)
    if (!answer.ok) return await frames.send({ ok: false, why: answer.why }, signal)
    await frames.send({ ok: true, lacks: answer.lacks.map(linkOf) }, signal)
    let total = 0
    for (const cid of answer.lacks) {
      const block = await frames.read(SMALL_FRAME_BYTES, signal)
      if (block === null) throw new VivimError('peer/unreachable', 'the sender stopped before the last block')
      total += block.length
      if (total > MAX_PUSH_BYTES) throw new VivimError('peer/protocol', 'more than 64 MiB in one push')
      checkNamed(this.#peering, peer, cid, block)
      await this.#host.onBlock(delivery, cid, block)
    }
    const receipt = await this.#host.onDelivered(delivery, peer)
    await frames.send(receipt === null ? { ok: false, why: 'not-accepted' } : { ok: true, receipt }, signal)
  }

  /** Push one delivery to a node of its recipient. @returns the receipt's wire form. @throws as `Network.deliver`. */
  async deliver(
    delivery: Delivery,
    getBlock: (cid: Cid) => Promise<Uint8Array | null>,
    onStart: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const allowed = new Set(delivery.manifest === null ? [] : chunksOf(delivery.manifest))
    return await this.#withNodeOf(delivery.from, delivery.to, signal, async connection => {
      await onStart()
      return await this.#peering.exchange(connection, INBOX_PROTOCOL, signal, frames =>
        push(frames, delivery, allowed, getBlock, signal),
      )
    })
  }

  /** Hand over a tombstone. @throws as `Network.bury`. */
  async bury(from: Did, to: Did, tombstone: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#withNodeOf(from, to, signal, connection =>
      this.#peering.exchange(connection, INBOX_PROTOCOL, signal, async frames => {
        await frames.send({ v: 1, kind: 'tombstone', from, to, tombstone }, signal)
        const answer = await frames.expect(Done, SMALL_FRAME_BYTES, signal, RECEIPT_TIMEOUT_MS)
        if (!answer.ok) throw refused(answer.why)
      }),
    )
  }

  /** Run `talk` with nodes of `to`, one after the other, until one of them answers; a refusal is an answer. */
  async #withNodeOf<T>(
    from: Did,
    to: Did,
    signal: AbortSignal,
    talk: (connection: Line) => Promise<T>,
  ): Promise<T> {
    const tried = new Set<string>()
    const shownAnew = new Set<string>()
    for (;;) {
      const { connection, proof } = await this.#proofs.reach(from, to, signal, tried)
      try {
        return await talk(connection)
      } catch (error) {
        if (signal.aborted) throw error
        // What the other side knows of us is gone, or ours is another statement by now: it is shown once more.
        if (isUnproved(error) && !shownAnew.has(proof.peer)) {
          shownAnew.add(proof.peer)
          await this.#proofs.showAnew(connection, from, to)
          continue
        }
        tried.add(proof.peer)
        if (codeOf(error) !== 'peer/unreachable' || tried.size >= MAX_TRIES) throw error
      }
    }
  }
}

async function push(
  frames: FrameStream,
  { from, to, envelopes, slip, manifest }: Delivery,
  allowed: ReadonlySet<Cid>,
  getBlock: (cid: Cid) => Promise<Uint8Array | null>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  await frames.send(
    {
      v: 1,
      kind: 'deliver',
      from,
      to,
      envelopes,
      ...(slip === null ? {} : { slip }),
      ...(manifest === null ? {} : { manifest }),
    },
    signal,
  )
  const answer = await frames.expect(Lacks, SMALL_FRAME_BYTES, signal, RECEIPT_TIMEOUT_MS)
  if (!answer.ok) throw refused(answer.why)
  async function* lacked(cids: readonly Cid[]): AsyncGenerator<Uint8Array> {
    for (const cid of cids) {
      // A receiver names what it lacks of this content, nothing else that may lie here.
      if (!allowed.has(cid))
        throw new VivimError('peer/protocol', 'the other node asked for a block of something else')
      const block = await getBlock(cid)
      if (block === null)
        throw new VivimError('storage/corrupt', 'a sealed block of this share is not here', { cid })
      yield block
    }
  }
  await frames.writeAll(lacked(answer.lacks), signal)
  const last = await frames.expect(Receipt, SMALL_FRAME_BYTES, signal, RECEIPT_TIMEOUT_MS)
  if (!last.ok) throw refused(last.why)
  return last.receipt
}

const Chunks = z.object({ chunks: z.array(Link).max(MAX_BLOCKS) })

/** The blocks that a manifest names. @throws `crypto/bad-encoding`. */
export function chunksOf(manifest: Uint8Array): Cid[] {
  const parsed = Chunks.safeParse(decodeCbor(manifest, MAX_MANIFEST_BYTES))
  if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not a manifest')
  return parsed.data.chunks
}
