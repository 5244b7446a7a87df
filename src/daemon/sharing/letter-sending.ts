/** Brings a letter without content to a person's node, and waits until it is acknowledged. */
import type { Recipient } from '../../core/crypto/sealed.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { envelopeHash, type Letter, sealLetterToDevices } from '../../core/pipeline/letter.ts'
import { parseReceipt } from '../../core/pipeline/receipt.ts'
import type { Network } from '../network/ports.ts'
import type { Reaching } from './reaching.ts'

export interface LetterSendingDeps {
  reaching: Reaching
  network: () => Network
  chance: Chance
}

export function makeLetterSending({ reaching, network, chance }: LetterSendingDeps) {
  return {
    /** @param devices - whom it is sealed to. @throws as `Network.prove`, `peer/refused`, `peer/protocol`. */
    async send(
      { from, to }: { from: Did; to: Did },
      letter: Omit<Letter, 'v'>,
      devices: readonly Recipient[],
      signal: AbortSignal,
    ): Promise<void> {
      await reaching.prove(from, to, signal)
      const envelope = sealLetterToDevices(letter, from, to, devices, chance)
      const receipt = parseReceipt(
        await network().deliver(
          { from, to, envelopes: [envelope], slip: null, manifest: null },
          async () => null,
          async () => {},
          signal,
        ),
      )
      if (receipt.did !== to || !sameBytes(receipt.envelope, envelopeHash(envelope)))
        throw new VivimError('peer/protocol', 'the receipt is not over the letter that was sent')
    },
  }
}

export type LetterSending = ReturnType<typeof makeLetterSending>
