/** X-Wing, the hybrid KEM of ML-KEM-768 and X25519 (draft-connolly-cfrg-xwing-kem, sections 5.2 to 5.4). */
import crypto, { type KeyObject } from 'node:crypto'
import { concat } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { type CryptoBackend, cryptoBackend, type MlKemKey } from './backend.ts'
import { plain } from './hash.ts'
import { KeyCache } from './key-cache.ts'
import { borrowSecret, type Secret, Unprintable } from './secret.ts'
import { importPublicKey, x25519PublicBytes } from './spki.ts'

const XWING_SEED_BYTES = 32
export const XWING_PUBLIC_KEY_BYTES = 1216
export const XWING_ENC_BYTES = 1120
const MLKEM_PUBLIC_KEY_BYTES = 1184
const MLKEM_CIPHERTEXT_BYTES = 1088

/** The ASCII drawing `\.//^\` (section 5.3). */
const XWING_LABEL = Uint8Array.from([0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c])

const x25519Public = (raw: Uint8Array): KeyObject => importPublicKey('x25519', raw)

const recipientKeys = new KeyCache(1024, x25519Public)

function combine(ssM: Uint8Array, ssX: Uint8Array, ctX: Uint8Array, pkX: Uint8Array): Uint8Array {
  return plain(crypto.hash('sha3-256', concat(ssM, ssX, ctX, pkX, XWING_LABEL), 'buffer'))
}

/** A decapsulation key that keeps its expanded parts (expanding costs as much as opening). Cannot be printed. */
export class XWingKey extends Unprintable {
  readonly #mlkem: MlKemKey
  readonly #x25519: KeyObject
  readonly #x25519Public: Uint8Array
  /** 1,216 bytes. */
  readonly publicKey: Uint8Array

  /** @param seed - 32 bytes. @throws `crypto/bad-length`. */
  constructor(seed: Secret, backend: CryptoBackend = cryptoBackend()) {
    super()
    const expanded = borrowSecret(seed, XWING_SEED_BYTES, bytes =>
      crypto.createHash('shake256', { outputLength: 96 }).update(bytes).digest(),
    )
    this.#mlkem = backend.mlkemKey(expanded.subarray(0, 64))
    this.#x25519 = backend.x25519Key(expanded.subarray(64))
    this.#x25519Public = x25519PublicBytes(crypto.createPublicKey(this.#x25519))
    this.publicKey = concat(this.#mlkem.publicKey, this.#x25519Public)
  }

  /** @param enc - 1,120 bytes. @returns 32 bytes; another secret for what was sealed to somebody else.
   *  @throws `crypto/bad-length`; `crypto/cannot-open` when the X25519 half is a point of small order. */
  decapsulate(enc: Uint8Array): Uint8Array {
    checkLength('an X-Wing encapsulation', enc, XWING_ENC_BYTES)
    const ctX = enc.subarray(MLKEM_CIPHERTEXT_BYTES)
    try {
      const ssX = crypto.diffieHellman({ privateKey: this.#x25519, publicKey: x25519Public(ctX) })
      const ssM = this.#mlkem.decapsulate(enc.subarray(0, MLKEM_CIPHERTEXT_BYTES))
      return combine(ssM, ssX, ctX, this.#x25519Public)
    } catch (cause) {
      throw new VivimError('crypto/cannot-open', 'the encapsulation is not sound', {}, { cause })
    }
  }
}

function checkLength(what: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected)
    throw new VivimError('crypto/bad-length', `${what} is ${expected} bytes`, {
      expected,
      found: bytes.length,
    })
}

/** Make a secret that only the holder of `publicKey` can derive.
 *  @param publicKey - 1,216 bytes. @param chance - gives 32 bytes for ML-KEM and 32 for X25519 where the backend takes them.
 *  @returns `enc`, 1,120 bytes, and `secret`, 32 bytes. @throws `crypto/bad-length`, `crypto/bad-key`. */
export function xwingEncapsulate(
  publicKey: Uint8Array,
  chance: Chance,
  backend: CryptoBackend = cryptoBackend(),
): { readonly enc: Uint8Array; readonly secret: Uint8Array } {
  checkLength('an X-Wing public key', publicKey, XWING_PUBLIC_KEY_BYTES)
  const pkX = publicKey.subarray(MLKEM_PUBLIC_KEY_BYTES)
  try {
    const m = backend.mlkemEncapsulate(publicKey.subarray(0, MLKEM_PUBLIC_KEY_BYTES), chance)
    const { privateKey, publicKey: ctX } = backend.x25519Ephemeral(chance)
    const ssX = crypto.diffieHellman({ privateKey, publicKey: recipientKeys.get(pkX) })
    return { enc: concat(m.ciphertext, ctX), secret: combine(m.secret, ssX, ctX, pkX) }
  } catch (cause) {
    throw new VivimError('crypto/bad-key', 'not a sound X-Wing public key', {}, { cause })
  }
}

/** @param key - a 32-byte seed or a key made of one. @param enc - 1,120 bytes. @returns 32 bytes.
 *  @throws `crypto/bad-length`, `crypto/cannot-open`. */
export const xwingDecapsulate = (
  key: Secret | XWingKey,
  enc: Uint8Array,
  backend?: CryptoBackend,
): Uint8Array => (key instanceof XWingKey ? key : new XWingKey(key, backend)).decapsulate(enc)
