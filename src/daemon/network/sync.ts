/** `/vivim/sync/1`: bringing the logs of shared circles up to date (docs/protocol.md section 7.1). The two sides take turns;
 *  every frame after the first is sealed to the other side's proved device, so that what passes cannot be read later. */
import { z } from 'zod'
import type { CborValue } from '../../core/crypto/cbor.ts'
import { type HpkeSenderContext, hpkeSetupSender } from '../../core/crypto/hpke.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { XWING_ENC_BYTES } from '../../core/crypto/xwing.ts'
import { concat, utf8 } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { CircleId, Did } from '../../core/model/id.ts'
import { appendCircleEntries, CircleConversation, mergeCircleDocuments } from './circle-document.ts'
import type { DidProofs } from './did.ts'
import { bytesOf, type FrameStream, KIB, LARGE_FRAME_BYTES, MIB, SMALL_FRAME_BYTES } from './frames.ts'
import type { Line } from './loopback.ts'
import type { Peering } from './peering.ts'
import type { NetworkHost, Proof, SyncReceiver } from './ports.ts'
import { deviceKemOf, SealedFrames, TURN_TIMEOUT_MS } from './sealed-frames.ts'

const SYNC_PROTOCOL = '/vivim/sync/1'

/** Circles spoken of in one conversation. */
const MAX_CIRCLES = 256
/** Turns about one circle; two sides that follow the rules need four to six. */
const MAX_TURNS = 32
/** A message is cut into pieces that leave room for the seal in a frame. */
const PIECE_BYTES = 4 * MIB
const MAX_MESSAGE_BYTES = 48 * MIB

const Opening = z.object({
  v: z.literal(1),
  from: Did,
  to: Did,
  enc: bytesOf(XWING_ENC_BYTES, XWING_ENC_BYTES),
})
const Welcome = z.union([
  z.object({ ok: z.literal(true), enc: bytesOf(XWING_ENC_BYTES, XWING_ENC_BYTES) }),
  z.object({ ok: z.literal(false) }),
])
/** A message, or a piece of one, about a circle; `done` when there is nothing to say about it now; `end` after the last circle. */
const Turn = z.union([
  z.object({ circle: CircleId, message: bytesOf(LARGE_FRAME_BYTES), more: z.literal(true).optional() }),
  z.object({ circle: CircleId, done: z.literal(true) }),
  z.object({ end: z.literal(true) }),
])
type Turn = z.infer<typeof Turn>

const broken = (why: string): VivimError =>
  new VivimError('peer/protocol', `the other node broke the protocol: ${why}`)

/** `'vivim/v1/sync' ‖ 0x00 ‖ sender's peer id ‖ receiver's peer id`, in text. */
const syncInfo = (sender: string, receiver: string): Uint8Array =>
  bound(LABELS.sync, utf8(sender), utf8(receiver))

/** Turns about circles on a sealed stream. */
class SealedTurns {
  readonly #sealed: SealedFrames

  constructor(frames: FrameStream, sender: HpkeSenderContext, receiver: SyncReceiver, signal: AbortSignal) {
    this.#sealed = new SealedFrames(frames, sender, receiver, signal)
  }

  async #send(value: CborValue): Promise<void> {
    await this.#sealed.send(value)
  }

  async #receive(): Promise<Turn> {
    const turn = Turn.safeParse(await this.#sealed.receive())
    if (!turn.success) throw broken('a turn of another shape')
    return turn.data
  }

  async say(circle: CircleId, message: Uint8Array | null): Promise<void> {
    if (message === null) return await this.#send({ circle, done: true })
    let at = 0
    for (; message.length - at > PIECE_BYTES; at += PIECE_BYTES)
      await this.#send({ circle, message: message.subarray(at, at + PIECE_BYTES), more: true })
    await this.#send({ circle, message: message.subarray(at) })
  }

  async end(): Promise<void> {
    await this.#send({ end: true })
  }

  /** The other side's turn: a whole message, null for done, or `end`. */
  async hear(): Promise<{ circle: CircleId; message: Uint8Array | null } | 'end'> {
    const pieces: Uint8Array[] = []
    let size = 0
    for (;;) {
      const turn = await this.#receive()
      if ('end' in turn) {
        if (pieces.length > 0) throw broken('an end within a message')
        return 'end'
      }
      if ('done' in turn) {
        if (pieces.length > 0) throw broken('a turn within a message')
        return { circle: turn.circle, message: null }
      }
      pieces.push(turn.message)
      size += turn.message.length
      if (size > MAX_MESSAGE_BYTES) throw broken('a message larger than any circle')
      if (turn.more !== true) return { circle: turn.circle, message: concat(...pieces) }
    }
  }
}

export class CircleSync {
  readonly #peering: Peering
  readonly #proofs: DidProofs
  readonly #host: NetworkHost
  readonly #chance: Chance
  /** By person and circle. */
  readonly #busy = new Map<string, Promise<unknown>>()

  constructor(peering: Peering, proofs: DidProofs, host: NetworkHost, chance: Chance) {
    this.#peering = peering
    this.#proofs = proofs
    this.#host = host
    this.#chance = chance
  }

