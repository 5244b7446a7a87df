/** A contact card as it is kept beside what else is known of a person. */
import { parseCard } from '../../core/identity/card.ts'
import { isVerdict } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'

/** What a contact row keeps of a card. */
export const cardFields = (text: string) => {
  const card = parseCard(text)
  return {
    did: card.did,
    card: text.replace(/\s+/g, '').toLowerCase(),
    dir: card.directory,
    readSecret: card.read,
    peers: [{ peer: card.peer, addrs: [...card.addrs] }],
  }
}

/** The fields of a card, or null when it is broken or somebody else's. */
export function cardFieldsOf(text: string, did: Did) {
  try {
    return parseCard(text).did === did ? cardFields(text) : null
  } catch (error) {
    if (!isVerdict(error)) throw error
    return null
  }
}
