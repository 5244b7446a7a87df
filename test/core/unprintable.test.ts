// Nothing that holds a secret can be printed by accident: each class by name, and what they are made of.
import { createHash } from 'node:crypto'
import t from 'tap'
import { makeEpoch } from '../../src/core/circle/epoch.ts'
import { cryptoBackend } from '../../src/core/crypto/backend.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { hpkeSetupReceiver, hpkeSetupSender, makeHpkeSender } from '../../src/core/crypto/hpke.ts'
import { nativeBackend } from '../../src/core/crypto/native.ts'
import { portableBackend } from '../../src/core/crypto/portable.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { XWingKey } from '../../src/core/crypto/xwing.ts'
import { makeKeystore, sealKeystore } from '../../src/core/identity/keystore.ts'
import { recoveryKeys } from '../../src/core/identity/recovery.ts'
import { utf8 } from '../../src/core/kernel/bytes.ts'
import { systemChance as chance } from '../../src/core/kernel/env.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import { type Canary, leaked, printed } from '../kit/canary.ts'

const seed = chance.bytes(32)
const canary: Canary[] = [{ name: 'seed', bytes: seed }]

t.test('the search finds a secret however it is printed', async t => {
  for (const said of [
    Buffer.from(seed).toString('hex'),
    `x${Buffer.from(seed).toString('base64')}y`,
    Buffer.from(seed).toString('base64url'),
    Buffer.concat([Buffer.alloc(16), seed]).toString('base64'),
    Buffer.from(seed),
    JSON.stringify([...seed]),
    JSON.stringify(seed),
    JSON.stringify(Buffer.from(seed)),
    printed(seed),
    printed(Buffer.from(seed)),
    printed({ key: seed }),
    `half of it: ${Buffer.from(seed.subarray(16)).toString('hex')}`,
  ])
    t.same(leaked(canary, said), ['seed'], String(said).slice(0, 40))
  t.same(leaked(canary, printed(chance.bytes(32))), [])
})

for (const backend of [nativeBackend, portableBackend]) {
  t.test(`an Ed25519Key prints no seed, ${backend.name}`, async t => {
    t.same(leaked(canary, printed(new Ed25519Key(seed, backend))), [])
    t.same(leaked(canary, printed(backend.ed25519Key(seed))), [])
  })

  t.test(`an XWingKey prints no seed nor what was expanded from it, ${backend.name}`, async t => {
    const expanded = createHash('shake256', { outputLength: 96 }).update(seed).digest()
    const secrets = [...canary, { name: 'expanded', bytes: expanded }]
    // Without ML-KEM in the runtime the native one cannot make such a key.
    const own = backend.name === 'native' ? cryptoBackend() : backend
    t.same(leaked(secrets, printed(new XWingKey(seed, own))), [])
  })
}

t.test('SecretBytes prints nothing, wiped or not', async t => {
  const secret = new SecretBytes(seed)
  t.same(leaked(canary, printed(secret)), [])
  secret.wipe()
  t.same(leaked(canary, printed(secret)), [])
  t.throws(() => secret.use(bytes => bytes), { code: 'keystore/locked' })
})

t.test('a Keystore prints none of its keys', async t => {
  const recovery = recoveryKeys(seed)
  const keystore = makeKeystore(recovery.publicKeys, chance)
  const secrets: Canary[] = Object.entries(keystore)
    .filter(([, value]) => value instanceof SecretBytes)
    .map(([name, value]) => ({ name, bytes: (value as SecretBytes).reveal() }))
  t.equal(secrets.length, 6)
  t.same(leaked([...secrets, ...canary], printed(keystore)), [])
  t.same(leaked(canary, printed(recovery)), [], 'nor do the recovery keys')
})

t.test('an HPKE context prints no key of it, on either side', async t => {
  const key = new XWingKey(seed)
  const info = utf8('info')
  const sender = hpkeSetupSender(key.publicKey, info, chance)
  const receiver = hpkeSetupReceiver(key, sender.enc, info)
  sender.seal(info, info)
  const once = makeHpkeSender(info, chance)
  const said = printed(sender) + printed(receiver) + printed(once)
  t.same(leaked(canary, said), [])
  // What the key schedule gives is not to be had from outside: nothing but `enc` and functions is there.
  t.same(Object.keys(sender).sort(), ['enc', 'seal'])
  t.same(Object.keys(receiver), ['open'])
})

t.test('the secret of an epoch prints nothing', async t => {
  const { secret, epoch } = makeEpoch([], chance)
  const bytes = secret.use(one => Uint8Array.from(one))
  t.same(leaked([{ name: 'epoch', bytes }], printed({ secret, epoch })), [])
})

t.test(
  'an error that a wrong key, passphrase or file brings prints no secret, its cause neither',
  async t => {
    const passphrase = utf8('quokka-wombat-zebra-numbat')
    const secrets: Canary[] = [...canary, { name: 'passphrase', bytes: passphrase }]
    const keystore = makeKeystore(recoveryKeys(seed).publicKeys, chance)
    const file = await sealKeystore(keystore, new SecretBytes(passphrase), chance)
    const { openKeystore } = await import('../../src/core/identity/keystore.ts')
    const { openFromDevice, sealUnderKey, openUnderKey } = await import('../../src/core/crypto/sealed.ts')
    const { LABELS } = await import('../../src/core/crypto/labels.ts')
    const under = sealUnderKey(chance.bytes(32), LABELS.grant, seed, seed, chance)
    const failing: (() => unknown)[] = [
      () => new Ed25519Key(seed.subarray(1)),
      () => new XWingKey(seed.subarray(1)),
      () => openFromDevice(seed, seed, seed),
      () => openUnderKey(seed, LABELS.grant, seed, under),
      () => new XWingKey(seed).decapsulate(new Uint8Array(1120)),
      () => hpkeSetupReceiver(seed, new Uint8Array(1120), seed).open(seed, seed),
      () => openKeystore(file, new SecretBytes(concatOne(passphrase))),
      () =>
        openKeystore(
          Uint8Array.from(file, (byte, at) => (at === 99 ? byte ^ 1 : byte)),
          new SecretBytes(passphrase),
        ),
    ]
    for (const [at, fail] of failing.entries())
      try {
        await fail()
        t.fail(`case ${at} does not fail`)
      } catch (error) {
        t.ok(error instanceof VivimError, `case ${at}: ${error}`)
        t.same(leaked(secrets, printed(error)), [], `case ${at}`)
      }
  },
)

/** A wrong passphrase that holds the right one. */
const concatOne = (passphrase: Uint8Array): Uint8Array => Uint8Array.of(...passphrase, 1)
