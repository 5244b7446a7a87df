import { peerIdFromString } from '@libp2p/peer-id'
import fc from 'fast-check'
import t from 'tap'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { didFromKey, keyFromDid, parseDid } from '../../../src/core/identity/did.ts'
import { peerIdBytes, peerIdFromBytes, peerIdFromKey } from '../../../src/core/identity/peer-id.ts'
import { toHex } from '../../../src/core/kernel/bytes.ts'
import { Did } from '../../../src/core/model/id.ts'

// The did:key method specification's Ed25519 vectors (w3c-ccg/did-key-spec, test-vectors/ed25519-x25519.json).
const VECTORS = [
  ['00', 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'],
  ['01', 'did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG'],
  ['02', 'did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf'],
] as const

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })

t.test('the published did:key vectors come out of their seeds', async t => {
  for (const [last, did] of VECTORS) {
    const key = new Ed25519Key(Buffer.from(`${'00'.repeat(31)}${last}`, 'hex')).publicKey
    t.equal(didFromKey(key), did)
    t.equal(toHex(keyFromDid(Did.parse(did))), toHex(key))
  }
})

t.test('a DID and its key give each other', async () => {
  fc.assert(
    fc.property(seeds, seed => {
      const key = new Ed25519Key(seed).publicKey
      return toHex(keyFromDid(didFromKey(key))) === toHex(key)
    }),
    { numRuns: 50 },
  )
})

t.test('a DID of a key that nobody can have is refused', async t => {
  const identity = new Uint8Array(32)
  identity[0] = 1
  t.throws(() => didFromKey(identity), { code: 'crypto/bad-key' })
  const notCanonical = new Uint8Array(32).fill(0xff)
  t.throws(() => didFromKey(notCanonical), { code: 'crypto/bad-key' })
  t.throws(() => didFromKey(new Uint8Array(31)), { code: 'crypto/bad-key' })
})

t.test('text that is no DID is nobody', async t => {
  const good = VECTORS[0][1]
  t.equal(parseDid(good), good)
  for (const text of [
    '',
    'did:key:',
    good.slice(0, -1),
    `${good}1`,
    good.replace('z6Mk', 'z6Ls'),
    ` ${good}`,
    good.toUpperCase(),
  ])
    t.equal(parseDid(text), null, text)
  fc.assert(fc.property(fc.string(), text => parseDid(text) === null || parseDid(text) === text))
})

t.test('a peer id is the one that libp2p gives to the same key', async t => {
  for (let last = 0; last < 5; last++) {
    const seed = new Uint8Array(32)
    seed[31] = last
    const key = new Ed25519Key(seed).publicKey
    const text = peerIdFromKey(key)
    const theirs = peerIdFromString(text)
    t.equal(theirs.type, 'Ed25519')
    t.equal(theirs.toString(), text)
    t.equal(toHex(theirs.publicKey?.raw ?? new Uint8Array(0)), toHex(key))
    t.equal(toHex(theirs.toMultihash().bytes), toHex(peerIdBytes(text)))
    t.equal(peerIdFromBytes(peerIdBytes(text)), text)
  }
})

t.test('what is no Ed25519 peer id is refused with a code', async t => {
  const rsa = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
  for (const text of ['', rsa, '12D3KooW', 'x'.repeat(10_000), '0OIl'])
    t.throws(() => peerIdBytes(text), { name: 'VivimError' }, text.slice(0, 20))
  t.throws(() => peerIdFromBytes(new Uint8Array(38)), { code: 'crypto/bad-encoding' })
})
