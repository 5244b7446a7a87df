/** Invites to a circle: one line of text that carries a delegation to a key of its own, and the invocation by which somebody uses it
 *  for themselves and nobody else (docs/protocol.md section 7.3). */
import { bech32m } from '@scure/base'
import { z } from 'zod'
import { type Chain, chainBytes, issueChain, parseChainBytes } from '../capability/chain.ts'
import { covers } from '../capability/command.ts'
import { type Invocation, parseInvocation, signInvocation } from '../capability/invocation.ts'
import { meets } from '../capability/policy.ts'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { Ed25519Key, ed25519PublicKey } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { CARD_MAX_CHARS, type Card, parseCard } from '../identity/card.ts'
import { didFromKey } from '../identity/did.ts'
import { bytesOf, bytesUpTo } from '../identity/field.ts'
import { toBase32, toHex, utf8 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { hasCode, VivimError } from '../kernel/errors.ts'
import { type CircleId, Did } from '../model/id.ts'
import { CIRCLE_ID_BYTES, circleIdBytes, circleIdFromBytes } from './circle-id.ts'
import { CIRCLE_NAME_MAX_CHARS } from './entry.ts'

export const JOIN_COMMAND = '/vivim/circle/join'
const INVITE_MAX_CHARS = 8192
/** An invite lives at most a year, so that what has to be remembered of it ends. */
export const INVITE_MAX_LIFE_MS = 366 * 86_400_000
const PREFIX = 'vivimi'
const START = `${PREFIX}1`
const SEED_BYTES = 32
export const INVITE_ID_BYTES = 16
const CHAIN_MAX_BYTES = 4096
/** Of the delegations and of the invocation, each. */
export const JOIN_MAX_BYTES = 16 * 1024

/** What somebody can be invited as. */
export const InvitedRole = z.enum(['member', 'reader'])
export type InvitedRole = z.infer<typeof InvitedRole>

/** An invite as its line tells it. Whoever has the line has the seed. */
export interface Invite {
  /** Base32 of the first 16 bytes of the SHA-256 of the first delegation: what people and logs call it by. */
  readonly id: string
  readonly circle: CircleId
  /** What the circle was called when the invite was made. */
  readonly name: string
  readonly role: InvitedRole
  /** The inviter's card, text and content. */
  readonly card: Card
  readonly cardText: string
  readonly chain: Chain
  readonly expiresAtMs: number
  /** The key that the delegation is for. */
  readonly key: Ed25519Key
}

const invalid = (why: string): VivimError => new VivimError('invite/invalid', `not an invite: ${why}`)

const shape = z.looseObject({
  v: z.literal(1),
  seed: bytesOf(SEED_BYTES),
  chain: bytesUpTo(CHAIN_MAX_BYTES),
  circle: bytesOf(CIRCLE_ID_BYTES),
  name: z.string().min(1).max(CIRCLE_NAME_MAX_CHARS),
  role: InvitedRole,
  card: z.string().max(CARD_MAX_CHARS),
})

/** @returns 26 characters. */
const inviteIdOf = (chain: Chain): string => toBase32(sha256(chain.root.bytes).slice(0, INVITE_ID_BYTES))

/** Make an invite: a right of the inviter's device for a key that is drawn here and stands in the line only.
 *  @returns the line, which begins with `vivimi1`, and the delegation, which is no secret. */
export function makeInvite(
  fields: {
    readonly circle: CircleId
    readonly name: string
    readonly role: InvitedRole
    readonly uses: number
    readonly expiresAtMs: number
    readonly card: string
    readonly document: { readonly did: Did; readonly hash: Uint8Array }
  },
  deviceKey: Ed25519Key,
  chance: Chance,
): { readonly line: string; readonly id: string; readonly chain: Chain } {
  const { circle, name, role, uses, expiresAtMs, card, document } = fields
  const seed = chance.bytes(SEED_BYTES)
  const chain = issueChain(
    {
      aud: didFromKey(ed25519PublicKey(new Ed25519Key(seed))),
      cmd: JOIN_COMMAND,
      pol: [
        ['==', '.circle', circleIdBytes(circle)],
        ['==', '.role', role],
        ['<', '.uses.all', uses],
      ],
      expiresAtMs,
    },
    document,
    deviceKey,
    chance,
  )
  const bytes = encodeCbor({
    v: 1,
    seed,
    chain: chainBytes(chain),
    circle: circleIdBytes(circle),
    name,
    role,
    card,
  })
  seed.fill(0)
  const line = bech32m.encode(PREFIX, bech32m.toWords(bytes), false)
  if (line.length > INVITE_MAX_CHARS) throw invalid('it would be too long')
  return { line, id: inviteIdOf(chain), chain }
}

/** Read an invite as people hand it on: letters of any case, broken over lines, with blanks around it. That its parts agree is seen
 *  to here; whether it still counts is the inviter's to say. @throws `invite/invalid`. */
export function parseInvite(text: string): Invite {
  if (text.length > 4 * INVITE_MAX_CHARS) throw invalid('it is too long')
  const line = text.replace(/[\s\u200b\u2060\ufeff]+/g, '').toLowerCase()
  if (!line.startsWith(START)) throw invalid(`it does not begin with ${START}`)
  if (line.length > INVITE_MAX_CHARS) throw invalid(`it is over ${INVITE_MAX_CHARS} characters`)
  const decoded = bech32m.decodeUnsafe(line, false)
  const bytes = decoded && bech32m.fromWordsUnsafe(decoded.words)
  if (!bytes) throw invalid('its checksum does not hold: a character is wrong, or a part is missing')
  try {
    return readInvite(bytes)
  } catch (cause) {
    if (hasCode(cause, 'invite/invalid')) throw cause
    throw new VivimError('invite/invalid', 'not an invite: what it holds cannot be used', {}, { cause })
  }
}

function readInvite(bytes: Uint8Array): Invite {
  const parsed = shape.safeParse(decodeCbor(bytes, INVITE_MAX_CHARS))
  if (!parsed.success)
    throw invalid(`${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`)
  const { seed, name, role, card: cardText } = parsed.data
  const circle = circleIdFromBytes(parsed.data.circle)
  const chain = parseChainBytes(parsed.data.chain)
  const key = new Ed25519Key(seed)
  const card = parseCard(cardText)
  if (chain.holder !== didFromKey(ed25519PublicKey(key))) throw invalid('it is for another key')
  if (chain.root.meta.did !== card.did) throw invalid('the card in it is of somebody else')
  if (!covers(chain.cmd, JOIN_COMMAND)) throw invalid('it is for something else than joining')
  if (chain.expiresAtMs === null) throw invalid('it has no end')
  const args = { circle: circleIdBytes(circle), role, uses: { day: 0, all: 0 } }
  if (chain.links.some(link => !meets(args, link.pol))) throw invalid('its delegation is for another circle')
  const { expiresAtMs } = chain
  return { id: inviteIdOf(chain), circle, name, role, card, cardText, chain, expiresAtMs, key }
}

/** Who joins: all of it is bound by the signature of the invite's key. */
export interface Joiner {
  readonly did: Did
  /** Hash of the identity document that travels with the letter, 32 bytes. */
  readonly document: Uint8Array
  /** The card that travels with the letter. */
  readonly card: string
}

/** What a letter carries: delegations and the invocation, wire forms. */
export interface JoinWire {
  readonly chain: Uint8Array
  readonly invocation: Uint8Array
}

export const cardHash = (card: string): Uint8Array => sha256(utf8(card))

/** Use an invite for one person. */
export const signJoin = (invite: Invite, joiner: Joiner, chance: Chance): JoinWire => ({
  chain: chainBytes(invite.chain),
  invocation: signInvocation(
    {
      sub: invite.chain.subject,
      cmd: JOIN_COMMAND,
      args: {
        circle: circleIdBytes(invite.circle),
        role: invite.role,
        did: joiner.did,
        doc: joiner.document,
        card: cardHash(joiner.card),
      },
      prf: invite.chain.links.map(({ cid }) => cid),
      expiresAtMs: invite.expiresAtMs,
    },
    invite.key,
    chance,
  ).bytes,
})

const args = z.strictObject({
  circle: bytesOf(CIRCLE_ID_BYTES),
  role: InvitedRole,
  did: Did,
  doc: bytesOf(32),
  card: bytesOf(32),
})

/** A use of an invite whose signatures and shape hold. */
export interface Join {
  readonly id: string
  readonly circle: CircleId
  readonly role: InvitedRole
  readonly did: Did
  /** Hex. */
  readonly document: string
  readonly card: Uint8Array
  readonly chain: Chain
  readonly invocation: Invocation
}

/** @throws `capability/*`, `crypto/*`, `invite/invalid`. */
export function parseJoin(wire: JoinWire): Join {
  const chain = parseChainBytes(wire.chain)
  const invocation = parseInvocation(wire.invocation)
  const parsed = args.safeParse(invocation.args)
  if (!parsed.success) throw invalid('a use of it says something else than who joins what')
  const { circle, role, did, doc, card } = parsed.data
  return {
    id: inviteIdOf(chain),
    circle: circleIdFromBytes(circle),
    role,
    did,
    document: toHex(doc),
    card,
    chain,
    invocation,
  }
}
