/** Bytes and their printable forms. Comparison of secrets lives in `crypto/secret.ts`, not here. */
import { VivimError } from './errors.ts'

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => encoder.encode(text)
export const fromUtf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Plain comparison for public values such as hashes and ids. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && Buffer.compare(a, b) === 0

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Inverse of `toHex`. @throws `crypto/bad-encoding` unless the text is lower-case hex of whole bytes. */
export function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new VivimError('crypto/bad-encoding', 'not lower-case hex')
  return new Uint8Array(Buffer.from(text, 'hex'))
}

export const toB64u = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** @throws `crypto/bad-encoding` unless the text is canonical unpadded base64url. */
export function fromB64u(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'))
  if (toB64u(bytes) !== text) throw new VivimError('crypto/bad-encoding', 'not canonical base64url')
  return bytes
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** RFC 4648 section 6 in lower case without padding: 16 bytes become 26 characters. */
export function toBase32(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += BASE32[(value >>> bits) & 31]
    }
  }
  if (bits > 0) out += BASE32[(value << (5 - bits)) & 31]
  return out
}

/** Inverse of `toBase32`. @throws `crypto/bad-encoding` for other characters or non-canonical ends. */
export function fromBase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let value = 0
  let at = 0
  for (const char of text) {
    const digit = BASE32.indexOf(char)
    if (digit < 0) throw new VivimError('crypto/bad-encoding', 'not base32')
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out[at++] = (value >>> bits) & 255
    }
  }
  if (toBase32(out) !== text) throw new VivimError('crypto/bad-encoding', 'not canonical base32')
  return out
}
