/** Small sealed envelopes: to devices by HPKE, or under a secret that both sides have. They hide contents and, within steps, size;
 *  they say nothing about who made them. */
import { z } from 'zod'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal } from './aead.ts'
import type { CryptoBackend } from './backend.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { hkdf, sha256 } from './hash.ts'
import { hpkeOpen, makeHpkeSender } from './hpke.ts'
import { bound, LABELS } from './labels.ts'
import { pad, unpad } from './padme.ts'
import { type Secret, SecretBytes, sameSecret } from './secret.ts'
import { XWING_ENC_BYTES, XWingKey } from './xwing.ts'

/** Wire form of either kind; contents over 4 MiB go into a sealed content instead. */
export const MAX_SEALED_BYTES = 4 * 1024 * 1024
const MAX_WRAPS = 1024
/** What is sealed to one person: their 16 devices and, in their own wraps, the recovery key. Whoever is sent a thousand wraps would
 *  spend seconds on trying them. */
export const MAX_PERSON_WRAPS = 17
const MESSAGE_KEY_BYTES = 32
const COMMITMENT_BYTES = 32
const SALT_BYTES = 32
const MIN_SECRET_BYTES = 16
const EMPTY = new Uint8Array(0)

/** A device as a recipient: its X-Wing public key, 1,216 bytes. */
export interface Recipient {
  readonly kem: Uint8Array
}

const exactly = (length: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length, `not ${length} bytes`)
const someBytes = z.custom<Uint8Array>(value => value instanceof Uint8Array, 'not bytes')

const ToDevices = z.strictObject({
  v: z.literal(1),
  wraps: z
    .array(z.tuple([exactly(XWING_ENC_BYTES), exactly(MESSAGE_KEY_BYTES + AEAD_TAG_BYTES)]))
    .min(1)
    .max(MAX_WRAPS),
  commitment: exactly(COMMITMENT_BYTES),
  body: someBytes,
})

const UnderKey = z.strictObject({ v: z.literal(1), salt: exactly(SALT_BYTES), body: someBytes })

