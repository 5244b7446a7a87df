import { inspect } from 'node:util'
import t from 'tap'
import { SecretBytes, sameSecret } from '../../../src/core/crypto/secret.ts'
import {
  openKeystore,
  openRecovery,
  sealKeystore,
  sealRecovery,
  wipeKeystore,
} from '../../../src/core/identity/keystore.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { makePerson, seededChance } from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const chance = seededChance('keystore')
const passphrase = new SecretBytes(utf8('correct horse'))
const seed = new SecretBytes(alice.recoverySeed)

t.test('what alice locks away with a passphrase comes back with it and with no other', async t => {
  const file = await sealKeystore(alice.keystore, passphrase, chance)
  const opened = await openKeystore(file, passphrase)
  t.equal(opened.did, alice.keystore.did)
  for (const name of ['deviceSign', 'deviceKem', 'storageKey', 'directory', 'read'] as const)
    t.ok(sameSecret(opened[name], alice.keystore[name]), name)
  t.ok(opened.identity && alice.keystore.identity && sameSecret(opened.identity, alice.keystore.identity))
  await t.rejects(openKeystore(file, new SecretBytes(utf8('battery staple'))), {
    code: 'keystore/wrong-passphrase',
  })
  await t.rejects(openKeystore(file, null), { code: 'keystore/wrong-passphrase' })
  const damaged = Uint8Array.from(file)
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1
  await t.rejects(openKeystore(damaged, passphrase), { code: 'keystore/corrupt' })
})

t.test('no file of secrets can be taken for another kind', async t => {
  const keystore = await sealKeystore(alice.keystore, null, chance)
  const recovery = await sealRecovery(alice.keystore.did, seed, null, chance)
  t.ok(sameSecret((await openRecovery(recovery, null)).seed, seed))
  await t.rejects(openKeystore(recovery, null), { code: 'keystore/corrupt' })
  await t.rejects(openRecovery(keystore, null), { code: 'keystore/corrupt' })
})

t.test('a keystore of another device has no identity key', async t => {
  const file = await sealKeystore({ ...alice.keystore, identity: null }, null, chance)
  t.equal((await openKeystore(file, null)).identity, null)
})

t.test('a keystore that names another DID than its identity key is damaged', async t => {
  const mixed = { ...alice.keystore, did: bob.keystore.did }
  await t.rejects(openKeystore(await sealKeystore(mixed, null, chance), null), { code: 'keystore/corrupt' })
})

t.test('no secret of a keystore is printed, and wiped ones are gone', async t => {
  const { keystore } = makePerson('carol')
  const hex = keystore.storageKey.use(bytes => Buffer.from(bytes).toString('hex'))
  const shown = `${JSON.stringify(keystore)} ${inspect(keystore, { depth: 9, showHidden: true })} ${keystore.storageKey}`
  t.notOk(shown.includes(hex))
  t.match(shown, /\[secret\]/)
  wipeKeystore(keystore)
  t.throws(() => keystore.deviceSign.use(bytes => bytes.length), { code: 'keystore/locked' })
})
