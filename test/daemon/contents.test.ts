import t from 'tap'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { concat, utf8 } from '../../src/core/kernel/bytes.ts'
import type { Did } from '../../src/core/model/id.ts'
import {
  buildPlaintext,
  decodeSealed,
  encodeSealed,
  type Redaction,
  sealedHead,
  signRedaction,
} from '../../src/core/pipeline/plaintext.ts'
import { checkContent } from '../../src/daemon/sharing/contents.ts'
import { makeDevice, makePerson, nextDocument, START_MS } from '../kit/person.ts'

const alice = makePerson('alice')
const eve = makePerson('eve')
const documents = new Map([alice, eve].map(({ document }) => [document.did, document]))
const documentOf = async (did: Did) => documents.get(did) ?? null
const redaction: Redaction = { rules: 'ab'.repeat(32), counts: { email: 2 } }

const plaintextOf = (owner: Did, said: Redaction | null = redaction, text = 'tea') =>
  buildPlaintext({
    title: null,
    note: null,
    owner,
    messages: [{ index: 1, role: 'user', createdAt: null, parts: [{ type: 'text', text, format: 'md' }] }],
    redaction: said,
    assets: [],
  })
const signedBy = ({ device, document }: typeof alice, plaintext: Uint8Array, said = redaction): Uint8Array =>
  signRedaction(plaintext, said, { key: device.sign, doc: document.hash, atMs: START_MS, seq: 1 }).wire
const checked = (
  plaintext: Uint8Array,
  receipt: Uint8Array | null,
  owner = alice.document.did,
  signer: Uint8Array | null = null,
) => checkContent(decodeSealed(encodeSealed(plaintext, receipt, [])), owner, signer, documentOf)

t.test('a receipt by the owner over these bytes is theirs, and tells what was done', async t => {
  const plaintext = plaintextOf(alice.document.did)
  const receipt = await checked(plaintext, signedBy(alice, plaintext))
  t.match(receipt, { rules: redaction.rules, counts: { email: 2 }, at: START_MS })
  const quiet = { ...redaction, counts: {} }
  const clean = plaintextOf(alice.document.did, quiet)
  t.match(await checked(clean, signedBy(alice, clean, quiet)), { counts: {} })
  t.equal(await checked(plaintextOf(alice.document.did, null), null), null)
})

t.test('no receipt of somebody else, of another text or with other counts passes', async t => {
  const plaintext = plaintextOf(alice.document.did)
  const wire = signedBy(alice, plaintext)
  const bad = { code: 'crypto/bad-signature' }
  await t.rejects(checked(plaintext, signedBy(eve, plaintext)), bad, 'by another device')
  await t.rejects(checked(plaintextOf(alice.document.did, redaction, 'coffee'), wire), bad, 'of another text')
  await t.rejects(
    checked(plaintext, signedBy(alice, plaintext, { ...redaction, counts: { email: 1 } })),
    bad,
    'with other counts',
  )
  await t.rejects(
    checked(plaintext, signedBy(alice, plaintext, { ...redaction, rules: 'cd'.repeat(32) })),
    bad,
    'with other rules',
  )
  await t.rejects(checked(plaintext, wire, eve.document.did), bad, 'under another owner')
  const flipped = Uint8Array.from(wire)
  flipped[wire.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  await t.rejects(checked(plaintext, flipped), bad, 'with a bit turned')
  await t.rejects(checked(plaintext, encodeCbor([utf8('x'), new Uint8Array(64)])), { code: /^crypto\// })
})

t.test('a receipt cannot be left out, nor put where nothing was said', async t => {
  const plaintext = plaintextOf(alice.document.did)
  const unsaid = plaintextOf(alice.document.did, null)
  const bad = { code: 'crypto/bad-encoding' }
  t.throws(() => decodeSealed(sealedHead(plaintext, null)), bad)
  t.throws(() => decodeSealed(sealedHead(unsaid, signedBy(alice, unsaid))), bad)
  t.throws(
    () => decodeSealed(concat(sealedHead(plaintext, signedBy(alice, plaintext)), Uint8Array.of(0))),
    bad,
  )
})

t.test('a receipt by a device that alice lost counts with her word for it, and by no other', async t => {
  const { ed } = alice.device.listed
  const tablet = makeDevice(alice)
  const later = nextDocument(alice, [tablet], [{ ed, at: START_MS }])
  const plaintext = plaintextOf(alice.document.did)
  const content = (by: typeof alice) => decodeSealed(encodeSealed(plaintext, signedBy(by, plaintext), []))
  const { did } = alice.document
  t.ok(await checkContent(content(alice), did, null, async () => later), 'revoked since')
  const bare = { ...later, revoked: [] }
  const bad = { code: 'crypto/bad-signature' }
  await t.rejects(
    checkContent(content(alice), did, null, async () => bare),
    bad,
  )
  t.ok(await checkContent(content(alice), did, ed, async () => bare), 'it signed the notice that was taken')
  await t.rejects(
    checkContent(content(eve), did, ed, async () => later),
    bad,
  )
})
