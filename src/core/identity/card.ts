/** The contact card: one line of text, bech32m with prefix `vivim` (BIP-350, without its 90-character limit). */
import { bech32m } from '@scure/base'
import { z } from 'zod'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { checkEd25519PublicKey } from '../crypto/ed25519.ts'
import { hasCode, VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { didFromKey, keyFromDid } from './did.ts'
import { bytesOf } from './field.ts'
import { PEER_ID_BYTES, peerIdBytes, peerIdFromBytes } from './peer-id.ts'

const PREFIX = 'vivim'
const START = `${PREFIX}1`
/** A card without any address is longer than this many characters. */
const LEAST_CHARS = 240
export const CARD_MAX_CHARS = 4096
export const CARD_MAX_ADDRS = 8
export const READ_SECRET_BYTES = 16

/** What a card tells: who, where their identity document lies and how to read it, and where their node was when it was made. */
export interface Card {
  readonly did: Did
  /** 32 bytes, public half of the directory key. */
  readonly directory: Uint8Array
  /** 16 bytes; whoever has it may read the slot and ask for the DID. */
  readonly read: Uint8Array
  /** Peer id as text. */
  readonly peer: string
  /** Multiaddrs as text without the `/p2p` end, at most 8. */
  readonly addrs: readonly string[]
}

/** A multiaddr is checked for its characters only; the network reads it. */
export const AddressText = z
  .string()
  .max(256)
  .regex(/^(\/[\x21-\x2e\x30-\x7e]+)+$/, 'not a multiaddr')

const shape = z.looseObject({
  v: z.literal(1),
  id: bytesOf(32),
  dir: bytesOf(32),
  read: bytesOf(READ_SECRET_BYTES),
  peer: bytesOf(PEER_ID_BYTES),
  addrs: z.array(AddressText).max(CARD_MAX_ADDRS),
})

const invalid = (why: string): VivimError => new VivimError('card/invalid', `not a contact card: ${why}`)

/** @returns one line that begins with `vivim1`. @throws `card/invalid` when it would be too long. */
export function encodeCard({ did, directory, read, peer, addrs }: Card): string {
  const bytes = encodeCbor({
    v: 1,
    id: keyFromDid(did),
    dir: directory,
    read,
    peer: peerIdBytes(peer),
    addrs: addrs.slice(0, CARD_MAX_ADDRS),
  })
  const text = bech32m.encode(PREFIX, bech32m.toWords(bytes), false)
  if (text.length > CARD_MAX_CHARS)
    throw invalid(`its addresses are too long for ${CARD_MAX_CHARS} characters`)
  return text
}

/** Read a card as people hand it on: letters of any case, broken over lines, with blanks around it.
 *  @throws `card/invalid`, whose message says what is wrong with it. */
export function parseCard(text: string): Card {
  if (text.length > 4 * CARD_MAX_CHARS) throw invalid('it is too long')
  // bech32's alphabet has no letter twice, so folding the case loses nothing; telephones like to begin with a capital.
  const line = text.replace(/[\s\u200b\u2060\ufeff]+/g, '').toLowerCase()
  if (line === '') throw invalid('it is empty')
  if (!line.startsWith(START))
    throw invalid(
      line.includes(START) ? `there is something before ${START}` : `it does not begin with ${START}`,
    )
  if (line.length > CARD_MAX_CHARS) throw invalid(`it is over ${CARD_MAX_CHARS} characters`)
  const foreign = /[^qpzry9x8gf2tvdw0s3jn54khce6mua7l]/.exec(line.slice(START.length))
  if (foreign) throw invalid(`character ${START.length + foreign.index + 1} does not occur in cards`)
  if (line.length < LEAST_CHARS) throw invalid('its end is missing')
  const decoded = bech32m.decodeUnsafe(line, false)
  if (!decoded) throw invalid('its checksum does not hold: a character is wrong, or a part is missing')
  return readCard(bech32m.fromWordsUnsafe(decoded.words) ?? null)
}

function readCard(bytes: Uint8Array | null): Card {
  try {
    if (!bytes) throw invalid('its last character is not of the right form')
    const parsed = shape.safeParse(decodeCbor(bytes, CARD_MAX_CHARS))
    if (!parsed.success)
      throw invalid(`${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`)
    const { id, dir, read, peer, addrs } = parsed.data
    checkEd25519PublicKey(dir)
    return { did: didFromKey(id), directory: dir, read, peer: peerIdFromBytes(peer), addrs }
  } catch (cause) {
    if (hasCode(cause, 'card/invalid')) throw cause
    throw new VivimError('card/invalid', 'not a contact card: what it holds cannot be used', {}, { cause })
  }
}
