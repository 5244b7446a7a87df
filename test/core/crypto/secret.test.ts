import { inspect } from 'node:util'
import t from 'tap'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { hpkeSetupReceiver, hpkeSetupSender } from '../../../src/core/crypto/hpke.ts'
import { SecretBytes, sameSecret } from '../../../src/core/crypto/secret.ts'
import { XWingKey } from '../../../src/core/crypto/xwing.ts'
import { toB64u, toHex } from '../../../src/core/kernel/bytes.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'
import { VivimError } from '../../../src/core/kernel/errors.ts'

/** Everything that the ways of printing would show of a value. */
const shown = (value: unknown): string =>
  [
    inspect(value, { depth: 20, showHidden: true }),
    inspect({ deep: [value] }, { depth: 20, showHidden: true }),
    JSON.stringify({ value }) ?? '',
    `${String(value)}`,
    Object.values(value as object)
      .map(String)
      .join(),
  ].join('\n')

t.test('no secret class prints its secret, whichever way it is printed', async t => {
  const seed = systemChance.bytes(32)
  const signs = [
    toHex(seed),
    toB64u(seed),
    Array.from(seed).join(','),
    Array.from(seed).join(', '),
    toHex(seed.subarray(0, 6)),
  ]
  const xwing = new XWingKey(seed)
  const sender = hpkeSetupSender(xwing.publicKey, seed, systemChance)
  for (const secret of [
    new SecretBytes(seed),
    new Ed25519Key(seed),
    xwing,
    sender,
    hpkeSetupReceiver(xwing, sender.enc, seed),
  ])
    for (const sign of signs) t.notOk(shown(secret).includes(sign), secret.constructor.name)
  const secret = new SecretBytes(seed)
  t.equal(`${secret}`, '[secret]')
  t.equal(JSON.stringify([secret]), '["[secret]"]')
  t.equal(inspect(secret), '[secret]')
  t.equal(`${new Ed25519Key(seed)}`, '[secret]')
})

t.test('an error carries no secret in its details', async t => {
  const seed = systemChance.bytes(31)
  try {
    new Ed25519Key(new SecretBytes(seed))
    t.fail('it took 31 bytes')
  } catch (error) {
    t.ok(error instanceof VivimError)
    t.notOk(inspect(error, { depth: 20, showHidden: true }).includes(toHex(seed.subarray(0, 6))))
  }
})

t.test('a secret keeps its own copy, compares in constant time, and is gone after wiping', async t => {
  const bytes = systemChance.bytes(32)
  const secret = new SecretBytes(bytes)
  t.ok(sameSecret(secret, bytes))
  bytes.fill(0)
  t.notOk(sameSecret(secret, bytes))
  t.notOk(sameSecret(secret, bytes.subarray(1)))
  t.equal(secret.length, 32)
  secret.wipe()
  t.throws(() => secret.use(lent => lent), { code: 'keystore/locked' })
})
