/** Epochs of a circle: its secret, what an entry says of it, the tag on messages, and the wraps that carry it to people. */
import { z } from 'zod'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { hkdf, hmac, sha256 } from '../crypto/hash.ts'
import { bound, LABELS, label } from '../crypto/labels.ts'
import { MAX_PERSON_WRAPS, openFromDevice, type Recipient, sealToDevices } from '../crypto/sealed.ts'
import { borrowSecret, type Secret, SecretBytes, sameSecret } from '../crypto/secret.ts'
import { openObject, signedFields, signObject } from '../crypto/signed.ts'
import type { XWingKey } from '../crypto/xwing.ts'
import type { IdentityDocument } from '../identity/document.ts'
import { bytesOf, bytesUpTo, Sequence, TimeMs } from '../identity/field.ts'
import { fromHex, toHex, utf8 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { type CircleId, Did } from '../model/id.ts'
import { CIRCLE_ID_BYTES, circleIdBytes, circleIdFromBytes } from './circle-id.ts'

const EPOCH_SECRET_BYTES = 32
export const EPOCH_TAG_BYTES = 16
export const TAG_SALT_BYTES = 16
export const SHARDS = 16
/** Largest wrap: a wire for 16 devices and its signature. */
const WRAP_MAX_BYTES = 64 * 1024

/** What an entry says of the epoch that it starts, 32 bytes each. */
export interface EpochCommitment {
  readonly commitment: Uint8Array
  readonly audience: Uint8Array
}

/** A person and the signing keys of the devices that an epoch is made for. */
export interface AudienceMember {
  readonly did: Did
  readonly devices: readonly { readonly ed: Uint8Array }[]
}

/** SHA-256 over the label and the secret, 32 bytes. */
export const epochCommitment = (secret: Secret): Uint8Array =>
  borrowSecret(secret, EPOCH_SECRET_BYTES, bytes => sha256(bound(LABELS.epoch, bytes)))

/** SHA-256 over the sorted pairs `did ‖ 0x00 ‖ ed` of all devices, each after its length as a varint; 32 bytes. */
export function audienceHash(members: Iterable<AudienceMember>): Uint8Array {
  const pairs: Buffer[] = []
  for (const { did, devices } of members) {
    const prefix = utf8(`${did}\0`)
    for (const { ed } of devices) pairs.push(Buffer.concat([prefix, ed]))
  }
  pairs.sort(Buffer.compare)
  // A DID of at most 128 characters and a key of 32 bytes: the length is below 2^14, one or two bytes of varint.
  return sha256(
    ...pairs.flatMap(pair => [
      pair.length < 0x80
        ? Uint8Array.of(pair.length)
        : Uint8Array.of((pair.length & 0x7f) | 0x80, pair.length >> 7),
      pair,
    ]),
  )
}

/** Draw the secret of a new epoch. */
export function makeEpoch(
  members: Iterable<AudienceMember>,
  chance: Chance,
): { readonly secret: SecretBytes; readonly epoch: EpochCommitment } {
  const bytes = chance.bytes(EPOCH_SECRET_BYTES)
  const secret = new SecretBytes(bytes)
  bytes.fill(0)
  return { secret, epoch: { commitment: epochCommitment(secret), audience: audienceHash(members) } }
}

/** The tag by which members recognise a message of an epoch: new with every salt, and nothing to anybody else.
 *  @param salt - 16 bytes. @returns 16 bytes. */
export const epochTag = (secret: Secret, salt: Uint8Array): Uint8Array =>
  hmac(epochTagKey(secret), salt).slice(0, EPOCH_TAG_BYTES)

/** The key of an epoch's tags, 32 bytes: for trying many tags against one epoch. */
const epochTagKey = (secret: Secret): Uint8Array =>
  borrowSecret(secret, EPOCH_SECRET_BYTES, bytes => hkdf(bytes, new Uint8Array(0), label('epochTag'), 32))

/** The gossip topic of a circle, 0 to 15; never changes. */
export const circleShard = (circle: CircleId): number =>
  (sha256(bound(LABELS.shard, circleIdBytes(circle)))[0] ?? 0) % SHARDS

/** An epoch secret sealed to the devices of one person; its signature holds; whether its maker may is for the reduced circle to say. */
export interface Wrap {
  readonly circle: CircleId
  /** Hash of the entry that started the epoch, hex. */
  readonly epoch: string
  readonly to: Did
  /** 32 bytes, the maker's device. */
  readonly by: Uint8Array
  /** Hash of the maker's identity document, hex. */
  readonly document: string
  readonly atMs: number
  readonly sealed: Uint8Array
  readonly hash: Uint8Array
  readonly wire: Uint8Array
}

const shape = z.looseObject({
  ...signedFields,
  at: TimeMs,
  seq: Sequence,
  doc: bytesOf(32),
  circle: bytesOf(CIRCLE_ID_BYTES),
  epoch: bytesOf(32),
  to: Did,
  sealed: bytesUpTo(WRAP_MAX_BYTES),
})

const wrapInfo = (circle: Uint8Array, epoch: Uint8Array): Uint8Array => bound(LABELS.wrap, circle, epoch)

/** Seal an epoch's secret to one person's devices. @param epoch - hash of the epoch's entry, hex. @returns the wire form. */
export function makeWrap(
  fields: {
    readonly circle: CircleId
    readonly epoch: string
    readonly secret: Secret
    readonly to: Did
    readonly devices: readonly Recipient[]
    readonly document: IdentityDocument
    readonly atMs: number
  },
  deviceKey: Ed25519Key,
  chance: Chance,
): Uint8Array {
  const circle = circleIdBytes(fields.circle)
  const epoch = fromHex(fields.epoch)
  const sealed = borrowSecret(fields.secret, EPOCH_SECRET_BYTES, secret =>
    sealToDevices(fields.devices, wrapInfo(circle, epoch), secret, chance),
  )
  return signObject(
    LABELS.wrap,
    { at: fields.atMs, seq: 1, doc: fields.document.hash, circle, epoch, to: fields.to, sealed },
    deviceKey,
  ).wire
}

/** @throws `crypto/*`. */
export function parseWrap(wire: Uint8Array): Wrap {
  const { payload, hash } = openObject(LABELS.wrap, wire, shape, {
    maxBytes: WRAP_MAX_BYTES,
    crit: ['doc', 'circle', 'epoch', 'to', 'sealed'],
  })
  return {
    circle: circleIdFromBytes(payload.circle),
    epoch: toHex(payload.epoch),
    to: payload.to,
    by: payload.by,
    document: toHex(payload.doc),
    atMs: payload.at,
    sealed: payload.sealed,
    hash,
    wire,
  }
}

/** Open a wrap with one's device key and hold the secret against the epoch's commitment.
 *  @throws `crypto/cannot-open` when it is for other devices, was changed, or holds another secret than the entry committed to. */
export function openWrap(wrap: Wrap, key: XWingKey, commitment: Uint8Array): SecretBytes {
  const info = wrapInfo(circleIdBytes(wrap.circle), fromHex(wrap.epoch))
  const plaintext = openFromDevice(key, info, wrap.sealed, MAX_PERSON_WRAPS)
  try {
    if (plaintext.length === EPOCH_SECRET_BYTES && sameSecret(epochCommitment(plaintext), commitment))
      return new SecretBytes(plaintext)
    throw new VivimError('crypto/cannot-open', 'the wrap holds another secret than the epoch committed to')
  } finally {
    plaintext.fill(0)
  }
}
