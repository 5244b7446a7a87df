/** The way of a letter without content to somebody's node: found, proved, delivered, acknowledged. */

import type { Recipient } from '../../core/crypto/sealed.ts'
import { parseDocument } from '../../core/identity/document.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { envelopeHash, type Letter, sealLetterToDevices } from '../../core/pipeline/letter.ts'
import { parseReceipt } from '../../core/pipeline/receipt.ts'
import type { Delivery, Network, Proof } from '../network/ports.ts'
import type { Contacts } from './contacts.ts'
import type { People } from './people.ts'

export interface LetterPostDeps {
  people: People
  contacts: Contacts
  network: () => Network
  chance: Chance
}

export function makeLetterPost({ people, contacts, network, chance }: LetterPostDeps) {
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

    /** Learn the keys of somebody who was never met: from their node, else from the directory. */
    async meet(owner: Did, did: Did, signal: AbortSignal): Promise<void> {
      if ((await people.current(did)) !== null) return
      try {
        const { document } = await prove(owner, did, signal)
        await people.learn(parseDocument(document))
      } catch (error) {
        const code = codeOf(error)
        if (code !== 'peer/unreachable' && code !== 'peer/refused') throw error
      }
    },

    /** Deliver one letter. @throws as `Network.prove` and `Network.deliver`; `peer/protocol` for a receipt over something else. */
    async send(
      from: Did,
      to: Did,
      devices: readonly Recipient[],
      letter: Omit<Letter, 'v'>,
      signal: AbortSignal,
    ): Promise<void> {
      await prove(from, to, signal)
      const envelope = sealLetterToDevices(letter, from, to, devices, chance)
      const delivery: Delivery = { from, to, envelopes: [envelope], slip: null, manifest: null }
      const receipt = parseReceipt(
        await network().deliver(
          delivery,
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

export type LetterPost = ReturnType<typeof makeLetterPost>
