/** People for tests: real keys, real documents, and a source of chance that gives the same bytes every run. */
import { createHash } from 'node:crypto'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { XWingKey } from '../../src/core/crypto/xwing.ts'
import type { Device, RevokedDevice } from '../../src/core/identity/device.ts'
import { type DocumentFields, type IdentityDocument, signDocument } from '../../src/core/identity/document.ts'
import { type Keystore, makeKeystore } from '../../src/core/identity/keystore.ts'
import { peerIdFromKey } from '../../src/core/identity/peer-id.ts'
import { type RecoveryKeys, recoveryKeys } from '../../src/core/identity/recovery.ts'
import type { Chance } from '../../src/core/kernel/env.ts'

export const DAY_MS = 86_400_000
/** 1 January 2027. */
export const START_MS = 1_798_761_600_000

/** Bytes that follow from a seed: SHA-256 in counter mode. For tests only. */
export function seededChance(seed: string): Chance {
  let counter = 0
  return {
    bytes(length) {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 32)
        out.set(
          createHash('sha256')
            .update(`${seed}/${counter++}`)
            .digest()
            .subarray(0, length - at),
          at,
        )
      return out
    },
  }
}

export interface TestDevice {
  sign: Ed25519Key
  kem: XWingKey
  listed: Device
}

export interface Person {
  name: string
  keystore: Keystore
  identityKey: Ed25519Key
  recoverySeed: Uint8Array
  recovery: RecoveryKeys
  /** The first device. */
  device: TestDevice
  peer: string
  nodeSeed: Uint8Array
  document: IdentityDocument
  chance: Chance
}

/** A person with one device and a first document. */
export function makePerson(name: string, seed = name): Person {
  const chance = seededChance(`person/${seed}`)
  const recoverySeed = chance.bytes(32)
  const recovery = recoveryKeys(recoverySeed)
  const keystore = makeKeystore(recovery.publicKeys, chance)
  if (!keystore.identity) throw new Error('a new keystore has its identity key')
  const identityKey = new Ed25519Key(keystore.identity)
  const sign = new Ed25519Key(keystore.deviceSign)
  const kem = new XWingKey(keystore.deviceKem)
  const device = { sign, kem, listed: { ed: sign.publicKey, kem: kem.publicKey, at: START_MS } }
  const nodeSeed = chance.bytes(32)
  const peer = peerIdFromKey(new Ed25519Key(nodeSeed).publicKey)
  const person = { name, keystore, identityKey, recoverySeed, recovery, device, peer, nodeSeed, chance }
  const document = signDocument(documentFields(person, {}), identityKey)
  return { ...person, document }
}

/** Another device of a person, not yet in any document. */
export function makeDevice(person: Pick<Person, 'chance'>): TestDevice {
  const sign = new Ed25519Key(person.chance.bytes(32))
  const kem = new XWingKey(person.chance.bytes(32))
  return { sign, kem, listed: { ed: sign.publicKey, kem: kem.publicKey, at: START_MS } }
}

/** The fields of a document of this person, the first one unless told otherwise. */
export const documentFields = (
  person: Pick<Person, 'keystore' | 'recovery' | 'device' | 'peer'>,
  change: Partial<DocumentFields>,
): DocumentFields => ({
  did: person.keystore.did,
  seq: 1,
  atMs: START_MS,
  expiresAtMs: START_MS + 365 * DAY_MS,
  prev: null,
  devices: [person.device.listed],
  revoked: [],
  recovery: person.recovery.commitment,
  peers: [person.peer],
  ...change,
})

/** The next document of a person, with these devices. */
export function nextDocument(
  person: Person,
  devices: readonly TestDevice[],
  revoked: readonly RevokedDevice[] = [],
  seq = person.document.seq + 1,
): IdentityDocument {
  const change = { seq, prev: person.document.hash, devices: devices.map(device => device.listed), revoked }
  return signDocument(documentFields(person, change), person.identityKey)
}
