/** The primitives by `node:crypto`: Ed25519 on every supported Node, ML-KEM-768 where OpenSSL has it (Node 24). */
import crypto, { type KeyObject } from 'node:crypto'
import { fromB64u } from '../kernel/bytes.ts'
import type { CryptoBackend } from './backend.ts'
import { plain } from './hash.ts'
import { KeyCache } from './key-cache.ts'
import { importPublicKey, x25519PublicBytes } from './spki.ts'

/** DER before an Ed25519 seed (RFC 8410 section 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** About 1 KB each. */
const ed25519Keys = new KeyCache(4096, raw => importPublicKey('ed25519', raw))

/** About 16 KB each, expanded; a circle of 1,000 whose key changes again and again fits. */
const mlkemKeys = new KeyCache(1024, raw => importPublicKey('ml-kem-768', raw))

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
    return {
      publicKey: fromB64u(crypto.createPublicKey(key).export({ format: 'jwk' }).x ?? ''),
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

  // Importing a raw secret takes as long as drawing two.
  x25519Ephemeral() {
    const pair: { privateKey: KeyObject; publicKey: KeyObject | Uint8Array } = crypto.generateKeyPairSync(
      'x25519',
      { publicKeyEncoding: { format: 'raw-public' } },
    )
    const { privateKey, publicKey } = pair
    return {
      privateKey,
      publicKey: publicKey instanceof Uint8Array ? plain(publicKey) : x25519PublicBytes(publicKey),
    }
  },

  mlkemEncapsulate(publicKey) {
    const { ciphertext, sharedKey } = crypto.encapsulate(mlkemKeys.get(publicKey))
    return { ciphertext: plain(ciphertext), secret: plain(sharedKey) }
  },
}
