/** Brings a letter without content to a person's node, and waits until it is acknowledged. */
import type { Recipient } from '../../core/crypto/sealed.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { envelopeHash, type Letter, sealLetterToDevices } from '../../core/pipeline/letter.ts'
import { parseReceipt } from '../../core/pipeline/receipt.ts'
import type { Network, Proof } from '../network/ports.ts'
import type { Contacts } from './contacts.ts'

export interface LetterSendingDeps {
  contacts: Contacts
  network: () => Network
  chance: Chance
}

export function makeLetterSending({ contacts, network, chance }: LetterSendingDeps) {
  /** Connect to somebody's node; who is not where they were is looked up in the directory. @throws as `Network.prove`. */
  async function prove(from: Did, to: Did, signal: AbortSignal): Promise<Proof> {
    try {
      return await network().prove(from, to, signal)
    } catch (error) {
      if (codeOf(error) !== 'peer/unreachable' || !(await contacts.findAgain(from, to, signal))) throw error
      return network().prove(from, to, signal)
    }
  }

  return {
    prove,

    /** @param devices - whom it is sealed to. @throws as `prove`, `peer/refused`, `peer/protocol`. */
    async send(
      { from, to }: { from: Did; to: Did },
      letter: Omit<Letter, 'v'>,
      devices: readonly Recipient[],
      signal: AbortSignal,
    ): Promise<void> {
      await prove(from, to, signal)
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
