import t from 'tap'
import type { CryptoBackend } from '../../../src/core/crypto/backend.ts'
import {
  checkEd25519PublicKey,
  Ed25519Key,
  ed25519PublicKey,
  ed25519Verify,
} from '../../../src/core/crypto/ed25519.ts'
import { nativeBackend } from '../../../src/core/crypto/native.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'
import { ATTACKS, EDGE_CASES, P, toLittle } from './ed25519-cases.ts'
import { readVectors, unhex } from './vector-file.ts'

const BACKENDS: readonly CryptoBackend[] = [nativeBackend, portableBackend]

for (const backend of BACKENDS) {
  t.test(`RFC 8032 vectors, ${backend.name}`, async t => {
    for (const v of readVectors<Record<string, string>[]>('published/ed25519.json')) {
      const [seed, key, message, signature] = ['seed', 'public', 'message', 'signature'].map(f =>
        unhex(v[f] ?? ''),
      )
      if (!seed || !key || !message || !signature) throw new Error('vector')
      t.strictSame(ed25519PublicKey(seed, backend), key, `${v.name}: public key`)
      t.strictSame(new Ed25519Key(seed, backend).sign(message), signature, `${v.name}: signature`)
      t.ok(ed25519Verify(key, message, signature, backend), `${v.name}: verifies`)
      t.notOk(
        ed25519Verify(key, Uint8Array.of(...message, 1), signature, backend),
        `${v.name}: other message`,
      )
    }
  })

  t.test(`published edge cases of "Taming the many EdDSAs", ${backend.name}`, async t => {
    for (const v of readVectors<{ why: string; accept: boolean; [f: string]: string | boolean }[]>(
      'published/ed25519-speccheck.json',
    )) {
      const part = (field: string) => unhex(String(v[field]))
      t.equal(ed25519Verify(part('public'), part('message'), part('signature'), backend), v.accept, v.why)
    }
  })
}

t.test('the 22 edge cases and an ordinary signature have one answer on both paths', async t => {
  t.equal(EDGE_CASES.length, 23)
  for (const { name, a, message, signature, accept } of EDGE_CASES)
    for (const backend of BACKENDS)
      t.equal(ed25519Verify(a, message, signature, backend), accept, `${name}, ${backend.name}`)
})

t.test('what collections of published attacks describe has one answer on both paths', async t => {
  const names = new Set(ATTACKS.map(({ name }) => name))
  t.equal(names.size, ATTACKS.length)
  t.ok(ATTACKS.length > 300, `${ATTACKS.length} cases`)
  for (const { name, a, message, signature, accept } of ATTACKS)
    for (const backend of BACKENDS)
      t.equal(ed25519Verify(a, message, signature, backend), accept, `${name}, ${backend.name}`)
})

t.test('both paths make the same keys and signatures, and each verifies the other', async t => {
  for (let i = 0; i < 20; i++) {
    const seed = systemChance.bytes(32)
    const message = systemChance.bytes(i * 7)
    const [native, portable] = BACKENDS.map(backend => new Ed25519Key(seed, backend))
    if (!native || !portable) throw new Error('backends')
    t.strictSame(native.publicKey, portable.publicKey)
    const signature = native.sign(message)
    t.strictSame(signature, portable.sign(message))
    for (const backend of BACKENDS) t.ok(ed25519Verify(native.publicKey, message, signature, backend))
  }
})

t.test('whatever is not a key or a signature is refused, not thrown', async t => {
  const key = new Ed25519Key(systemChance.bytes(32))
  const signature = key.sign(Uint8Array.of(1))
  for (const backend of BACKENDS) {
    t.notOk(ed25519Verify(new Uint8Array(0), Uint8Array.of(1), signature, backend))
    t.notOk(ed25519Verify(key.publicKey, Uint8Array.of(1), signature.subarray(1), backend))
    t.notOk(ed25519Verify(systemChance.bytes(32), Uint8Array.of(1), signature, backend))
    t.notOk(ed25519Verify(key.publicKey, Uint8Array.of(1), systemChance.bytes(64), backend))
  }
})

t.test('a seed comes as bytes, as a secret or as a key; another length is a code', async t => {
  const seed = systemChance.bytes(32)
  t.strictSame(ed25519PublicKey(new SecretBytes(seed)), ed25519PublicKey(seed))
  t.strictSame(ed25519PublicKey(new Ed25519Key(seed)), ed25519PublicKey(seed))
  t.throws(() => ed25519PublicKey(seed.subarray(1)), { code: 'crypto/bad-length' })
  t.throws(() => checkEd25519PublicKey(toLittle(1n)), { code: 'crypto/bad-key' })
  t.throws(() => checkEd25519PublicKey(toLittle(P + 3n)), { code: 'crypto/bad-key' })
  t.doesNotThrow(() => checkEd25519PublicKey(ed25519PublicKey(seed)))
})
