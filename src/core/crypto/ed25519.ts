/** Ed25519 (RFC 8032) under one rule on every path, so that no two nodes disagree about a signature. */
import { VivimError } from '../kernel/errors.ts'
import { type CryptoBackend, cryptoBackend, type Ed25519Signer } from './backend.ts'
import { borrowSecret, type Secret, Unprintable } from './secret.ts'

export const ED25519_PUBLIC_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
export const ED25519_SEED_BYTES = 32

const littleEndianBytes = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex')).reverse()

const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n
/** y of the points of order 8. */
const Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n
const P_BYTES = littleEndianBytes(P)
const L_BYTES = littleEndianBytes(L)
const SMALL_ORDER_Y = [0n, 1n, P - 1n, Y8, P - Y8].map(littleEndianBytes)

/** Whether `bytes[from, from+32)`, its top bit replaced by `top`, is below `bound` (both little-endian). */
function isBelow(bytes: Uint8Array, from: number, topMask: number, bound: Uint8Array): boolean {
  for (let at = 31; at >= 0; at--) {
    const byte = (bytes[from + at] ?? 0) & (at === 31 ? topMask : 0xff)
    const limit = bound[at] ?? 0
    if (byte !== limit) return byte < limit
  }
  return false
}

function isY(bytes: Uint8Array, from: number, y: Uint8Array): boolean {
  for (let at = 0; at < 31; at++) if (bytes[from + at] !== y[at]) return false
  return ((bytes[from + 31] ?? 0) & 0x7f) === y[31]
}

/** Whether 32 bytes from `from` are a canonical encoding (y < p) of no point of small order: a look at bytes, no curve
 *  arithmetic. Works on public data only, so it need not be constant in time. */
function soundPoint(bytes: Uint8Array, from: number): boolean {
  return isBelow(bytes, from, 0x7f, P_BYTES) && !SMALL_ORDER_Y.some(y => isY(bytes, from, y))
}

/** A signing key that keeps its imported form. Cannot be printed. */
export class Ed25519Key extends Unprintable {
  readonly #signer: Ed25519Signer
  /** 32 bytes. */
  readonly publicKey: Uint8Array

  /** @param seed - 32 bytes. @throws `crypto/bad-length`. */
  constructor(seed: Secret, backend: CryptoBackend = cryptoBackend()) {
    super()
    this.#signer = borrowSecret(seed, ED25519_SEED_BYTES, bytes => backend.ed25519Key(bytes))
    this.publicKey = this.#signer.publicKey
  }

  /** Deterministic signature (RFC 8032 section 5.1.6). @returns 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    return this.#signer.sign(message)
  }
}

/** @param key - a 32-byte seed or a key made of one. @returns 32 bytes. @throws `crypto/bad-length`. */
export const ed25519PublicKey = (key: Secret | Ed25519Key, backend?: CryptoBackend): Uint8Array =>
  (key instanceof Ed25519Key ? key : new Ed25519Key(key, backend)).publicKey

/** The one rule: A and R canonical and not of small order, S < L, and S·B = R + H(R ‖ A ‖ M)·A without the cofactor.
 *  @returns false, never a throw, for whatever else is given. */
export function ed25519Verify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  backend: CryptoBackend = cryptoBackend(),
): boolean {
  if (publicKey.length !== ED25519_PUBLIC_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES)
    return false
  if (!soundPoint(signature, 0) || !soundPoint(publicKey, 0)) return false
  if (!isBelow(signature, 32, 0xff, L_BYTES)) return false
  return backend.ed25519Verify(publicKey, message, signature)
}

/** A public key from outside, worth keeping. @throws `crypto/bad-key` unless it is 32 bytes, canonical and not of small order. */
export function checkEd25519PublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== ED25519_PUBLIC_KEY_BYTES || !soundPoint(publicKey, 0))
    throw new VivimError('crypto/bad-key', 'not a sound Ed25519 public key')
}
