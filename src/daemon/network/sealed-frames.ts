/** Frames of one stream sealed in both directions: each in an HPKE context that was set up to the other side's proved device key, so
 *  that what passes cannot be read later (docs/protocol.md sections 3.2 and 7.1). */
import { type CborValue, decodeCbor, encodeCbor } from '../../core/crypto/cbor.ts'
import type { HpkeSenderContext } from '../../core/crypto/hpke.ts'
import { deviceOf, parseDocument } from '../../core/identity/document.ts'
import { parseStanding } from '../../core/identity/standing.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type FrameStream, LARGE_FRAME_BYTES } from './frames.ts'
import type { Proof, SyncReceiver } from './ports.ts'

/** The other side may have to work on what it got before it answers. */
export const TURN_TIMEOUT_MS = 30_000
const NO_AAD = new Uint8Array(0)

/** The X-Wing key of the device that signed the statement. @throws `peer/protocol`. */
export function deviceKemOf(proof: Proof): Uint8Array {
  const device = deviceOf(parseDocument(proof.document), parseStanding(proof.standing).by)
  if (device === null)
    throw new VivimError('peer/protocol', 'the other node broke the protocol: a statement of no device')
  return device.kem
}

export class SealedFrames {
  readonly #frames: FrameStream
  readonly #sender: HpkeSenderContext
  readonly #receiver: SyncReceiver
  readonly #signal: AbortSignal

  constructor(frames: FrameStream, sender: HpkeSenderContext, receiver: SyncReceiver, signal: AbortSignal) {
    this.#frames = frames
    this.#sender = sender
    this.#receiver = receiver
    this.#signal = signal
  }

  async send(value: CborValue): Promise<void> {
    await this.#frames.write(this.#sender.seal(NO_AAD, encodeCbor(value)), this.#signal)
  }

  /** The next value. @throws `peer/unreachable` at the end of the stream, `peer/protocol` for what does not open. */
  async receive(): Promise<CborValue> {
    const sealed = await this.#frames.read(LARGE_FRAME_BYTES, this.#signal, TURN_TIMEOUT_MS)
    if (sealed === null) throw new VivimError('peer/unreachable', 'the other side stopped')
    try {
      return decodeCbor(this.#receiver.open(NO_AAD, sealed), LARGE_FRAME_BYTES)
    } catch (cause) {
      throw new VivimError('peer/protocol', 'a frame that does not open', {}, { cause })
    }
  }
}
