import t from 'tap'
import { decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { sha256 } from '../../../src/core/crypto/hash.ts'
import { needsPassphrase, openWithPassphrase, sealWithPassphrase } from '../../../src/core/crypto/password.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'

const CHEAP = { n: 1024, r: 8, p: 1 }
const secret = (text: string) => new SecretBytes(utf8(text))
const right = secret('correct horse')

t.test('the right passphrase opens, at the default cost, without blocking', async t => {
  let turns = 0
  const ticking = setInterval(() => turns++, 1)
  const file = await sealWithPassphrase(right, utf8('keys'), systemChance)
  clearInterval(ticking)
  t.ok(turns > 0, 'others had their turn meanwhile')
  t.ok(needsPassphrase(file))
  t.strictSame(
    (await openWithPassphrase(right, file)).use(bytes => bytes),
    utf8('keys'),
  )
  const { kdf } = decodeCbor(
    (decodeCbor(file, 1 << 20) as unknown as Uint8Array[])[0] ?? utf8(''),
    1 << 20,
  ) as never
  t.match(kdf, { name: 'scrypt', n: 131072, r: 8, p: 1 })
})

t.test('a wrong passphrase and damage are told apart', async t => {
  const file = await sealWithPassphrase(right, utf8('keys'), systemChance, CHEAP)
  await t.rejects(openWithPassphrase(secret('wrong'), file), { code: 'keystore/wrong-passphrase' })
  await t.rejects(openWithPassphrase(null, file), { code: 'keystore/wrong-passphrase' })
  for (let at = 0; at < file.length; at += 1) {
    const damaged = file.map((byte, i) => (i === at ? byte ^ 0x10 : byte))
    await t.rejects(openWithPassphrase(right, damaged), { code: 'keystore/corrupt' }, `byte ${at}`)
  }
  await t.rejects(openWithPassphrase(right, file.subarray(0, 40)), { code: 'keystore/corrupt' })
  await t.rejects(openWithPassphrase(right, utf8('')), { code: 'keystore/corrupt' })
})

t.test('without a passphrase the file says so and opens by itself', async t => {
  const file = await sealWithPassphrase(null, utf8('keys'), systemChance)
  t.notOk(needsPassphrase(file))
  t.strictSame(
    (await openWithPassphrase(null, file)).use(bytes => bytes),
    utf8('keys'),
  )
  t.strictSame(
    (await openWithPassphrase(right, file)).use(bytes => bytes),
    utf8('keys'),
  )
})

t.test('a file from outside cannot ask for more than 512 MiB', async t => {
  const file = await sealWithPassphrase(right, utf8('keys'), systemChance, CHEAP)
  const [contents] = decodeCbor(file, 1 << 20) as unknown as [Uint8Array]
  const inner = decodeCbor(contents, 1 << 20) as { kdf: object }
  for (const cost of [
    { n: 2 ** 22 },
    { n: 2 ** 17, r: 64 },
    { n: 1000 },
    { n: 2 ** 52 },
    { p: 9 },
    { n: 1 },
  ]) {
    const changed = encodeCbor({ ...inner, kdf: { ...inner.kdf, ...cost } } as never)
    await t.rejects(openWithPassphrase(right, encodeCbor([changed, sha256(changed)])), {
      code: 'keystore/corrupt',
    })
  }
})