  async start(): Promise<void> {
    await this.#peering.serve(
      SYNC_PROTOCOL,
      { purpose: 'sync', maxInboundStreams: 4, atOnce: 8 },
      (frames, connection, signal) => this.#answer(frames, connection, signal),
    )
  }

  /** Bring the circles that both are members of up to date, both ways.
   *  @throws `peer/unreachable`, `peer/refused`, `peer/protocol`, `keystore/locked` when this side cannot read. */
  async run(local: Did, remote: Did, signal: AbortSignal): Promise<void> {
    const circles = (await this.#host.sharedCircles(local, remote)).slice(0, MAX_CIRCLES)
    if (circles.length === 0) return
    const { connection, proof } = await this.#proofs.reach(local, remote, signal)
    await this.#peering.exchange(connection, SYNC_PROTOCOL, signal, async frames => {
      const sender = this.#senderTo(proof)
      await frames.send({ v: 1, from: local, to: remote, enc: sender.enc }, signal)
      const welcome = await frames.expect(Welcome, SMALL_FRAME_BYTES, signal)
      if (!welcome.ok) throw new VivimError('peer/refused', 'the other node does not sync now')
      const receiver = this.#receiverFrom(local, proof.peer, welcome.enc)
      if (receiver === null) throw new VivimError('keystore/locked', 'what comes cannot be read while locked')
      const turns = new SealedTurns(frames, sender, receiver, signal)
      for (const circle of circles) await this.#lead(turns, local, circle)
      await turns.end()
      // The other side closes when it has stored everything.
      if ((await frames.read(KIB, signal, TURN_TIMEOUT_MS)) !== null) throw broken('a frame after the end')
    })
  }

  #senderTo(proof: Proof): HpkeSenderContext {
    return hpkeSetupSender(deviceKemOf(proof), syncInfo(this.#peering.peerId, proof.peer), this.#chance)
  }

  #receiverFrom(local: Did, peer: string, enc: Uint8Array): SyncReceiver | null {
    return this.#host.openSync(local, enc, syncInfo(peer, this.#peering.peerId))
  }

  async #answer(frames: FrameStream, connection: Line, signal: AbortSignal): Promise<void> {
    const { from, to, enc } = await frames.expect(Opening, 4 * KIB, signal)
    const proof = this.#proofs.on(connection, to, from)
    const receiver = proof === null ? null : this.#receiverFrom(to, proof.peer, enc)
    if (proof === null || receiver === null) return await frames.send({ ok: false }, signal)
    const sender = this.#senderTo(proof)
    await frames.send({ ok: true, enc: sender.enc }, signal)
    const turns = new SealedTurns(frames, sender, receiver, signal)
    const shared = new Set(await this.#host.sharedCircles(to, from))
    for (let count = 0; count < MAX_CIRCLES * MAX_TURNS; count++) {
      const first = await turns.hear()
      if (first === 'end') return
      // A circle that is not shared is answered like one about which there is nothing to say.
      if (shared.has(first.circle)) await this.#follow(turns, to, first.circle, first.message)
      else await turns.say(first.circle, null)
    }
  }

  /** The dialling side's part about one circle: speak, listen, until neither has anything to say. */
  async #lead(turns: SealedTurns, local: Did, circle: CircleId): Promise<void> {
    const conversation = await this.#open(local, circle)
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const said = conversation.next()
      await turns.say(circle, said)
      const heard = await this.#hearAbout(turns, circle)
      if (heard !== null) conversation.receive(heard)
      else if (said === null) return await this.#save(local, circle, conversation)
    }
    throw broken('no end to a conversation')
  }

  /** The other part. @param first - what was said first. */
  async #follow(turns: SealedTurns, local: Did, circle: CircleId, first: Uint8Array | null): Promise<void> {
    const conversation = await this.#open(local, circle)
    let heard = first
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      if (heard !== null) conversation.receive(heard)
      const answer = conversation.next()
      await turns.say(circle, answer)
      if (heard === null && answer === null) return await this.#save(local, circle, conversation)
      heard = await this.#hearAbout(turns, circle)
    }
    throw broken('no end to a conversation')
  }

  async #hearAbout(turns: SealedTurns, circle: CircleId): Promise<Uint8Array | null> {
    const heard = await turns.hear()
    if (heard === 'end' || heard.circle !== circle) throw broken('a turn about something else')
    return heard.message
  }

  /** The stored document, brought up to date with the verified entries first, so that all of them are offered. */
  async #open(local: Did, circle: CircleId): Promise<CircleConversation> {
    const saved = await this.#alone(local, circle, async () => {
      const stored = await this.#host.loadCircle(local, circle)
      const entries = await this.#host.circleEntries(local, circle)
      const appended = await appendCircleEntries(stored, entries, this.#chance)
      if (appended !== null) await this.#host.saveCircle(local, circle, appended, [])
      return appended ?? stored
    })
    return await CircleConversation.open(saved, this.#chance)
  }

  /** Store what came, merged with what others brought meanwhile. */
  async #save(local: Did, circle: CircleId, conversation: CircleConversation): Promise<void> {
    const result = conversation.result()
    if (result === null) return
    await this.#alone(local, circle, async () => {
      const stored = await this.#host.loadCircle(local, circle)
      const document = await mergeCircleDocuments(stored, result.document, this.#chance)
      await this.#host.saveCircle(local, circle, document, result.entries)
    })
  }

  /** Work on one circle's document waits for the work before it. */
  async #alone<T>(local: Did, circle: CircleId, work: () => Promise<T>): Promise<T> {
    const key = `${local} ${circle}`
    const before = this.#busy.get(key) ?? Promise.resolve()
    const running = before.catch(() => undefined).then(work)
    this.#busy.set(key, running)
    try {
      return await running
    } finally {
      if (this.#busy.get(key) === running) this.#busy.delete(key)
    }
  }
}
