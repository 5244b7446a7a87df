/** The sync of two devices of one person on `/vivim/device/1` (docs/protocol.md section 3.2): what both have is told first, then each sends
 *  what the other lacks. Every frame is sealed to the other's proved device; what the rows mean is not this file's to know. */
import { z } from 'zod'
import { type CborValue, encodeCbor } from '../../core/crypto/cbor.ts'
import { hpkeSetupSender } from '../../core/crypto/hpke.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { XWING_ENC_BYTES } from '../../core/crypto/xwing.ts'
import { utf8 } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { Did } from '../../core/model/id.ts'
import type { DidProofs } from './did.ts'
import { bytesOf, type FrameStream, MIB, SMALL_FRAME_BYTES } from './frames.ts'
import type { Line } from './loopback.ts'
import type { Peering } from './peering.ts'
import type { DeviceSync, NetworkHost, Proof, SyncMark, SyncRow } from './ports.ts'
import { deviceKemOf, SealedFrames } from './sealed-frames.ts'

const enc = bytesOf(XWING_ENC_BYTES, XWING_ENC_BYTES)
export const SyncOpening = z.object({ v: z.literal(1), kind: z.literal('sync'), did: Did, enc })
const Welcome = z.union([z.object({ ok: z.literal(true), enc }), z.object({ ok: z.literal(false) })])

const MARK_BYTES = 16
/** Marks in one frame, and in all: what 20,000 entries of ten circles need. */
const MARKS_A_FRAME = 10_000
const MAX_MARKS = 300_000
/** Rows travel together up to this. */
const ROWS_BYTES = 2 * MIB
const MAX_ROW_FRAMES = 4_096

const id = z.string().min(1).max(256)
const Marks = z.object({
  marks: z.array(z.tuple([id, bytesOf(MARK_BYTES, MARK_BYTES)])).max(MARKS_A_FRAME),
  more: z.literal(true).optional(),
})
const Rows = z.object({
  rows: z.array(z.object({ id, value: z.custom<CborValue>(value => value !== undefined) })).max(20_000),
  more: z.literal(true).optional(),
})
const End = z.object({ end: z.literal(true) })

const broken = (why: string): VivimError =>
  new VivimError('peer/protocol', `the other device broke the protocol: ${why}`)

/** `'vivim/v1/device-sync' ‖ 0x00 ‖ sender's peer id ‖ receiver's peer id`, in text. */
const syncInfo = (sender: string, receiver: string): Uint8Array =>
  bound(LABELS.deviceSync, utf8(sender), utf8(receiver))

export class DeviceExchange {
  readonly #peering: Peering
  readonly #proofs: DidProofs
  readonly #host: NetworkHost
  readonly #chance: Chance

  constructor(peering: Peering, proofs: DidProofs, host: NetworkHost, chance: Chance) {
    this.#peering = peering
    this.#proofs = proofs
    this.#host = host
    this.#chance = chance
  }

  #sealTo(proof: Proof) {
    return hpkeSetupSender(deviceKemOf(proof), syncInfo(this.#peering.peerId, proof.peer), this.#chance)
  }

  #openFrom(local: Did, from: Uint8Array, peer: string) {
    return this.#host.openSync(local, from, syncInfo(peer, this.#peering.peerId))
  }

