/** Secrets that cannot be printed, and the one comparison that is safe for them. */
import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'
import { VivimError } from '../kernel/errors.ts'

const HIDDEN = '[secret]'

/** Base of everything that holds a secret: shows `[secret]` to JSON, template strings, `console.log` and `inspect`. */
export abstract class Unprintable {
  toJSON(): string {
    return HIDDEN
  }
  toString(): string {
    return HIDDEN
  }
  [Symbol.toPrimitive](): string {
    return HIDDEN
  }
  [inspect.custom](): string {
    return HIDDEN
  }
}

/** Secret bytes, kept in a private copy. The bytes are lent by `use` and must not be kept by the borrower. */
export class SecretBytes extends Unprintable {
  readonly #bytes: Uint8Array
  #wiped = false

  /** @param bytes - copied; the caller may overwrite its own. */
  constructor(bytes: Uint8Array) {
    super()
    this.#bytes = Uint8Array.from(bytes)
  }

  get length(): number {
    return this.#bytes.length
  }

  /** Lend the bytes to `borrow`. @throws `keystore/locked` after `wipe`. */
  use<T>(borrow: (bytes: Uint8Array) => T): T {
    if (this.#wiped) throw new VivimError('keystore/locked', 'this secret was wiped from memory')
    return borrow(this.#bytes)
  }

  /** Another holder of the same bytes, wiped by itself. @throws `keystore/locked` after `wipe`. */
  copy(): SecretBytes {
    return this.use(bytes => new SecretBytes(bytes))
  }

  /** The bytes once more, which the caller overwrites. @throws `keystore/locked` after `wipe`. */
  reveal(): Uint8Array {
    return this.use(bytes => Uint8Array.from(bytes))
  }

  /** Overwrite the bytes; every later `use` throws. Copies that the engine made are out of reach. */
  wipe(): void {
    this.#bytes.fill(0)
    this.#wiped = true
  }
}

/** A secret as raw bytes or wrapped: makers of keys take either. */
export type Secret = Uint8Array | SecretBytes

/** Lend the bytes of either form, once their length is right. @throws `crypto/bad-length`. */
export function borrowSecret<T>(secret: Secret, length: number, borrow: (bytes: Uint8Array) => T): T {
  if (secret.length !== length)
    throw new VivimError('crypto/bad-length', `a secret of ${length} bytes is needed`, {
      expected: length,
      found: secret.length,
    })
  return secret instanceof SecretBytes ? secret.use(borrow) : borrow(secret)
}

const bytesOf = (secret: Secret): Uint8Array =>
  secret instanceof SecretBytes ? secret.use(bytes => bytes) : secret

/** Whether two secrets are the same, in time that depends on their lengths only. */
export function sameSecret(a: Secret, b: Secret): boolean {
  const left = bytesOf(a)
  const right = bytesOf(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
