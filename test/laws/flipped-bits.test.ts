// Everything that somebody signs, with one bit changed: refused with a code, wherever the bit stands. Short objects in every bit, long
// ones in all of the signature and its frame and in a fair part of the rest.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseCheckpoint, signCheckpoint } from '../../src/core/audit/checkpoint.ts'
import { parseDelegation } from '../../src/core/capability/delegation.ts'
import { parseInvocation, signInvocation } from '../../src/core/capability/invocation.ts'
import { parseRevocation, signRevocation } from '../../src/core/capability/revocation.ts'
import { type Entry, parseEntry } from '../../src/core/circle/entry.ts'
import { makeEpoch, makeWrap, parseWrap } from '../../src/core/circle/epoch.ts'
import { contentIdOf } from '../../src/core/crypto/cid.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { LABELS, type LabelName } from '../../src/core/crypto/labels.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { verifyObject } from '../../src/core/crypto/signed.ts'
import { parseApproval, signApproval } from '../../src/core/identity/approval.ts'
import { parseDocument, signDocumentByRecovery } from '../../src/core/identity/document.ts'
import { makeSlot, parseSlot } from '../../src/core/identity/slot.ts'
import { makeStanding, parseStanding } from '../../src/core/identity/standing.ts'
import { toBase32, utf8 } from '../../src/core/kernel/bytes.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import { CircleId, NoticeId, ShareId } from '../../src/core/model/id.ts'
import {
  parseRecord,
  parseSlip,
  parseTombstone,
  recordPlace,
  signRecord,
  signSlip,
  signTombstone,
} from '../../src/core/pipeline/holding.ts'
import { signIntent } from '../../src/core/pipeline/intent.ts'
import { grantToDevices, grantToRecovery, parseNotice, signNotice } from '../../src/core/pipeline/notice.ts'
import { buildPlaintext, openRedaction, signRedaction } from '../../src/core/pipeline/plaintext.ts'
import { parseReceipt, signReceipt } from '../../src/core/pipeline/receipt.ts'
import { issue, makeHolder } from '../kit/capability.ts'
import {
  add,
  begin,
  close,
  describe,
  giveRole,
  leave,
  remove,
  rename,
  revise,
  rotate,
  setHistory,
  transfer,
} from '../kit/circle.ts'
import { ROOT } from '../kit/cli.ts'
import { documentFields, makePerson, nextDocument, START_MS, seededChance } from '../kit/person.ts'

t.setTimeout(120_000)

/** Every bit of an object up to this size; of a longer one one in so many, and all of its ends. */
const EXHAUSTIVE_BYTES = 450
const STEP = 29
/** CBOR's frame at the beginning; the signature with its length at the end. */
const HEAD_BITS = 16 * 8
const TAIL_BITS = 68 * 8

const chance = seededChance('flipped bits')
const alice = makePerson('alice')
const bob = makePerson('bob')
const device = alice.device.sign
const shareKey = new Ed25519Key(chance.bytes(32))
const nodeKey = new Ed25519Key(chance.bytes(32))
const recordKey = new SecretBytes(chance.bytes(32))
const content = contentIdOf(utf8('manifest'))
const share = ShareId.parse(toBase32(chance.bytes(16)))
const circleId = CircleId.parse(toBase32(chance.bytes(16)))
const owner = alice.document.did

const grantFor = { owner, share, version: 1, content }
const contentKey = new SecretBytes(chance.bytes(32))
const notice = signNotice(
  {
    ...grantFor,
    id: NoticeId.parse(toBase32(chance.bytes(16))),
    doc: alice.document.hash,
    atMs: START_MS,
    to: { did: bob.document.did },
    allow: ['view'],
    fromMs: null,
    untilMs: START_MS,
    title: 'Tea',
    note: null,
    grant: grantToDevices(
      grantFor,
      bob.document.did,
      contentKey,
      [{ kem: bob.device.kem.publicKey }],
      chance,
    ),
    expMs: START_MS,
    own: grantToRecovery(grantFor, contentKey, contentKey, { kem: alice.recovery.kem.publicKey }, chance),
  },
  device,
)

