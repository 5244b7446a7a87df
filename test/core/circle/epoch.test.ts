import { createHash } from 'node:crypto'
import t from 'tap'
import {
  audienceHash,
  circleShard,
  epochCommitment,
  epochTag,
  makeEpoch,
  makeWrap,
  openWrap,
  parseWrap,
} from '../../../src/core/circle/epoch.ts'
import { sameSecret } from '../../../src/core/crypto/secret.ts'
import { activeDevices } from '../../../src/core/identity/document.ts'
import { toHex } from '../../../src/core/kernel/bytes.ts'
import { audienceOf, begin } from '../../kit/circle.ts'
import { makeDevice, makePerson, nextDocument, START_MS, seededChance } from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const eve = makePerson('eve')
const chance = seededChance('epoch')
const { secret, epoch } = makeEpoch(audienceOf(alice.document, bob.document), chance)
const create = begin(alice)

const wrapFor = (devices = activeDevices(bob.document), epochSecret = secret) =>
  parseWrap(
    makeWrap(
      {
        circle: create.circle,
        epoch: create.hash,
        secret: epochSecret,
        to: bob.keystore.did,
        devices,
        document: alice.document,
        atMs: START_MS,
      },
      alice.device.sign,
      chance,
    ),
  )

t.test('bob opens the wrap that alice made for him, and eve does not', async t => {
  const wrap = wrapFor()
  t.equal(wrap.epoch, create.hash)
  t.equal(wrap.to, bob.keystore.did)
  t.ok(sameSecret(openWrap(wrap, bob.device.kem, epoch.commitment), secret))
  t.throws(() => openWrap(wrap, eve.device.kem, epoch.commitment), { code: 'crypto/cannot-open' })
})

t.test('each device of bob opens it', async t => {
  const phone = makeDevice(bob)
  const wrap = wrapFor(activeDevices(nextDocument(bob, [bob.device, phone])))
  for (const device of [bob.device, phone])
    t.ok(sameSecret(openWrap(wrap, device.kem, epoch.commitment), secret))
})

t.test('a wrap with another secret than the entry committed to is found', async t => {
  const other = makeEpoch([], chance)
  const wrap = wrapFor(undefined, other.secret)
  t.throws(() => openWrap(wrap, bob.device.kem, epoch.commitment), { code: 'crypto/cannot-open' })
})

t.test('a wrap of one epoch opens nothing as that of another', async t => {
  const wrap = { ...wrapFor(), epoch: '00'.repeat(32) }
  t.throws(() => openWrap(wrap, bob.device.kem, epoch.commitment), { code: 'crypto/cannot-open' })
})

t.test('the audience is the same in any order, and another with another device', async t => {
  const one = audienceHash(audienceOf(alice.document, bob.document))
  t.equal(toHex(audienceHash(audienceOf(bob.document, alice.document))), toHex(one))
  t.not(toHex(audienceHash(audienceOf(alice.document))), toHex(one))
})

t.test('the audience is the hash that docs/protocol.md describes', async t => {
  const pair = Buffer.concat([Buffer.from(`${alice.keystore.did}\0`), alice.device.sign.publicKey])
  const expected = createHash('sha256').update(Uint8Array.of(pair.length)).update(pair).digest('hex')
  t.equal(toHex(audienceHash(audienceOf(alice.document))), expected)
})

t.test('a tag changes with its salt and is known to those who have the secret', async t => {
  const salt = chance.bytes(16)
  t.equal(epochTag(secret, salt).length, 16)
  t.equal(toHex(epochTag(secret, salt)), toHex(epochTag(secret, salt)))
  t.not(toHex(epochTag(secret, salt)), toHex(epochTag(secret, chance.bytes(16))))
  t.equal(toHex(epochCommitment(secret)), toHex(epoch.commitment))
})

t.test('a circle stays on its shard', async t => {
  t.equal(circleShard(create.circle), circleShard(create.circle))
  t.ok(circleShard(create.circle) < 16)
})
