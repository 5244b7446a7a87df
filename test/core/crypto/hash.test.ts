import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { aeadOpen, aeadSeal } from '../../../src/core/crypto/aead.ts'
import { hkdf, hmac, sha256 } from '../../../src/core/crypto/hash.ts'
import { toHex, utf8 } from '../../../src/core/kernel/bytes.ts'
import { readVectors, unhex } from './vector-file.ts'

t.test('RFC 5869 vectors', async t => {
  for (const { name, ikm, salt, info, okm } of readVectors<
    { name: string; ikm: string; salt: string; info: string; okm: string }[]
  >('published/hkdf.json'))
    t.equal(toHex(hkdf(unhex(ikm), unhex(salt), unhex(info), okm.length / 2)), okm, name)
  t.throws(() => hkdf(new Uint8Array(32), new Uint8Array(0), new Uint8Array(0), 8161), {
    code: 'crypto/bad-length',
  })
})

t.test('AES-256-GCM vectors, and a tag that does not fit is a code', async t => {
  for (const v of readVectors<Record<'name' | 'key' | 'nonce' | 'aad' | 'plaintext' | 'sealed', string>[]>(
    'published/aes-256-gcm.json',
  )) {
    const [key, nonce, aad] = [unhex(v.key), unhex(v.nonce), unhex(v.aad)]
    t.equal(toHex(aeadSeal(key, nonce, aad, unhex(v.plaintext))), v.sealed, `seal ${v.name}`)
    t.equal(toHex(aeadOpen(key, nonce, aad, unhex(v.sealed))), v.plaintext, `open ${v.name}`)
    t.throws(() => aeadOpen(key, nonce, utf8('x'), unhex(v.sealed)), { code: 'crypto/cannot-open' })
    t.throws(() => aeadOpen(key, nonce, aad, unhex(v.sealed).subarray(1)), { code: 'crypto/cannot-open' })
  }
})

t.test('hashing in parts is hashing the whole', async t => {
  t.equal(
    toHex(sha256(utf8('a'), utf8('bc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

t.test("HMAC-SHA256 is OpenSSL's, for keys of every length", async t => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.uint8Array({ maxLength: 200 })),
      (key, parts) => {
        const theirs = createHmac('sha256', key).update(Buffer.concat(parts)).digest('hex')
        return toHex(hmac(key, ...parts)) === theirs
      },
    ),
  )
  t.pass()
})
