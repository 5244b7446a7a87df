import t from 'tap'
import { encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { sealWithPassphrase } from '../../../src/core/crypto/password.ts'
import { SecretBytes, sameSecret } from '../../../src/core/crypto/secret.ts'
import {
  type ExportedContact,
  type IdentityExport,
  openExport,
  sealExport,
  wipeExport,
} from '../../../src/core/identity/export-file.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { CircleId } from '../../../src/core/model/id.ts'
import { makePerson, seededChance } from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const chance = seededChance('export')
const passphrase = new SecretBytes(utf8('correct horse'))
const circleId = CircleId.parse('z454rr7dylvq4d2r7hik3yynqq')
const friend: ExportedContact = { did: bob.keystore.did, card: 'vivim1card', alias: 'bob', blocked: false }

const whole = (more: Partial<IdentityExport> = {}): IdentityExport => ({
  did: alice.keystore.did,
  identity: alice.keystore.identity,
  seed: new SecretBytes(alice.recoverySeed),
  directory: alice.keystore.directory,
  read: alice.keystore.read,
  document: alice.document.wire,
  name: 'alice',
  contacts: [friend],
  circles: [{ circleId, name: 'team' }],
  ...more,
})

t.test('the export carries everything that brings alice back, under its own passphrase', async t => {
  const file = await sealExport(whole(), passphrase, chance)
  const opened = await openExport(file, passphrase)
  t.match(opened, {
    did: alice.keystore.did,
    name: 'alice',
    contacts: [friend],
    circles: [{ circleId, name: 'team' }],
  })
  t.same(opened.document, alice.document.wire)
  for (const name of ['identity', 'seed', 'directory', 'read'] as const) {
    const [found, given] = [opened[name], whole()[name]]
    t.ok(found && given && sameSecret(found, given), name)
  }
  await t.rejects(openExport(file, new SecretBytes(utf8('guessed'))), { code: 'keystore/wrong-passphrase' })
  wipeExport(opened)
  t.throws(() => opened.seed?.use(bytes => bytes.length), { code: 'keystore/locked' })
})

t.test('an export of the first version still opens, with less in it', async t => {
  const identity = alice.keystore.identity?.reveal() ?? null
  const first = { kind: 'export', v: 1, did: alice.keystore.did, identity, seed: alice.recoverySeed }
  const file = await sealWithPassphrase(passphrase, encodeCbor(first), chance)
  t.match(await openExport(file, passphrase), {
    did: alice.keystore.did,
    document: null,
    directory: null,
    read: null,
    contacts: [],
    circles: [],
  })
})

t.test('an export that names another DID than its identity key is damaged', async t => {
  const mixed = await sealExport(whole({ did: bob.keystore.did }), passphrase, chance)
  await t.rejects(openExport(mixed, passphrase), { code: 'keystore/corrupt' })
})

t.test(
  'ten thousand contacts do not make an export that cannot be read: the last ones are left out',
  async t => {
    const contacts = Array.from({ length: 10_000 }, () => ({ ...friend, card: 'v'.repeat(500) }))
    const opened = await openExport(await sealExport(whole({ contacts }), passphrase, chance), passphrase)
    t.ok(opened.contacts.length > 500 && opened.contacts.length < 10_000)
    t.ok(opened.seed)
  },
)
