/** The directory slot `vivim/v1/slot`: an identity document in the DHT, readable with the card only (docs/protocol.md section 2.3). */
import { z } from 'zod'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import { openUnderKey, sealUnderKey } from '../crypto/sealed.ts'
import type { Secret } from '../crypto/secret.ts'
import { openObject, signedFields, signObject } from '../crypto/signed.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { AddressText, CARD_MAX_ADDRS } from './card.ts'
import { DOCUMENT_MAX_BYTES, type IdentityDocument, MAX_PEERS, parseDocument } from './document.ts'
import { bytesUpTo, LAST_SEQUENCE, Sequence, TimeMs } from './field.ts'
import { PEER_ID_BYTES, peerIdBytes, peerIdFromBytes } from './peer-id.ts'

/** Largest value in the DHT. */
export const SLOT_MAX_BYTES = 96 * 1024

/** A slot whose signature holds; its body is still sealed. */
export interface Slot {
  /** 32 bytes, the directory key. */
  readonly directory: Uint8Array
  readonly seq: number
  readonly expiresAtMs: number
  /** Empty in the slot that ends all others. */
  readonly body: Uint8Array
  readonly wire: Uint8Array
}

export interface SlotPeer {
  readonly peer: string
  readonly addrs: readonly string[]
}

const shape = z.looseObject({
  ...signedFields,
  seq: Sequence,
  exp: TimeMs,
  body: bytesUpTo(SLOT_MAX_BYTES),
})

const bodyShape = z.looseObject({
  document: bytesUpTo(DOCUMENT_MAX_BYTES),
  peers: z
    .array(
      z.looseObject({
        peer: z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === PEER_ID_BYTES),
        addrs: z.array(AddressText).max(CARD_MAX_ADDRS),
      }),
    )
    .max(MAX_PEERS),
})

/** Where the slot of a directory key lies: 32 bytes after `/vivimid/`. */
export const slotKey = (directory: Uint8Array): Uint8Array => sha256(bound(LABELS.directory, directory))

/** Seal a document and the addresses of its nodes for the readers of a card. @returns the wire form.
 *  @param read - 16 bytes, the card's read secret. */
export function makeSlot(
  fields: {
    readonly seq: number
    readonly expiresAtMs: number
    readonly document: IdentityDocument
    readonly peers: readonly SlotPeer[]
  },
  directoryKey: Ed25519Key,
  read: Secret,
  chance: Chance,
): Uint8Array {
  const body = encodeCbor({
    document: fields.document.wire,
    peers: fields.peers.map(({ peer, addrs }) => ({ peer: peerIdBytes(peer), addrs: [...addrs] })),
  })
  const sealed = sealUnderKey(read, LABELS.slot, directoryKey.publicKey, body, chance)
  return signObject(LABELS.slot, { seq: fields.seq, exp: fields.expiresAtMs, body: sealed }, directoryKey)
    .wire
}

/** The last slot of a directory key: empty, and nothing outranks it. @returns the wire form. */
export const endSlot = (directoryKey: Ed25519Key, expiresAtMs: number): Uint8Array =>
  signObject(LABELS.slot, { seq: LAST_SEQUENCE, exp: expiresAtMs, body: new Uint8Array(0) }, directoryKey)
    .wire

/** Verify a slot, as any storing node can. @throws `crypto/*`. */
export function parseSlot(wire: Uint8Array): Slot {
  const { payload } = openObject(LABELS.slot, wire, shape, {
    maxBytes: SLOT_MAX_BYTES,
    crit: ['exp', 'body'],
  })
  return { directory: payload.by, seq: payload.seq, expiresAtMs: payload.exp, body: payload.body, wire }
}

/** Read a slot with the card's secret. The document is verified by itself; that it is of the card's DID is the caller's to ask.
 *  @returns null for a slot that was ended. @throws `crypto/cannot-open`, `identity/invalid`, `crypto/bad-encoding`. */
export function openSlot(
  slot: Slot,
  read: Secret,
): { readonly document: IdentityDocument; readonly peers: SlotPeer[] } | null {
  if (slot.body.length === 0) return null
  const body = decodeCbor(openUnderKey(read, LABELS.slot, slot.directory, slot.body), SLOT_MAX_BYTES)
  const parsed = bodyShape.safeParse(body)
  if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not the body of a directory slot')
  return {
    document: parseDocument(parsed.data.document),
    peers: parsed.data.peers.map(({ peer, addrs }) => ({ peer: peerIdFromBytes(peer), addrs })),
  }
}
