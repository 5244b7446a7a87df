/** Ids that re-imports and devices agree on: hashes of what the provider says. */
import { createHash } from 'node:crypto'
import { toBase32 } from '../kernel/bytes.ts'
import { ConversationId } from '../model/id.ts'

const CONVERSATION_LABEL = 'vivim/v1/conversation-id'
const SOURCE_LABEL = 'vivim/v1/source-id'

/** A conversation's id: the first 16 bytes, in base32, of SHA-256 over label, provider and source id, each followed by
 *  0x00 except the last. */
export function conversationId(provider: string, sourceId: string): ConversationId {
  const hash = createHash('sha256').update(`${CONVERSATION_LABEL}\0${provider}\0${sourceId.toWellFormed()}`)
  return ConversationId.parse(toBase32(hash.digest().subarray(0, 16)))
}

/** A stand-in for a missing native id: SHA-256 in hex over label, provider, place, role, NFC text and time. */
export function sourceIdOf(
  provider: string,
  place: string,
  role: string,
  text: string,
  createdAtMs: number | null,
): string {
  const fields = [provider, place, role, text.toWellFormed().normalize('NFC'), createdAtMs]
  return createHash('sha256')
    .update(`${SOURCE_LABEL}\0${JSON.stringify(fields)}`)
    .digest('hex')
}
