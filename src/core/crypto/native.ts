/** The primitives by `node:crypto`: Ed25519 on every supported Node, ML-KEM-768 where OpenSSL has it (Node 24). */
import crypto from 'node:crypto'
import type { CryptoBackend } from './backend.ts'
import { plain } from './hash.ts'
import { KeyCache } from './key-cache.ts'

/** DER before a raw Ed25519 public key (SubjectPublicKeyInfo, RFC 8410 section 4) and before a seed (section 7). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** About 1 KB each. */
const ed25519Keys = new KeyCache(4096, raw =>
  crypto.createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' }),
)

/** About 16 KB each, expanded. */
const mlkemKeys = new KeyCache(256, raw =>
  crypto.createPublicKey({ key: asBuffer(raw), format: 'raw-public', asymmetricKeyType: 'ml-kem-768' }),
)

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Whether this Node can do ML-KEM-768 from raw seeds; tried, not read from a version number. */
export function runtimeHasMlKem(): boolean {
  if (typeof crypto.encapsulate !== 'function' || typeof crypto.decapsulate !== 'function') return false
  try {
    return nativeBackend.mlkemKey(new Uint8Array(64)).publicKey.length === 1184
  } catch {
    return false
  }
}

export const nativeBackend: CryptoBackend = {
  name: 'native',

  ed25519Key(seed) {
    const key = crypto.createPrivateKey({
      key: Buffer.concat([ED25519_PKCS8, seed]),
      format: 'der',
      type: 'pkcs8',
    })
    const spki = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' })
    return {
      publicKey: Uint8Array.from(spki.subarray(ED25519_SPKI.length)),
      sign: message => plain(crypto.sign(null, message, key)),
    }
  },

  ed25519Verify(publicKey, message, signature) {
    try {
      return crypto.verify(null, message, ed25519Keys.get(publicKey), signature)
    } catch {
      return false
    }
  },

  mlkemKey(seed) {
    const key = crypto.createPrivateKey({
      key: asBuffer(seed),
      format: 'raw-seed',
      asymmetricKeyType: 'ml-kem-768',
    })
    return {
      publicKey: Uint8Array.from(crypto.createPublicKey(key).export({ format: 'raw-public' })),
      decapsulate: ciphertext => plain(crypto.decapsulate(key, ciphertext)),
    }
  },

  x25519Key: raw =>
    crypto.createPrivateKey({ key: asBuffer(raw), format: 'raw-private', asymmetricKeyType: 'x25519' }),

  mlkemEncapsulate(publicKey) {
    const { ciphertext, sharedKey } = crypto.encapsulate(mlkemKeys.get(publicKey))
    return { ciphertext: plain(ciphertext), secret: plain(sharedKey) }
  },
}
