/** Which implementation computes the primitives that Node versions differ in: chosen once, by what the runtime can do. */
import type { KeyObject } from 'node:crypto'
import type { Chance } from '../kernel/env.ts'
import { nativeBackend, runtimeHasMlKem } from './native.ts'
import { portableBackend } from './portable.ts'

/** An Ed25519 secret key ready to sign. */
export interface Ed25519Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** @returns 64 bytes, RFC 8032 section 5.1.6. */
  sign(message: Uint8Array): Uint8Array
}

/** An ML-KEM-768 decapsulation key, expanded. */
export interface MlKemKey {
  /** 1,184 bytes. */
  readonly publicKey: Uint8Array
  /** @param ciphertext - 1,088 bytes. @returns 32 bytes; another secret, not an error, for a foreign ciphertext. */
  decapsulate(ciphertext: Uint8Array): Uint8Array
}

/** The primitives. Bodies check no lengths: their callers in this room have done so. */
export interface CryptoBackend {
  readonly name: 'native' | 'portable'
  /** @param seed - 32 bytes. */
  ed25519Key(seed: Uint8Array): Ed25519Signer
  /** S < L and the cofactorless equation; A and R have passed `soundPoint`. Never throws. */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** @param seed - 64 bytes `d ‖ z` (FIPS 203 section 7.1). */
  mlkemKey(seed: Uint8Array): MlKemKey
  /** @param raw - 32 bytes (RFC 7748 section 5). @returns a private key for `crypto.diffieHellman`. */
  x25519Key(raw: Uint8Array): KeyObject
  /** A new pair, used once: the private key for `crypto.diffieHellman` and its public one, 32 bytes. Draws 32 bytes from `chance`
   *  (portable) or asks OpenSSL's generator (native). */
  x25519Ephemeral(chance: Chance): { readonly privateKey: KeyObject; readonly publicKey: Uint8Array }
  /** FIPS 203 section 7.2. Draws 32 bytes from `chance` where the implementation takes them from outside (portable);
   *  the native one asks OpenSSL's generator. @throws whatever it likes for a key that is not reduced. */
  mlkemEncapsulate(
    publicKey: Uint8Array,
    chance: Chance,
  ): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array }
}

let chosen: CryptoBackend | undefined

/** Make the choice: with ML-KEM in the runtime (Node 24) everything native; without it (Node 22) ML-KEM is the portable
 *  one and Ed25519 stays native, since both answer alike behind `soundPoint`. */
export const chooseBackend = (hasMlKem: boolean): CryptoBackend =>
  hasMlKem
    ? nativeBackend
    : {
        ...portableBackend,
        ed25519Key: nativeBackend.ed25519Key,
        ed25519Verify: nativeBackend.ed25519Verify,
      }

/** The backend of this process. */
export function cryptoBackend(): CryptoBackend {
  chosen ??= chooseBackend(runtimeHasMlKem())
  return chosen
}
