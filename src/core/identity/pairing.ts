/** Pairing a new device (docs/protocol.md section 3.1): what both sides hash, the code that a person carries between them, and what the
 *  old device hands over. All pure. */
import { z } from 'zod'
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { type Ed25519Key, ed25519Verify } from '../crypto/ed25519.ts'
import { hmac, sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import { openFromDevice, sealToDevices } from '../crypto/sealed.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import type { XWingKey } from '../crypto/xwing.ts'
import { utf8 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { READ_SECRET_BYTES } from './card.ts'
import { DOCUMENT_MAX_BYTES } from './document.ts'
import { bytesOf, bytesUpTo } from './field.ts'
import { peerIdBytes } from './peer-id.ts'
import { RecoveryField, type RecoveryPublicKeys } from './recovery.ts'
import { taken } from './secret-file.ts'

export const PAIRING_NONCE_BYTES = 32
export const PAIRING_REQUEST_BYTES = 16
/** How long a request waits for its person. */
export const PAIRING_LIFE_MS = 10 * 60_000

/** What the new device reveals: its public keys, and the nonce without which its commitment could be searched through. */
export interface PairingKeys {
  /** The person whose device it wants to be. */
  readonly did: Did
  /** 32 and 1,216 bytes. */
  readonly ed: Uint8Array
  readonly kem: Uint8Array
  /** 32 bytes. */
  readonly nonce: Uint8Array
}

/** Everything that both sides know after the reveal. */
export interface PairingFacts extends PairingKeys {
  /** The old device's nonce, 32 bytes, drawn after it saw the commitment. */
  readonly answer: Uint8Array
  /** Peer ids of the two nodes. */
  readonly newPeer: string
  readonly oldPeer: string
}

/** What is sent before the other side's nonce is known, 32 bytes: neither side can choose its part by the other's. */
export const pairingCommitment = ({ did, ed, kem, nonce }: PairingKeys): Uint8Array =>
  sha256(bound(LABELS.devicePair, encodeCbor({ did, ed, kem, nonce })))

/** The hash over all of it, 32 bytes. */
export const pairingTranscript = (facts: PairingFacts): Uint8Array =>
  sha256(
    bound(
      LABELS.deviceCode,
      encodeCbor({
        did: facts.did,
        ed: facts.ed,
        kem: facts.kem,
        nonce: facts.nonce,
        answer: facts.answer,
        new: peerIdBytes(facts.newPeer),
        old: peerIdBytes(facts.oldPeer),
      }),
    ),
  )

const CODE_DIGITS = 8

/** Eight digits: the first 8 bytes of the transcript as a big-endian number, modulo 10^8. */
export const pairingCode = (transcript: Uint8Array): string =>
  (Buffer.from(transcript).readBigUInt64BE(0) % 10n ** BigInt(CODE_DIGITS))
    .toString()
    .padStart(CODE_DIGITS, '0')

/** A code as people type it: blanks and hyphens between the digits. @returns null for anything but eight digits. */
export function parsePairingCode(text: string): string | null {
  const digits = text.replace(/[\s-]/g, '')
  return /^\d{8}$/.test(digits) ? digits : null
}

/** The new device's word that it has the key which it reveals, 64 bytes over the transcript. */
export const signPairing = (transcript: Uint8Array, device: Ed25519Key): Uint8Array =>
  device.sign(bound(LABELS.devicePair, transcript))

export const isPairingSigned = (transcript: Uint8Array, ed: Uint8Array, signature: Uint8Array): boolean =>
  ed25519Verify(ed, bound(LABELS.devicePair, transcript), signature)

/** Shows that the asker has the card: HMAC under its read secret over both peer ids, 32 bytes. */
export const pairingMac = (read: Uint8Array, newPeer: string, oldPeer: string): Uint8Array =>
  hmac(read, bound(LABELS.deviceAsk, utf8(newPeer), utf8(oldPeer)))

/** What makes a node one of the person's. The identity key is not among it: it stays where it was made. */
export interface DeviceGrant {
  /** The document that lists the new device, wire form. */
  readonly document: Uint8Array
  /** Seed of the directory key, and the read secret of the card. */
  readonly directory: SecretBytes
  readonly read: SecretBytes
  readonly recovery: RecoveryPublicKeys
}

const Grant = z.looseObject({
  v: z.literal(1),
  document: bytesUpTo(DOCUMENT_MAX_BYTES),
  directory: bytesOf(32),
  read: bytesOf(READ_SECRET_BYTES),
  recovery: RecoveryField,
})

const grantInfo = (transcript: Uint8Array): Uint8Array => bound(LABELS.deviceGrant, transcript)

/** Seal it to the new device, for this one pairing. */
export const sealGrant = (
  { document, directory, read, recovery }: DeviceGrant,
  kem: Uint8Array,
  transcript: Uint8Array,
  chance: Chance,
): Uint8Array =>
  directory.use(directoryBytes =>
    read.use(readBytes => {
      const plaintext = encodeCbor({
        v: 1,
        document,
        directory: directoryBytes,
        read: readBytes,
        recovery: { ed: recovery.ed, kem: recovery.kem },
      })
      try {
        return sealToDevices([{ kem }], grantInfo(transcript), plaintext, chance)
      } finally {
        plaintext.fill(0)
      }
    }),
  )

/** @throws `crypto/cannot-open` when it is of another pairing, `crypto/bad-encoding`. */
export function openGrant(sealed: Uint8Array, kem: XWingKey, transcript: Uint8Array): DeviceGrant {
  const plaintext = openFromDevice(kem, grantInfo(transcript), sealed, 1)
  try {
    const parsed = Grant.safeParse(decodeCbor(plaintext, DOCUMENT_MAX_BYTES + 8192))
    if (!parsed.success) throw new VivimError('crypto/bad-encoding', 'not what a device is given')
    const { document, directory, read, recovery } = parsed.data
    return {
      document,
      directory: taken(directory),
      read: taken(read),
      recovery: { ed: recovery.ed, kem: recovery.kem },
    }
  } finally {
    plaintext.fill(0)
  }
}