const redaction = { rules: 'ab'.repeat(32), counts: { email: 2 } }
const plaintext = buildPlaintext({
  title: 'Tea',
  note: null,
  owner,
  messages: [
    { index: 1, role: 'user', createdAt: null, parts: [{ type: 'text', text: 'hello', format: 'plain' }] },
  ],
  redaction,
  assets: [],
})

const { secret } = makeEpoch([], chance)
const wrap = makeWrap(
  {
    circle: circleId,
    epoch: 'ab'.repeat(32),
    secret,
    to: bob.document.did,
    devices: [{ kem: bob.device.kem.publicKey }],
    document: alice.document,
    atMs: START_MS,
  },
  device,
  chance,
)

const created = begin(alice)
const withBob = [created, add(alice, [created], bob)]
const entries: Record<string, Entry> = {
  create: created,
  add: withBob[1] as Entry,
  remove: remove(alice, withBob, bob),
  role: giveRole(alice, withBob, bob, 'admin'),
  rotate: rotate(alice, withBob),
  rename: rename(alice, withBob, 'other'),
  describe: describe(alice, withBob, 'what it is for'),
  history: setHistory(alice, withBob, 'all'),
  leave: leave(bob, withBob),
  transfer: transfer(alice, withBob, bob),
  close: close(alice, withBob),
  document: revise(alice, withBob, nextDocument(alice, [alice.device])),
}

const script = makeHolder()
const chain = issue(alice, script)
const use = signInvocation(
  {
    sub: chain.subject,
    cmd: '/vivim/share/propose',
    args: {},
    prf: chain.links.map(({ cid }) => cid),
    expiresAtMs: START_MS,
  },
  script.key,
  chance,
)

/** `label` is null for what has an envelope of its own kind. */
type Signed = { label: LabelName | null; wire: Uint8Array; open: (wire: Uint8Array) => unknown }