function parseWire<S extends z.ZodType>(wire: Uint8Array, schema: S): z.output<S> {
  const parsed = schema.safeParse(decodeCbor(wire, MAX_SEALED_BYTES))
  if (!parsed.success)
    throw new VivimError('crypto/bad-encoding', `not a sealed message: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

function checkWire(wire: Uint8Array): Uint8Array {
  if (wire.length <= MAX_SEALED_BYTES) return wire
  throw new VivimError('crypto/too-large', `a sealed message is at most ${MAX_SEALED_BYTES} bytes`, {
    bytes: wire.length,
    maxBytes: MAX_SEALED_BYTES,
  })
}

/** Key, nonce and commitment of the body. All three follow from a message key that is used once, and the commitment makes sure that
 *  no two recipients can be shown different bodies under different message keys. */
function bodyKeys(messageKey: Uint8Array, info: Uint8Array) {
  const bytes = hkdf(
    messageKey,
    EMPTY,
    bound(LABELS.sealedToDevices, info),
    AEAD_KEY_BYTES + AEAD_NONCE_BYTES + COMMITMENT_BYTES,
  )
  return {
    key: bytes.subarray(0, AEAD_KEY_BYTES),
    nonce: bytes.subarray(AEAD_KEY_BYTES, AEAD_KEY_BYTES + AEAD_NONCE_BYTES),
    commitment: bytes.subarray(AEAD_KEY_BYTES + AEAD_NONCE_BYTES),
  }
}

/** Seal to devices; any of them opens it. The wraps stand in the order of their random encapsulations, so that their order tells nothing.
 *  @param info - binds the purpose: HPKE's `info`, hashed once. @returns dag-cbor `{v, wraps:[[enc, ct]…], commitment, body}`.
 *  @throws `crypto/too-large` over 1,024 devices or 4 MiB, `crypto/bad-length` for no device or a key of another size, `crypto/bad-key`. */
export function sealToDevices(
  devices: readonly Recipient[],
  info: Uint8Array,
  plaintext: Uint8Array,
  chance: Chance,
  backend?: CryptoBackend,
): Uint8Array {
  if (devices.length === 0) throw new VivimError('crypto/bad-length', 'no device to seal to')
  if (devices.length > MAX_WRAPS)
    throw new VivimError('crypto/too-large', `at most ${MAX_WRAPS} devices at once`, {
      devices: devices.length,
    })
  if (plaintext.length > MAX_SEALED_BYTES) checkWire(plaintext)
  const messageKey = chance.bytes(MESSAGE_KEY_BYTES)
  const sender = makeHpkeSender(info, chance, backend)
  const wraps = devices.map(({ kem }) => {
    const { enc, ct } = sender.seal(kem, kem, messageKey)
    return [enc, ct] as const
  })
  wraps.sort(([a], [b]) => Buffer.compare(a, b))
  const { key, nonce, commitment } = bodyKeys(messageKey, info)
  const body = aeadSeal(key, nonce, sha256(info), pad(plaintext))
  return checkWire(encodeCbor({ v: 1, wraps, commitment, body }))
}

/** Open what was sealed to one's device among others: tries the wraps in turn, 0.2 ms each with native ML-KEM and 3 ms without.
 *  @param key - 32-byte seed or key. @param maxWraps - refuse to try more than these.
 *  @throws `crypto/cannot-open`, `crypto/bad-encoding`, `crypto/too-large`. */
export function openFromDevice(
  key: Secret | XWingKey,
  info: Uint8Array,
  wire: Uint8Array,
  maxWraps: number = MAX_WRAPS,
): Uint8Array {
  const { wraps, commitment, body } = parseWire(wire, ToDevices)
  if (wraps.length > maxWraps)
    throw new VivimError('crypto/too-large', `at most ${maxWraps} wraps are tried`, { wraps: wraps.length })
  const device = key instanceof XWingKey ? key : new XWingKey(key)
  for (const [enc, ct] of wraps) {
    const messageKey = tryWrap(device, enc, info, ct)
    if (!messageKey) continue
    const keys = bodyKeys(messageKey, info)
    if (!sameSecret(keys.commitment, commitment))
      throw new VivimError('crypto/cannot-open', 'the wrap holds the key of another message')
    return unpad(aeadOpen(keys.key, keys.nonce, sha256(info), body))
  }
  throw new VivimError('crypto/cannot-open', 'sealed to other devices, or for another purpose')
}

function tryWrap(key: XWingKey, enc: Uint8Array, info: Uint8Array, ct: Uint8Array): Uint8Array | null {
  try {
    return hpkeOpen(key, enc, info, key.publicKey, ct)
  } catch {
    return null
  }
}

/** Lend a shared secret of 16 bytes or more. @throws `crypto/bad-length` for less: an empty one would seal for everybody. */
function borrowShared<T>(secret: Secret, borrow: (bytes: Uint8Array) => T): T {
  if (secret.length < MIN_SECRET_BYTES)
    throw new VivimError('crypto/bad-length', `a secret of at least ${MIN_SECRET_BYTES} bytes is needed`)
  return secret instanceof SecretBytes ? secret.use(borrow) : borrow(secret)
}

function underKeys(secret: Secret, salt: Uint8Array, purpose: Uint8Array) {
  const bytes = borrowShared(secret, ikm => hkdf(ikm, salt, purpose, AEAD_KEY_BYTES + AEAD_NONCE_BYTES))
  return { key: bytes.subarray(0, AEAD_KEY_BYTES), nonce: bytes.subarray(AEAD_KEY_BYTES) }
}

/** Seal under a shared secret, with a key of its own from 32 salt bytes carried in it.
 *  @param secret - 16 bytes or more of full entropy. @param purposeLabel - a label text of `LABELS`. @param bind - what else must be equal on opening.
 *  @returns dag-cbor `{v, salt, body}`. @throws `crypto/too-large`, `crypto/bad-length`. */
export function sealUnderKey(
  secret: Secret,
  purposeLabel: string,
  bind: Uint8Array,
  plaintext: Uint8Array,
  chance: Chance,
): Uint8Array {
  if (plaintext.length > MAX_SEALED_BYTES) checkWire(plaintext)
  const salt = chance.bytes(SALT_BYTES)
  const purpose = bound(purposeLabel, bind)
  const { key, nonce } = underKeys(secret, salt, purpose)
  return checkWire(encodeCbor({ v: 1, salt, body: aeadSeal(key, nonce, purpose, pad(plaintext)) }))
}

/** Inverse of `sealUnderKey`. @throws `crypto/cannot-open`, `crypto/bad-encoding`, `crypto/too-large`, `crypto/bad-length`. */
export function openUnderKey(
  secret: Secret,
  purposeLabel: string,
  bind: Uint8Array,
  wire: Uint8Array,
): Uint8Array {
  const { salt, body } = parseWire(wire, UnderKey)
  const purpose = bound(purposeLabel, bind)
  const { key, nonce } = underKeys(secret, salt, purpose)
  return unpad(aeadOpen(key, nonce, purpose, body))
}
