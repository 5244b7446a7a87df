/** Letters: what stands inside an envelope, and envelopes sealed to a person's devices or under a circle's epoch. */
import { z } from 'zod'
import { EPOCH_TAG_BYTES, epochTag, TAG_SALT_BYTES } from '../circle/epoch.ts'
import { INVITE_ID_BYTES, JOIN_MAX_BYTES } from '../circle/invite.ts'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import { MAX_MANIFEST_BYTES } from '../crypto/manifest.ts'
import {
  MAX_PERSON_WRAPS,
  openFromDevice,
  openUnderKey,
  type Recipient,
  sealToDevices,
  sealUnderKey,
} from '../crypto/sealed.ts'
import { type Secret, sameSecret } from '../crypto/secret.ts'
import type { XWingKey } from '../crypto/xwing.ts'
import { bytesOf, bytesUpTo, TimeMs } from '../identity/field.ts'
import { concat, utf8 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { MAX_DELEGATIONS, PassWire } from './pass.ts'

/** Largest envelope, in bytes (docs/protocol.md section 9). */
const ENVELOPE_MAX_BYTES = 4 * 1024 * 1024
const ITEM_MAX_BYTES = 128 * 1024

/** Revocations in one letter. */
export const MAX_REVOCATIONS = 64
const REVOCATION_MAX_BYTES = 4096
/** Shares that one letter hands back to their owner. */
export const MAX_RETURNS = 64
/** Answers in one letter. */
const MAX_ANSWERS = 64

const Items = (max: number) => z.array(bytesUpTo(ITEM_MAX_BYTES)).max(max).optional()

/** A share that the sender holds, for its owner who lost it: the notice that brought it, and the manifest. */
const Return = z.looseObject({ notice: bytesUpTo(ITEM_MAX_BYTES), manifest: bytesUpTo(MAX_MANIFEST_BYTES) })
export type Return = z.infer<typeof Return>

/** Everything one node has to tell another, in one sealed piece; each item is a wire form that is verified by itself. */
const Letter = z.looseObject({
  v: z.literal(1),
  card: z.string().max(4096).optional(),
  cardAt: TimeMs.optional(),
  moved: z.string().max(4096).optional(),
  documents: Items(1024),
  entries: Items(4096),
  wraps: Items(64),
  notice: bytesUpTo(ITEM_MAX_BYTES).optional(),
  /** Rights to pass on what the notice brings, for devices of its recipients. */
  delegations: Items(MAX_DELEGATIONS),
  /** With a notice: by what right its sender passes it on. Without one: told to the owner, or to who is nearer to them. */
  pass: PassWire.optional(),
  /** Rights to pass on that were taken back. */
  revocations: z.array(bytesUpTo(REVOCATION_MAX_BYTES)).max(MAX_REVOCATIONS).optional(),
  heads: z.strictObject({ circle: bytesOf(16), hashes: z.array(bytesOf(32)).max(1024) }).optional(),
  tombstones: z.array(bytesUpTo(4096)).max(64).optional(),
  /** The sender uses an invite to a circle of the recipient's: delegations and invocation. */
  join: z.looseObject({ chain: bytesUpTo(JOIN_MAX_BYTES), invocation: bytesUpTo(JOIN_MAX_BYTES) }).optional(),
  /** What becomes of invites that the recipient used; `code` null: they are in. */
  answers: z
    .array(z.looseObject({ invite: bytesOf(INVITE_ID_BYTES), code: z.string().max(64).nullable() }))
    .max(MAX_ANSWERS)
    .optional(),
  returns: z.array(Return).max(MAX_RETURNS).optional(),
})
export type Letter = z.infer<typeof Letter>

const DeviceEnvelope = z.strictObject({
  v: z.literal(1),
  kind: z.literal('device'),
  sealed: bytesUpTo(ENVELOPE_MAX_BYTES),
})
const EpochEnvelope = z.strictObject({
  v: z.literal(1),
  kind: z.literal('epoch'),
  tagSalt: bytesOf(TAG_SALT_BYTES),
  tag: bytesOf(EPOCH_TAG_BYTES),
  sealed: bytesUpTo(ENVELOPE_MAX_BYTES),
})
const Envelope = z.discriminatedUnion('kind', [DeviceEnvelope, EpochEnvelope])
export type Envelope = z.infer<typeof Envelope>

/** What binds a key of an epoch: `circle` 16 bytes, `epoch` 32 bytes. */
export interface EpochRef {
  circle: Uint8Array
  epoch: Uint8Array
}

const encodeLetter = (letter: Omit<Letter, 'v'>): Uint8Array =>
  encodeCbor(
    Object.fromEntries(Object.entries({ ...letter, v: 1 }).filter(([, value]) => value !== undefined)),
  )

/** @throws `crypto/bad-encoding`, `crypto/too-large`. */
function parseLetter(bytes: Uint8Array): Letter {
  const parsed = Letter.safeParse(decodeCbor(bytes, ENVELOPE_MAX_BYTES))
  if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not a letter')
  return parsed.data
}

const deviceInfo = (from: Did, to: Did): Uint8Array =>
  bound(LABELS.letter, utf8(from), Uint8Array.of(0), utf8(to))

const epochBind = ({ circle, epoch }: EpochRef): Uint8Array => concat(circle, epoch)

/** Seal a letter to a person. @param devices - each with its X-Wing public key, 1,216 bytes. @returns the envelope's wire form. */
export function sealLetterToDevices(
  letter: Omit<Letter, 'v'>,
  from: Did,
  to: Did,
  devices: readonly Recipient[],
  chance: Chance,
): Uint8Array {
  const sealed = sealToDevices(devices, deviceInfo(from, to), encodeLetter(letter), chance)
  return encodeCbor({ v: 1, kind: 'device', sealed })
}

/** Seal a letter under an epoch, with a tag that only its members recognise. @param secret - 32 bytes. */
export function sealLetterUnderEpoch(
  letter: Omit<Letter, 'v'>,
  ref: EpochRef,
  secret: Secret,
  chance: Chance,
): Uint8Array {
  const tagSalt = chance.bytes(TAG_SALT_BYTES)
  const tag = epochTag(secret, tagSalt)
  const sealed = sealUnderKey(secret, LABELS.letter, epochBind(ref), encodeLetter(letter), chance)
  return encodeCbor({ v: 1, kind: 'epoch', tagSalt, tag, sealed })
}

/** Read the outside of an envelope. @throws `crypto/bad-encoding`, `crypto/too-large`. */
export function parseEnvelope(wire: Uint8Array): Envelope {
  const parsed = Envelope.safeParse(decodeCbor(wire, ENVELOPE_MAX_BYTES))
  if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not an envelope')
  return parsed.data
}

/** SHA-256 of an envelope's wire form: what a receipt is over. */
export const envelopeHash = (wire: Uint8Array): Uint8Array => sha256(wire)

/** @throws `crypto/cannot-open` when it was not sealed to this device by this pair of people. */
export const openDeviceLetter = (
  envelope: Extract<Envelope, { kind: 'device' }>,
  from: Did,
  to: Did,
  key: XWingKey,
): Letter => parseLetter(openFromDevice(key, deviceInfo(from, to), envelope.sealed, MAX_PERSON_WRAPS))

/** Whether the tag of an envelope is of this epoch. */
export const isOfEpoch = (envelope: Extract<Envelope, { kind: 'epoch' }>, secret: Secret): boolean =>
  sameSecret(epochTag(secret, envelope.tagSalt), envelope.tag)

/** @throws `crypto/cannot-open` when it was sealed under another epoch. */
export const openEpochLetter = (
  envelope: Extract<Envelope, { kind: 'epoch' }>,
  ref: EpochRef,
  secret: Secret,
): Letter => parseLetter(openUnderKey(secret, LABELS.letter, epochBind(ref), envelope.sealed))
