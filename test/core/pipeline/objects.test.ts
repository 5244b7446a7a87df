/** What the pipeline signs and seals: read back whole, refused when changed, closed to everybody else. */
import fc from 'fast-check'
import t from 'tap'
import { makeEpoch } from '../../../src/core/circle/epoch.ts'
import { blockCid, contentIdOf } from '../../../src/core/crypto/cid.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { XWingKey } from '../../../src/core/crypto/xwing.ts'
import { didFromKey } from '../../../src/core/identity/did.ts'
import { toBase32, utf8 } from '../../../src/core/kernel/bytes.ts'
import { systemChance as chance } from '../../../src/core/kernel/env.ts'
import { VivimError } from '../../../src/core/kernel/errors.ts'
import { NoticeId, ShareId } from '../../../src/core/model/id.ts'
import {
  parseRecord,
  parseSlip,
  parseTombstone,
  recordKeyOf,
  recordPlace,
  signRecord,
  signSlip,
  signTombstone,
} from '../../../src/core/pipeline/holding.ts'
import {
  isOfEpoch,
  openDeviceLetter,
  openEpochLetter,
  parseEnvelope,
  sealLetterToDevices,
  sealLetterUnderEpoch,
} from '../../../src/core/pipeline/letter.ts'
import {
  grantToDevices,
  grantToSelf,
  grantUnderEpoch,
  type Notice,
  openDeviceGrant,
  openEpochGrant,
  openOwnGrant,
  parseNotice,
  signNotice,
} from '../../../src/core/pipeline/notice.ts'
import { parseReceipt, signReceipt } from '../../../src/core/pipeline/receipt.ts'

const device = () => {
  const sign = new Ed25519Key(chance.bytes(32))
  const kem = new XWingKey(chance.bytes(32))
  return { sign, kem, did: didFromKey(new Ed25519Key(chance.bytes(32)).publicKey) }
}
const alice = device()
const bob = device()
const eve = device()
const content = contentIdOf(utf8('manifest'))
const share = ShareId.parse(toBase32(chance.bytes(16)))
const grantFor = { owner: alice.did, share, version: 1, content }
const contentKey = new SecretBytes(chance.bytes(32))
const epoch = { circle: chance.bytes(16), epoch: chance.bytes(32) }
const { secret } = makeEpoch([], chance)
const keyBytes = (key: SecretBytes) => key.use(bytes => Buffer.from(bytes).toString('hex'))

const notice = (to: Notice['to'], grant: Uint8Array): Omit<Notice, 'by'> => ({
  ...grantFor,
  id: NoticeId.parse(toBase32(chance.bytes(16))),
  doc: chance.bytes(32),
  atMs: 1,
  to,
  allow: ['view', 'quote'],
  fromMs: null,
  untilMs: 5,
  title: 'Tea',
  note: null,
  grant,
  expMs: 5,
})

t.test('a letter to bob is read by bob from alice, and by nobody else', async t => {
  const letter = { card: 'vivim1…', documents: [utf8('doc')] }
  const wire = sealLetterToDevices(letter, alice.did, bob.did, [{ kem: bob.kem.publicKey }], chance)
  const envelope = parseEnvelope(wire)
  if (envelope.kind !== 'device') throw new Error('another kind')
  t.match(openDeviceLetter(envelope, alice.did, bob.did, bob.kem), letter)
  for (const [from, to, key] of [
    [alice.did, bob.did, eve.kem],
    [eve.did, bob.did, bob.kem],
    [alice.did, eve.did, bob.kem],
  ] as const)
    t.throws(() => openDeviceLetter(envelope, from, to, key), { code: 'crypto/cannot-open' })
})

t.test('a letter with a key for everybody but bob is not tried key by key', async t => {
  const others = Array.from({ length: 18 }, () => ({ kem: eve.kem.publicKey }))
  const envelope = parseEnvelope(sealLetterToDevices({}, alice.did, bob.did, others, chance))
  if (envelope.kind !== 'device') throw new Error('another kind')
  t.throws(() => openDeviceLetter(envelope, alice.did, bob.did, bob.kem), { code: 'crypto/too-large' })
})

t.test('a letter under an epoch is recognised by its tag and opened with its secret only', async t => {
  const wire = sealLetterUnderEpoch({ notice: utf8('n') }, epoch, secret, chance)
  const envelope = parseEnvelope(wire)
  if (envelope.kind !== 'epoch') throw new Error('another kind')
  const other = makeEpoch([], chance).secret
  t.equal(isOfEpoch(envelope, secret), true)
  t.equal(isOfEpoch(envelope, other), false)
  t.match(openEpochLetter(envelope, epoch, secret), { notice: utf8('n') })
  t.throws(() => openEpochLetter(envelope, epoch, other), { code: 'crypto/cannot-open' })
  t.throws(() => openEpochLetter(envelope, { ...epoch, circle: chance.bytes(16) }, secret), {
    code: 'crypto/cannot-open',
  })
})

