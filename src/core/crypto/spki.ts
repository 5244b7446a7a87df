/** Raw public keys into OpenSSL and out of it. */
import crypto, { type KeyObject } from 'node:crypto'
import { fromB64u } from '../kernel/bytes.ts'

/** DER before the raw key in a SubjectPublicKeyInfo (RFC 8410 section 4; ML-KEM-768 is 2.16.840.1.101.3.4.4.2). */
const PREFIXES = {
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
  'ml-kem-768': Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex'),
} as const

/**
 * As PEM, in a string: `createPublicKey` first tries anything else as a `KeyObject` and as a `CryptoKey`, each time by throwing
 * and catching, which takes longer than reading the key. Public keys only: a string cannot be wiped.
 * @param raw - 32 bytes; 1,184 for ML-KEM-768. @throws OpenSSL's errors for what is no such key.
 */
export function importPublicKey(algorithm: keyof typeof PREFIXES, raw: Uint8Array): KeyObject {
  const der = Buffer.concat([PREFIXES[algorithm], raw]).toString('base64')
  return crypto.createPublicKey(`-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`)
}

/** The 32 bytes of an X25519 public key. As JWK (RFC 8037), which is ten to twenty times faster than DER. */
export const x25519PublicBytes = (key: KeyObject): Uint8Array =>
  fromB64u(key.export({ format: 'jwk' }).x ?? '')
