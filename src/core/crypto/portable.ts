/** The primitives in JavaScript, from the `@noble` packages: for runtimes whose OpenSSL lacks ML-KEM, and as a second opinion. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { getPublicKey, hashes, Point, sign } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { CryptoBackend } from './backend.ts'
import { x25519PublicBytes } from './spki.ts'

hashes.sha512 = sha512

/** DER before a raw X25519 secret key (RFC 8410 section 7): every supported Node has X25519, not all take it raw. */
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** Order of the base point (RFC 8032 section 5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n

const x25519Key = (raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([X25519_PKCS8, raw]), format: 'der', type: 'pkcs8' })

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0)
  return value
}

export const portableBackend: CryptoBackend = {
  name: 'portable',

  ed25519Key(seed) {
    const secret = Uint8Array.from(seed)
    return {
      publicKey: getPublicKey(secret),
      sign: message => sign(message, secret),
    }
  },

  // RFC 8032 section 5.1.7 without the cofactor: noble's own `verify` multiplies by 8 and so accepts more.
  ed25519Verify(publicKey, message, signature) {
    try {
      const r = signature.subarray(0, 32)
      const s = littleEndian(signature.subarray(32))
      if (s >= L) return false
      const h = littleEndian(sha512.create().update(r).update(publicKey).update(message).digest()) % L
      const a = Point.fromBytes(publicKey, false)
      return Point.BASE.multiply(s, false).equals(Point.fromBytes(r, false).add(a.multiply(h, false)))
    } catch {
      return false
    }
  },

  mlkemKey(seed) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed)
    return {
      publicKey,
      decapsulate: ciphertext => ml_kem768.decapsulate(ciphertext, secretKey),
    }
  },

  x25519Key,

  x25519Ephemeral(chance) {
    const privateKey = x25519Key(chance.bytes(32))
    return { privateKey, publicKey: x25519PublicBytes(createPublicKey(privateKey)) }
  },

  mlkemEncapsulate(publicKey, chance) {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, chance.bytes(32))
    return { ciphertext: cipherText, secret: sharedSecret }
  },
}