  /** The dialling side. @throws `peer/unreachable`, `peer/refused`, `peer/protocol`, `keystore/locked`. */
  async run(protocol: string, local: Did, peer: string, signal: AbortSignal): Promise<void> {
    const connection = await this.#peering.reach({ peer, addrs: await this.#addrsOf(local, peer) }, signal)
    const proof = await this.#proofs.proveOn(connection, local, local, signal)
    await this.#peering.exchange(connection, protocol, signal, async frames => {
      const sync = this.#host.openDeviceSync(local, proof)
      if (sync === null) throw new VivimError('keystore/locked', 'the keystore is locked')
      const sender = this.#sealTo(proof)
      await frames.send({ v: 1, kind: 'sync', did: local, enc: sender.enc }, signal)
      const welcome = await frames.expect(Welcome, SMALL_FRAME_BYTES, signal)
      if (!welcome.ok) throw new VivimError('peer/refused', 'the other device does not sync now')
      const receiver = this.#openFrom(local, welcome.enc, proof.peer)
      if (receiver === null) throw new VivimError('keystore/locked', 'the keystore is locked')
      const sealed = new SealedFrames(frames, sender, receiver, signal)
      const ours = await sync.marks()
      await sendMarks(sealed, ours)
      const theirs = await hearMarks(sealed)
      await sendRows(sealed, sync, theirs)
      await hearRows(sealed, sync)
      await sync.done()
      await sealed.send({ end: true })
      if (!End.safeParse(await sealed.receive()).success) throw broken('no end')
    })
  }

  /** The other side: only for a device that proved the same DID on this connection. */
  async answer(
    frames: FrameStream,
    connection: Line,
    opening: z.infer<typeof SyncOpening>,
    signal: AbortSignal,
  ): Promise<void> {
    const { did } = opening
    const proof = this.#proofs.on(connection, did, did)
    const sync = proof && this.#host.openDeviceSync(did, proof)
    const receiver = proof && sync && this.#openFrom(did, opening.enc, proof.peer)
    if (!proof || !sync || !receiver) return await frames.send({ ok: false }, signal)
    const sender = this.#sealTo(proof)
    await frames.send({ ok: true, enc: sender.enc }, signal)
    const sealed = new SealedFrames(frames, sender, receiver, signal)
    const theirs = await hearMarks(sealed)
    await sendMarks(sealed, await sync.marks())
    await hearRows(sealed, sync)
    await sendRows(sealed, sync, theirs)
    await sync.done()
    if (!End.safeParse(await sealed.receive()).success) throw broken('no end')
    await sealed.send({ end: true })
  }

  async #addrsOf(local: Did, peer: string): Promise<string[]> {
    const known = await this.#host.addressesOf(local, local)
    return known.filter(one => one.peer === peer).flatMap(({ addrs }) => addrs)
  }
}

async function sendMarks(sealed: SealedFrames, marks: readonly SyncMark[]): Promise<void> {
  for (let at = 0; ; at += MARKS_A_FRAME) {
    const piece = marks.slice(at, at + MARKS_A_FRAME).map(([name, mark]) => [name, mark])
    const more = at + MARKS_A_FRAME < marks.length
    await sealed.send(more ? { marks: piece, more } : { marks: piece })
    if (!more) return
  }
}

async function hearMarks(sealed: SealedFrames): Promise<Map<string, Uint8Array>> {
  const marks = new Map<string, Uint8Array>()
  for (;;) {
    const frame = Marks.safeParse(await sealed.receive())
    if (!frame.success) throw broken('a summary of another shape')
    for (const [name, mark] of frame.data.marks) marks.set(name, mark)
    if (marks.size > MAX_MARKS) throw broken('a summary of more than any device has')
    if (frame.data.more !== true) return marks
    if (frame.data.marks.length === 0) throw broken('an empty piece of a summary')
  }
}

async function sendRows(
  sealed: SealedFrames,
  sync: DeviceSync,
  theirs: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  let batch: { id: string; value: CborValue }[] = []
  let bytes = 0
  for await (const { id: name, value } of sync.rows(theirs)) {
    const size = encodeCbor(value).length
    if (bytes + size > ROWS_BYTES && batch.length > 0) {
      await sealed.send({ rows: batch, more: true })
      batch = []
      bytes = 0
    }
    batch.push({ id: name, value })
    bytes += size
  }
  await sealed.send({ rows: batch })
}

async function hearRows(sealed: SealedFrames, sync: DeviceSync): Promise<void> {
  for (let frames = 0; frames < MAX_ROW_FRAMES; frames++) {
    const frame = Rows.safeParse(await sealed.receive())
    if (!frame.success) throw broken('rows of another shape')
    await sync.take(frame.data.rows satisfies SyncRow[])
    if (frame.data.more !== true) return
  }
  throw broken('rows without end')
}