const SIGNED: Readonly<Record<string, Signed>> = {
  'identity document': { label: 'identity', wire: alice.document.wire, open: parseDocument },
  'identity document by the recovery key': {
    label: 'identity',
    wire: signDocumentByRecovery(documentFields(alice, { seq: 2 }), alice.recovery, alice.document).wire,
    open: parseDocument,
  },
  slot: {
    label: 'slot',
    wire: makeSlot(
      { seq: 1, expiresAtMs: START_MS, document: alice.document, peers: [] },
      new Ed25519Key(alice.keystore.directory),
      alice.keystore.read,
      chance,
    ),
    open: parseSlot,
  },
  standing: {
    label: 'standing',
    wire: makeStanding(
      { document: alice.document, peer: alice.peer, rights: ['deliver'], seq: 1, atMs: START_MS },
      device,
    ).wire,
    open: parseStanding,
  },
  'device approval': {
    label: 'deviceApproval',
    wire: signApproval(
      {
        did: owner,
        device: chance.bytes(32),
        peer: alice.peer,
        atMs: START_MS,
        history: true,
        epochs: { [circleId]: 1 },
      },
      device,
    ).wire,
    open: wire => parseApproval(wire),
  },
  notice: { label: 'notice', wire: notice.wire, open: parseNotice },
  receipt: {
    label: 'receipt',
    wire: signReceipt(
      {
        atMs: START_MS,
        did: bob.document.did,
        content,
        envelope: chance.bytes(32),
        standing: chance.bytes(32),
      },
      nodeKey,
    ).wire,
    open: parseReceipt,
  },
  redaction: {
    label: 'redaction',
    wire: signRedaction(plaintext, redaction, {
      key: device,
      doc: alice.document.hash,
      atMs: START_MS,
      seq: 0,
    }).wire,
    open: wire => openRedaction(wire, plaintext),
  },
  slip: {
    label: 'slip',
    wire: signSlip(
      { content, seq: 1, notBeforeMs: null, expiresMs: START_MS, fetch: chance.bytes(32) },
      shareKey,
    ).wire,
    open: wire => parseSlip(wire, shareKey.publicKey),
  },
  tombstone: { label: 'tombstone', wire: signTombstone(content, shareKey).wire, open: parseTombstone },
  record: {
    label: 'record',
    wire: signRecord({ content, holders: [] }, 1, START_MS, recordKey, shareKey, chance).wire,
    open: wire => parseRecord(wire, shareKey.publicKey, recordKey),
  },
  'record at a storing node': {
    label: 'record',
    wire: signRecord({ content, holders: [] }, 1, START_MS, recordKey, shareKey, chance).wire,
    open: recordPlace,
  },
  wrap: { label: 'wrap', wire: wrap, open: parseWrap },
  intent: {
    label: 'intent',
    wire: signIntent(
      {
        owner,
        share,
        version: 1,
        audience: { contacts: [bob.document.did], circles: [] },
        terms: { allow: ['view'], fromMs: null, expiresMs: START_MS, discoverable: ['none'] },
        atMs: START_MS,
        doc: alice.document.hash,
      },
      device,
    ).wire,
    open: wire => verifyObject(LABELS.intent, wire, 64 * 1024),
  },
  'audit checkpoint': {
    label: 'auditCheckpoint',
    wire: signCheckpoint({ atMs: START_MS, seq: 9, did: owner, head: chance.bytes(32) }, device).wire,
    open: parseCheckpoint,
  },
  delegation: { label: null, wire: chain.root.bytes, open: parseDelegation },
  invocation: { label: null, wire: use.bytes, open: parseInvocation },
  revocation: {
    label: null,
    wire: signRevocation(chain.root.cid, device, chance).bytes,
    open: parseRevocation,
  },
  ...Object.fromEntries(
    Object.entries(entries).map(([op, { wire }]) => [
      `circle entry: ${op}`,
      { label: 'circle' as const, wire, open: parseEntry },
    ]),
  ),
}

/** What became of an object with one bit changed. */
function fate({ wire, open }: Signed, bit: number): string {
  const changed = Uint8Array.from(wire)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  try {
    open(changed)
    return 'accepted'
  } catch (error) {
    return error instanceof VivimError && error.code !== 'program/defect' ? 'refused' : String(error)
  }
}

function bitsOf(wire: Uint8Array): number[] {
  const all = wire.length * 8
  const bits = Array.from({ length: all }, (_, bit) => bit)
  if (wire.length <= EXHAUSTIVE_BYTES) return bits
  return bits.filter(bit => bit < HEAD_BITS || bit >= all - TAIL_BITS || bit % STEP === 0)
}

for (const [name, signed] of Object.entries(SIGNED))
  t.test(`one changed bit: ${name}`, async t => {
    t.doesNotThrow(() => signed.open(signed.wire), 'as it was signed it is taken')
    const bits = bitsOf(signed.wire)
    const others = bits.map(bit => [bit, fate(signed, bit)]).filter(([, how]) => how !== 'refused')
    t.same(others, [], `${bits.length} bits of ${signed.wire.length * 8}`)
  })

t.test('no kind of signed object is left out', async t => {
  const tested = new Set(Object.values(SIGNED).map(({ label }) => label))
  // The first group of LABELS are the types of signed objects: it ends where derivations begin.
  const names = Object.keys(LABELS) as LabelName[]
  for (const name of names.slice(0, names.indexOf('recoverySign'))) t.ok(tested.has(name), name)
  const ops = [
    ...readFileSync(join(ROOT, 'src', 'core', 'circle', 'entry.ts'), 'utf8').matchAll(
      /readonly op: '(\w+)'/g,
    ),
  ]
  t.same(
    Object.keys(entries).sort(),
    [...new Set(ops.map(([, op]) => op))].filter(op => op !== 'unknown').sort(),
    'each operation of a circle',
  )
})
