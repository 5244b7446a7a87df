/** A node of its own that speaks `/vivim/device/1` as it likes: it asks to be taken in, and once it is, lies to its person's other devices. */
import { multiaddr } from '@multiformats/multiaddr'
import type { CborValue } from '../../src/core/crypto/cbor.ts'
import { decodeCbor } from '../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { hpkeSetupReceiver, hpkeSetupSender } from '../../src/core/crypto/hpke.ts'
import { bound, LABELS } from '../../src/core/crypto/labels.ts'
import { XWingKey } from '../../src/core/crypto/xwing.ts'
import { parseCard } from '../../src/core/identity/card.ts'
import { type IdentityDocument, parseDocument } from '../../src/core/identity/document.ts'
import {
  openGrant,
  pairingCode,
  pairingCommitment,
  pairingMac,
  pairingTranscript,
  signPairing,
} from '../../src/core/identity/pairing.ts'
import { makeStanding } from '../../src/core/identity/standing.ts'
import { utf8 } from '../../src/core/kernel/bytes.ts'
import { systemChance as chance, systemClock as clock } from '../../src/core/kernel/env.ts'
import { Did } from '../../src/core/model/id.ts'
import { FrameStream, LARGE_FRAME_BYTES } from '../../src/daemon/network/frames.ts'
import { SealedFrames } from '../../src/daemon/network/sealed-frames.ts'
import type { Eve } from './eve.ts'
import { signalOf } from './network-host.ts'

export interface Reveal {
  [name: string]: Uint8Array
  ed: Uint8Array
  kem: Uint8Array
  nonce: Uint8Array
  signature: Uint8Array
}

export class RogueDevice {
  readonly sign = new Ed25519Key(chance.bytes(32))
  readonly kem = new XWingKey(chance.bytes(32))
  readonly nonce = chance.bytes(32)
  readonly #eve: Eve
  readonly #address: string
  readonly card: ReturnType<typeof parseCard>
  transcript = new Uint8Array(0)
  request = new Uint8Array(0)

  /** @param address - of the node that the card names, with its peer id. */
  constructor(eve: Eve, card: string, address: string) {
    this.#eve = eve
    this.#address = address
    this.card = parseCard(card)
  }

  get keys() {
    return { did: this.card.did, ed: this.sign.publicKey, kem: this.kem.publicKey, nonce: this.nonce }
  }

  /** The same device, in front of another node of its person. @param card - of that node. */
  toward(card: string, address: string): RogueDevice {
    return Object.assign(new RogueDevice(this.#eve, card, address), { sign: this.sign, kem: this.kem })
  }

  async open(protocol: string): Promise<FrameStream> {
    return new FrameStream(
      await this.#eve.node.dialProtocol(multiaddr(this.#address), protocol, { signal: signalOf(5_000) }),
    )
  }

  /** Say one thing on the protocol. @returns the answer, or null when the stream was ended instead. */
  async say(value: CborValue): Promise<Record<string, CborValue> | null> {
    const frames = await this.open('/vivim/device/1')
    await frames.send(value)
    return await lastOf(frames)
  }

  opening(commitment = pairingCommitment(this.keys)): CborValue {
    const mac = pairingMac(this.card.read, this.#eve.peerId, this.card.peer)
    return { v: 1, kind: 'pair', did: this.card.did, commitment, mac }
  }

  revealFor(nonce: Uint8Array): Reveal {
    this.transcript = new Uint8Array(
      pairingTranscript({
        ...this.keys,
        answer: nonce,
        newPeer: this.#eve.peerId,
        oldPeer: this.card.peer,
      }),
    )
    const { ed, kem, nonce: own } = this.keys
    return { ed, kem, nonce: own, signature: signPairing(this.transcript, this.sign) }
  }

  /** Ask to be taken in. @param reveal - instead of the right one. @returns the answer to the reveal. */
  async pair(
    reveal = (nonce: Uint8Array): Reveal => this.revealFor(nonce),
  ): Promise<Record<string, CborValue> | null> {
    const frames = await this.open('/vivim/device/1')
    await frames.send(this.opening())
    const first = await answer(frames)
    if (!(first?.nonce instanceof Uint8Array)) return first
    await frames.send(reveal(first.nonce))
    const last = await lastOf(frames)
    if (last?.request instanceof Uint8Array) this.request = new Uint8Array(last.request)
    return last
  }

  get code(): string {
    return pairingCode(this.transcript)
  }

  /** Collect what an approved device is given. */
  async collect(): Promise<IdentityDocument> {
    const state = await this.say({ v: 1, kind: 'collect', did: this.card.did, request: this.request })
    if (!(state?.sealed instanceof Uint8Array)) throw new Error(`not approved: ${String(state?.state)}`)
    return parseDocument(openGrant(state.sealed, this.kem, this.transcript).document)
  }

  /** Prove the person's DID on the connection, as any device of theirs. @returns the other device's X-Wing key. */
  async prove(document: IdentityDocument): Promise<{ ok: boolean; kem: Uint8Array }> {
    const standing = makeStanding(
      { document, peer: this.#eve.peerId, rights: ['deliver', 'receive'], seq: 1, atMs: clock.nowMs() },
      this.sign,
    ).wire
    const frames = await this.open('/vivim/did/1')
    await frames.send({ v: 1, ask: this.card.did, standing, document: document.wire })
    const said = await lastOf(frames)
    const other = document.devices.find(({ ed }) => Buffer.compare(ed, this.sign.publicKey) !== 0)
    return { ok: said?.ok === true, kem: other?.kem ?? new Uint8Array(0) }
  }

  /** Begin a sync. @param kem - of the other device. @returns null where it is refused. */
  async sync(kem: Uint8Array): Promise<SealedFrames | null> {
    const info = (from: string, to: string) => bound(LABELS.deviceSync, utf8(from), utf8(to))
    const sender = hpkeSetupSender(kem, info(this.#eve.peerId, this.card.peer), chance)
    const frames = await this.open('/vivim/device/1')
    await frames.send({ v: 1, kind: 'sync', did: Did.parse(this.card.did), enc: sender.enc })
    const welcome = await answer(frames)
    if (!(welcome?.enc instanceof Uint8Array)) return null
    const receiver = hpkeSetupReceiver(this.kem, welcome.enc, info(this.card.peer, this.#eve.peerId))
    return new SealedFrames(frames, sender, receiver, signalOf(30_000))
  }
}

async function answer(frames: FrameStream): Promise<Record<string, CborValue> | null> {
  try {
    const frame = await frames.read(LARGE_FRAME_BYTES)
    return frame === null ? null : (decodeCbor(frame, LARGE_FRAME_BYTES) as Record<string, CborValue>)
  } catch {
    return null
  }
}

/** The last answer of a stream, which ends here too: only a few may be open at once. */
async function lastOf(frames: FrameStream): Promise<Record<string, CborValue> | null> {
  const said = await answer(frames)
  frames.abort(new Error('heard enough'))
  return said
}