t.test('a grant opens for whom it was made, inside the notice it was made for', async t => {
  const toBob = parseNotice(
    signNotice(
      notice(
        { did: bob.did },
        grantToDevices(grantFor, bob.did, contentKey, [{ kem: bob.kem.publicKey }], chance),
      ),
      alice.sign,
    ).wire,
  )
  t.equal(keyBytes(openDeviceGrant(toBob, bob.kem)), keyBytes(contentKey))
  t.throws(() => openDeviceGrant(toBob, eve.kem), { code: 'crypto/cannot-open' })
  t.throws(() => openDeviceGrant({ ...toBob, version: 2 }, bob.kem), { code: 'crypto/cannot-open' })
  const toCircle = parseNotice(
    signNotice(notice(epoch, grantUnderEpoch(grantFor, epoch, contentKey, secret, chance)), alice.sign).wire,
  )
  t.equal(
    keyBytes(
      openEpochGrant(
        toCircle,
        secret.use(bytes => bytes.slice()),
      ),
    ),
    keyBytes(contentKey),
  )
  t.throws(() => openEpochGrant({ ...toCircle, content: blockCid(utf8('x')) }, secret), {
    code: 'crypto/cannot-open',
  })
  const seed = new SecretBytes(chance.bytes(32))
  const own = grantToSelf(grantFor, contentKey, seed, [{ kem: alice.kem.publicKey }], chance)
  const opened = openOwnGrant(grantFor, alice.kem, own)
  t.equal(keyBytes(opened.contentKey), keyBytes(contentKey))
  t.equal(keyBytes(opened.shareSeed), keyBytes(seed))
  t.throws(() => openOwnGrant(grantFor, bob.kem, own), { code: 'crypto/cannot-open' })
})

t.test('slips and records count only by the key that the manifest names', async t => {
  const shareKey = new Ed25519Key(chance.bytes(32))
  const stranger = new Ed25519Key(chance.bytes(32))
  const slip = { content, seq: 1, notBeforeMs: null, expiresMs: 9, fetch: chance.bytes(32) }
  const { wire } = signSlip(slip, shareKey)
  t.same(parseSlip(wire, shareKey.publicKey), slip)
  t.throws(() => parseSlip(wire, stranger.publicKey), { code: 'crypto/bad-signature' })
  const tombstone = signTombstone(content, shareKey).wire
  t.same(parseTombstone(tombstone), { content, by: shareKey.publicKey })
  t.throws(() => parseSlip(tombstone, shareKey.publicKey), { code: 'crypto/bad-encoding' })
  const record = { content, holders: [{ peer: '12D3', addrs: ['/ip4/127.0.0.1/tcp/1'] }] }
  const key = new SecretBytes(chance.bytes(32))
  const signed = signRecord(record, 1, null, key, shareKey, chance).wire
  t.same(parseRecord(signed, shareKey.publicKey, key), record)
  t.same(recordPlace(signed), recordKeyOf(shareKey.publicKey))
  t.throws(() => parseRecord(signed, shareKey.publicKey, new SecretBytes(chance.bytes(32))), {
    code: 'crypto/cannot-open',
  })
})

t.test('with one bit changed nothing is read, and only codes are thrown', async t => {
  const shareKey = new Ed25519Key(chance.bytes(32))
  const receipt = {
    atMs: 1,
    did: bob.did,
    content,
    envelope: chance.bytes(32),
    standing: chance.bytes(32),
  }
  const objects: [Uint8Array, (wire: Uint8Array) => unknown][] = [
    [signNotice(notice({ did: bob.did }, utf8('grant')), alice.sign).wire, parseNotice],
    [signReceipt(receipt, bob.sign).wire, parseReceipt],
    [signTombstone(content, shareKey).wire, parseTombstone],
    [
      signSlip({ content, seq: 1, notBeforeMs: 0, expiresMs: null, fetch: chance.bytes(32) }, shareKey).wire,
      wire => parseSlip(wire, shareKey.publicKey),
    ],
    [
      sealLetterToDevices({}, alice.did, bob.did, [{ kem: bob.kem.publicKey }], chance),
      wire => {
        const envelope = parseEnvelope(wire)
        if (envelope.kind !== 'device') throw new VivimError('crypto/bad-encoding', 'another kind')
        return openDeviceLetter(envelope, alice.did, bob.did, bob.kem)
      },
    ],
  ]
  for (const [wire, read] of objects) {
    t.ok(read(wire))
    fc.assert(
      fc.property(fc.nat(wire.length * 8 - 1), bit => {
        const changed = Uint8Array.from(wire)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        try {
          read(changed)
          return false
        } catch (error) {
          return error instanceof VivimError
        }
      }),
      { numRuns: 60 },
    )
  }
})
