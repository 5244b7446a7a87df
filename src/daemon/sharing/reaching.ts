/** Reaching people for what the outbox has for them: a proof on a connection, keys of who was never met, a receipt that counts. */
import { parseDocument } from '../../core/identity/document.ts'
import { peerIdFromKey } from '../../core/identity/peer-id.ts'
import { parseStanding } from '../../core/identity/standing.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import { envelopeHash } from '../../core/pipeline/letter.ts'
import { parseReceipt } from '../../core/pipeline/receipt.ts'
import type { Network, Proof } from '../network/ports.ts'
import type { Contacts } from './contacts.ts'
import type { People } from './people.ts'

export interface ReachingDeps {
  people: People
  contacts: Contacts
  network: () => Network
}

export function makeReaching({ people, contacts, network }: ReachingDeps) {
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
      if ((await people.met(owner, did)) !== null) return
      try {
        const { document } = await prove(owner, did, signal)
        await people.meet(owner, parseDocument(document))
      } catch (error) {
        const code = codeOf(error)
        if (code !== 'peer/unreachable' && code !== 'peer/refused') throw error
      }
    },
  }
}

export type Reaching = ReturnType<typeof makeReaching>

/** A receipt counts when the node that gave it may receive for the person, and it is over this envelope and content.
 *  @throws `peer/protocol`. */
export function checkReceipt(
  wire: Uint8Array,
  over: { did: Did; content: Cid | null; envelope: Uint8Array },
  proof: { peer: string; standing: Uint8Array },
): void {
  const receipt = parseReceipt(wire)
  const standing = parseStanding(proof.standing)
  if (
    receipt.did !== over.did ||
    receipt.content !== over.content ||
    !sameBytes(receipt.envelope, envelopeHash(over.envelope)) ||
    peerIdFromKey(receipt.by) !== proof.peer ||
    standing.did !== over.did ||
    !standing.rights.includes('receive')
  )
    throw new VivimError('peer/protocol', 'the receipt is not of that person for this share')
}
