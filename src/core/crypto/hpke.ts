/** HPKE base mode (RFC 9180) with KEM X-Wing (0x647a), KDF HKDF-SHA256 (0x0001) and AEAD AES-256-GCM (0x0002). */
import { concat, utf8 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, aeadOpen, aeadSeal } from './aead.ts'
import type { CryptoBackend } from './backend.ts'
import { hmac } from './hash.ts'
import { KeyCache } from './key-cache.ts'
import { type Secret, Unprintable } from './secret.ts'
import { type XWingKey, xwingDecapsulate, xwingEncapsulate } from './xwing.ts'

const EMPTY = new Uint8Array(0)
const MODE_BASE = Uint8Array.of(0)
const VERSION = utf8('HPKE-v1')
const SUITE_ID = concat(utf8('HPKE'), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 2))

/** What `LabeledExtract` puts before its input (RFC 9180 section 4). */
const extractPrefix = (name: string): Uint8Array => concat(VERSION, SUITE_ID, utf8(name))

/** What `LabeledExpand` puts before its info, for at most 32 bytes: then it is one block of HKDF-Expand. */
const expandPrefix = (name: string, length: number): Uint8Array =>
  concat(Uint8Array.of(0, length), VERSION, SUITE_ID, utf8(name))

const SECRET = extractPrefix('secret')
const INFO_HASH = extractPrefix('info_hash')
const KEY = expandPrefix('key', AEAD_KEY_BYTES)
const BASE_NONCE = expandPrefix('base_nonce', AEAD_NONCE_BYTES)
const FIRST_BLOCK = Uint8Array.of(1)
const PSK_ID_HASH = hmac(EMPTY, extractPrefix('psk_id_hash'))

/** `key_schedule_context` (RFC 9180 section 5.1): depends on `info` alone, which the many messages of one purpose have in common. */
const contexts = new KeyCache(16, info => concat(MODE_BASE, PSK_ID_HASH, hmac(EMPTY, INFO_HASH, info)))
const scheduleContext = (info: Uint8Array): Uint8Array => contexts.get(info)

interface Keys {
  readonly key: Uint8Array
  readonly baseNonce: Uint8Array
}

function schedule(sharedSecret: Uint8Array, context: Uint8Array): Keys {
  const secret = hmac(sharedSecret, SECRET)
  return {
    key: hmac(secret, KEY, context, FIRST_BLOCK),
    baseNonce: hmac(secret, BASE_NONCE, context, FIRST_BLOCK).subarray(0, AEAD_NONCE_BYTES),
  }
}

/** What one HPKE seal gives: `enc`, 1,120 bytes, and `ct`, 16 bytes longer than the plaintext. */
export interface HpkeSealed {
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

/** Seals single messages to many recipients under one `info`, whose hash is computed once. */
export interface HpkeSender {
  /** @param recipient - 1,216 bytes. @throws `crypto/bad-length`, `crypto/bad-key`. */
  seal(recipient: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): HpkeSealed
}

export function makeHpkeSender(info: Uint8Array, chance: Chance, backend?: CryptoBackend): HpkeSender {
  const context = scheduleContext(info)
  return {
    seal(recipient, aad, plaintext) {
      const { enc, secret } = xwingEncapsulate(recipient, chance, backend)
      const { key, baseNonce } = schedule(secret, context)
      return { enc, ct: aeadSeal(key, baseNonce, aad, plaintext) }
    },
  }
}

/** Open a single message (RFC 9180 section 6.1). @param key - 32-byte seed or key. @param enc - 1,120 bytes.
 *  @throws `crypto/cannot-open`, `crypto/bad-length`. */
export function hpkeOpen(
  key: Secret | XWingKey,
  enc: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  ct: Uint8Array,
  backend?: CryptoBackend,
): Uint8Array {
  const keys = schedule(xwingDecapsulate(key, enc, backend), scheduleContext(info))
  return aeadOpen(keys.key, keys.baseNonce, aad, ct)
}

/** One direction of a stream: nonce = base nonce XOR sequence (RFC 9180 section 5.2). */
class Sequence extends Unprintable {
  readonly #keys: Keys
  #next = 0

  constructor(keys: Keys) {
    super()
    this.#keys = keys
  }

  /** Run `work` with the key and this message's nonce; the sequence moves on only when it succeeds. */
  step<T>(work: (key: Uint8Array, nonce: Uint8Array) => T): T {
    if (this.#next >= Number.MAX_SAFE_INTEGER)
      throw new VivimError('crypto/too-large', 'this HPKE context has no message number left')
    const nonce = Buffer.from(this.#keys.baseNonce)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ (this.#next >>> 0)) >>> 0, 8)
    nonce.writeUInt32BE((nonce.readUInt32BE(4) ^ Math.floor(this.#next / 2 ** 32)) >>> 0, 4)
    const result = work(this.#keys.key, nonce)
    this.#next++
    return result
  }
}

/** Sends many messages, in order, in one direction. */
export interface HpkeSenderContext {
  /** 1,120 bytes, sent once before the first message. */
  readonly enc: Uint8Array
  /** @returns 16 bytes more than `plaintext`. */
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array
}

/** Receives them in the same order. */
export interface HpkeReceiverContext {
  /** @throws `crypto/cannot-open` for a changed, repeated, missing or reordered message; the context then waits for the right one. */
  open(aad: Uint8Array, ct: Uint8Array): Uint8Array
}

/** @param recipient - 1,216 bytes. @throws `crypto/bad-length`, `crypto/bad-key`. */
export function hpkeSetupSender(
  recipient: Uint8Array,
  info: Uint8Array,
  chance: Chance,
  backend?: CryptoBackend,
): HpkeSenderContext {
  const { enc, secret } = xwingEncapsulate(recipient, chance, backend)
  const sequence = new Sequence(schedule(secret, scheduleContext(info)))
  return {
    enc,
    seal: (aad, plaintext) => sequence.step((key, nonce) => aeadSeal(key, nonce, aad, plaintext)),
  }
}

/** @param key - 32-byte seed or key. @param enc - 1,120 bytes. @throws `crypto/bad-length`, `crypto/cannot-open`. */
export function hpkeSetupReceiver(
  key: Secret | XWingKey,
  enc: Uint8Array,
  info: Uint8Array,
  backend?: CryptoBackend,
): HpkeReceiverContext {
  const sequence = new Sequence(schedule(xwingDecapsulate(key, enc, backend), scheduleContext(info)))
  return { open: (aad, ct) => sequence.step((aeadKey, nonce) => aeadOpen(aeadKey, nonce, aad, ct)) }
}
