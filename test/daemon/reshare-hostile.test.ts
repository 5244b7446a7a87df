/** Mallory may pass on what alice shared with him, and tries to pass on more than that. His node speaks our protocols; its host is his. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { type Chain, parseChainBytes } from '../../src/core/capability/chain.ts'
import { signRevocation } from '../../src/core/capability/revocation.ts'
import { contentIdOf } from '../../src/core/crypto/cid.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { encodeManifest, parseManifest } from '../../src/core/crypto/manifest.ts'
import type { SecretBytes } from '../../src/core/crypto/secret.ts'
import { didFromKey } from '../../src/core/identity/did.ts'
import { activeDevices, type IdentityDocument, parseDocument } from '../../src/core/identity/document.ts'
import { toBase32 } from '../../src/core/kernel/bytes.ts'
import { Did, NoticeId } from '../../src/core/model/id.ts'
import { signSlip } from '../../src/core/pipeline/holding.ts'
import {
  type Letter,
  openDeviceLetter,
  parseEnvelope,
  sealLetterToDevices,
} from '../../src/core/pipeline/letter.ts'
import {
  grantToDevices,
  type Notice,
  openDeviceGrant,
  parseNotice,
  signNotice,
} from '../../src/core/pipeline/notice.ts'
import {
  narrowedRights,
  type PassTerms,
  type PassWire,
  rightsOf,
  signPass,
} from '../../src/core/pipeline/pass.ts'
import type { Delivery } from '../../src/daemon/network/ports.ts'
import { type Holder, holder } from '../kit/holder.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { chance, clock, type Home, signalOf } from '../kit/network-host.ts'

t.setTimeout(240_000)

/** What a holder has of a share. */
interface Held {
  delivery: Delivery
  notice: Notice
  letter: Letter
  contentKey: SecretBytes
  chain: Chain | null
  terms: PassTerms
}

/** A refused notice leaves nothing behind; the next attempt waits for that, as its blocks are the same. */
async function refusal(node: LiveNode, times: number): Promise<unknown> {
  await node.logged('inbox.notice-refused', {}, times)
  await node.until('its blocks are gone', async () => node.blocks() === 0)
  return node.lines.filter(line => line.event === 'inbox.notice-refused').at(-1)?.why
}

const ownerOf = async (from: Home, node: LiveNode): Promise<IdentityDocument> =>
  parseDocument((await from.network.prove(from.me.did, Did.parse(node.did), signalOf(10_000))).document)

/** Alice shares with a holder. */
async function give(
  alice: LiveNode,
  to: Home,
  conversation: string,
  allow: ('view' | 'quote' | 'reshare')[],
): Promise<Held> {
  const { shareId } = await alice.call('share.create', {
    conversation,
    to: [to.me.name],
    allow,
    expires: '30d',
    again: true,
  })
  return await taken(alice, to, shareId)
}

/** What a share brought to a holder. */
async function taken(alice: LiveNode, to: Home, shareId: string): Promise<Held> {
  const delivery = await to.host.next('delivered')
  const envelope = parseEnvelope(delivery.envelopes[0] ?? new Uint8Array(0))
  if (envelope.kind !== 'device') throw new Error('not sealed to a device')
  const letter = openDeviceLetter(envelope, delivery.from, to.me.did, to.me.kem)
  const notice = parseNotice(letter.notice ?? new Uint8Array(0))
  const [right] = letter.delegations ?? []
  // Her node asks for a receipt that counts, which is of no concern here.
  await alice.logged('job.retry', { share: shareId })
  await alice.call('peer.unblock', { peer: to.network.peerId })
  return {
    delivery,
    notice,
    letter,
    contentKey: openDeviceGrant(notice, to.me.kem),
    chain: right === undefined ? null : parseChainBytes(right),
    terms: {
      share: notice.share,
      version: notice.version,
      content: notice.content,
      allow: notice.allow,
      untilMs: notice.untilMs,
    },
  }
}

interface Attempt {
  /** What the notice says. */
  terms: PassTerms
  pass?: PassWire
  documents?: Uint8Array[]
  delegations?: Uint8Array[]
  manifest?: Uint8Array
  slip?: Uint8Array
}

/** Pass on to a node whatever an attempt says. */
async function send(from: Home, to: LiveNode, held: Held, attempt: Attempt): Promise<void> {
  const local = Did.parse(to.did)
  const document = await ownerOf(from, to)
  const { terms, pass, documents = held.letter.documents ?? [], delegations } = attempt
  const grantFor = {
    owner: held.notice.owner,
    share: terms.share,
    version: terms.version,
    content: terms.content,
  }
  const notice = signNotice(
    {
      ...grantFor,
      id: NoticeId.parse(toBase32(chance.bytes(16))),
      doc: from.me.document.hash,
      atMs: clock.nowMs(),
      to: { did: local },
      allow: [...terms.allow],
      fromMs: null,
      untilMs: terms.untilMs,
      title: 'passed on',
      note: null,
      grant: grantToDevices(grantFor, local, held.contentKey, activeDevices(document), chance),
      expMs: terms.untilMs,
    },
    from.me.device,
  ).wire
  const letter = { documents, notice, pass, delegations }
  const envelope = sealLetterToDevices(letter, from.me.did, local, activeDevices(document), chance)
  const { slip, manifest } = held.delivery
  await from.network.deliver(
    {
      from: from.me.did,
      to: local,
      envelopes: [envelope],
      slip: attempt.slip ?? slip,
      manifest: attempt.manifest ?? manifest,
    },
    async cid => (from.host as Holder).blocks.get(cid) ?? null,
    async () => undefined,
    signalOf(10_000),
  )
}

t.test('carol takes nothing from mallory beyond what alice let him pass on', async t => {
  const alice = await liveNode(t, 'alice')
  const carol = await liveNode(t, 'carol')
  const mallory = await holder(t, 'mallory', alice, carol)
  const { device, did } = mallory.me
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const viewOnly = await give(alice, mallory, conversation, ['view'])
  t.equal(viewOnly.chain, null, 'no right comes where the terms do not allow it')
  const held = await give(alice, mallory, conversation, ['view', 'reshare'])
  const other = await give(alice, mallory, conversation, ['view', 'quote', 'reshare'])
  const { chain } = held
  if (chain === null || other.chain === null) throw new Error('the rights did not come')
  const carolDid = Did.parse(carol.did)
  const nowMs = clock.nowMs()
  const signed = (by: Chain, terms: PassTerms, to = carolDid, key = device): PassWire =>
    signPass(by, terms, to, key, nowMs, chance)
  const narrow: PassTerms = { ...held.terms, allow: ['view'] }
  const wide: PassTerms = { ...held.terms, allow: ['view', 'quote'] }
  const late: PassTerms = { ...held.terms, untilMs: (held.terms.untilMs ?? 0) + 1 }
  const endless: PassTerms = { ...held.terms, untilMs: null }
  const newer: PassTerms = { ...narrow, version: 2 }
  const forged = parseChainBytes(
    rightsOf(
      viewOnly.terms,
      [{ did, devices: [{ ed: device.publicKey }] }],
      { document: mallory.me.document, device },
      chance,
    )[0] ?? new Uint8Array(0),
  )
  const inHerName = parseChainBytes(
    rightsOf(
      viewOnly.terms,
      [{ did, devices: [{ ed: device.publicKey }] }],
      {
        document: { ...mallory.me.document, did: Did.parse(alice.did) },
        device,
      },
      chance,
    )[0] ?? new Uint8Array(0),
  )
  const stranger = new Ed25519Key(chance.bytes(32))

  const attempts: Record<string, { of?: Held; why: string } & Attempt> = {
    'a share that he may not pass on, without a word': {
      of: viewOnly,
      terms: viewOnly.terms,
      why: 'other-owner',
    },
    'a share that he may not pass on, by the right to another': {
      of: viewOnly,
      terms: viewOnly.terms,
      pass: signed(chain, viewOnly.terms),
      why: 'policy',
    },
    'a share that he may not pass on, by a right that he gave himself': {
      of: viewOnly,
      terms: viewOnly.terms,
      pass: signed(forged, viewOnly.terms),
      why: 'foreign-root',
    },
    'a share that he may not pass on, by a right in her name': {
      of: viewOnly,
      terms: viewOnly.terms,
      pass: signed(inHerName, viewOnly.terms),
      why: 'foreign-root',
    },
    'more rights than he has': { terms: wide, pass: signed(chain, wide), why: 'policy' },
    'more rights than his word says': { terms: wide, pass: signed(chain, narrow), why: 'other-terms' },
    'a right said twice, for one that is not there': {
      terms: held.terms,
      pass: signed(chain, { ...held.terms, allow: ['view', 'view'] }),
      why: 'other-terms',
    },
    'a later end': { terms: late, pass: signed(chain, late), why: 'policy' },
    'no end': { terms: endless, pass: signed(chain, endless), why: 'policy' },
    'another version': { terms: newer, pass: signed(chain, newer), why: 'policy' },
    'by the right to another share': { terms: narrow, pass: signed(other.chain, narrow), why: 'policy' },
    'by a word for somebody else': {
      terms: narrow,
      pass: signed(chain, narrow, Did.parse(alice.did)),
      why: 'other-terms',
    },
    'by a word of a key that is not his': {
      terms: narrow,
      pass: signed(chain, narrow, carolDid, stranger),
      why: 'other-audience',
    },
    'without the document of an owner whom carol never met': {
      terms: narrow,
      pass: signed(chain, narrow),
      documents: [],
      why: 'unknown-owner',
    },
  }
  let refused = 0
  for (const [what, { of = held, why, ...attempt }] of Object.entries(attempts)) {
    await send(mallory, carol, of, attempt)
    refused += 1
    t.equal(await refusal(carol, refused), why, what)
  }
  t.same(await carol.inbox(), [], 'and none of it is there')

  // Other bytes under the right to hers: the manifest is another, and so the content id.
  const share = new Ed25519Key(chance.bytes(32))
  const manifest = encodeManifest({
    ...parseManifest(held.delivery.manifest ?? new Uint8Array(0)),
    shareKey: share.publicKey,
  })
  const content = contentIdOf(manifest)
  const fetch = new Ed25519Key(chance.bytes(32)).publicKey
  const slip = signSlip({ content, seq: 1, notBeforeMs: null, expiresMs: null, fetch }, share).wire
  await send(mallory, carol, held, { terms: narrow, pass: signed(chain, narrow), manifest, slip })
  t.equal(await refusal(carol, refused + 1), 'other-content')
  const swapped: PassTerms = { ...narrow, content }
  await send(mallory, carol, held, { terms: swapped, pass: signed(chain, swapped), manifest, slip })
  t.equal(await refusal(carol, refused + 2), 'policy')
  t.same(await carol.inbox(), [])

  await send(mallory, carol, held, { terms: narrow, pass: signed(chain, narrow) })
  await carol.received(held.notice.share)
  t.match(await carol.call('inbox.open', { share: held.notice.share }), {
    owner: { did: alice.did },
    passedOn: { did },
    share: { permissions: ['view'] },
  })
})

t.test('what was passed on to frank he can neither show to carol nor pass on himself', async t => {
  const alice = await liveNode(t, 'alice')
  const carol = await liveNode(t, 'carol')
  const mallory = await holder(t, 'mallory', alice, carol)
  const frank = await holder(t, 'frank', carol)
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const held = await give(alice, mallory, conversation, ['view', 'reshare'])
  const { chain } = held
  if (chain === null) throw new Error('the right did not come')
  for (const [cid, bytes] of (mallory.host as Holder).blocks) (frank.host as Holder).blocks.set(cid, bytes)
  const terms: PassTerms = { ...held.terms, allow: ['view'] }
  const nowMs = clock.nowMs()
  const toFrank = signPass(chain, terms, frank.me.did, mallory.me.device, nowMs, chance)
  const toCarol = signPass(chain, terms, Did.parse(carol.did), mallory.me.device, nowMs, chance)
  const byFrank = signPass(chain, terms, Did.parse(carol.did), frank.me.device, nowMs, chance)
  const devices = [{ ed: frank.me.device.publicKey }]
  const [forMallory] = narrowedRights(chain, terms, mallory.me.did, devices, mallory.me.device, chance)
  const asMallory = signPass(
    parseChainBytes(forMallory ?? new Uint8Array(0)),
    terms,
    Did.parse(carol.did),
    frank.me.device,
    nowMs,
    chance,
  )
  const attempts: [string, PassWire, string][] = [
    ['the word for himself', toFrank, 'other-terms'],
    ['mallory’s word for carol, sent by frank', toCarol, 'other-audience'],
    ['his own word by mallory’s right', byFrank, 'other-audience'],
    ['a right whose chain names another person than him', asMallory, 'other-audience'],
  ]
  for (const [at, [what, pass, why]] of attempts.entries()) {
    await send(frank, carol, held, { terms, pass })
    t.equal(await refusal(carol, at + 1), why, what)
  }
  t.same(await carol.inbox(), [])

  const [own] = narrowedRights(chain, held.terms, frank.me.did, devices, mallory.me.device, chance)
  const right = parseChainBytes(own ?? new Uint8Array(0))
  const pass = signPass(right, terms, Did.parse(carol.did), frank.me.device, nowMs, chance)
  await send(frank, carol, held, { terms, pass })
  await carol.received(held.notice.share)
  t.match(await carol.inbox(), [{ from: { did: frank.me.did }, owner: { did: alice.did } }])
})

t.test('alice is told nothing that is not so', async t => {
  const alice = await liveNode(t, 'alice')
  const mallory = await holder(t, 'mallory', alice)
  const { did, device, document } = mallory.me
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const held = await give(alice, mallory, conversation, ['view', 'reshare'])
  const { chain } = held
  if (chain === null) throw new Error('the right did not come')
  const to = Did.parse(alice.did)
  const devices = activeDevices(await ownerOf(mallory, alice))
  const tell = async (pass: PassWire): Promise<void> => {
    const envelope = sealLetterToDevices({ documents: [document.wire], pass }, did, to, devices, chance)
    const delivery = { from: did, to, envelopes: [envelope], slip: null, manifest: null }
    await mallory.network.deliver(
      delivery,
      async () => null,
      async () => undefined,
      signalOf(10_000),
    )
  }
  const dave = didFromKey(new Ed25519Key(chance.bytes(32)).publicKey)
  const nowMs = clock.nowMs()
  const wide: PassTerms = { ...held.terms, allow: ['view', 'quote'] }
  const forged = parseChainBytes(
    rightsOf(held.terms, [{ did, devices: [{ ed: device.publicKey }] }], { document, device }, chance)[0] ??
      new Uint8Array(0),
  )
  const stranger = new Ed25519Key(chance.bytes(32))
  for (const [at, pass] of [
    signPass(chain, wide, dave, device, nowMs, chance),
    signPass(forged, held.terms, dave, device, nowMs, chance),
    signPass(chain, held.terms, dave, stranger, nowMs, chance),
    { chain: chance.bytes(100), invocation: chance.bytes(100) },
  ].entries()) {
    await tell(pass)
    await alice.logged('inbox.unreadable', {}, at + 1)
  }
  t.same((await alice.call('share.show', { share: held.notice.share })).reshares, [])
  const word = signPass(chain, held.terms, dave, device, nowMs, chance)
  await tell(word)
  await tell(word)
  await alice.logged('share.passed-on')
  t.match((await alice.call('share.show', { share: held.notice.share })).reshares, [
    { by: { did }, to: { did: dave } },
  ])
})

t.test(
  'mallory floods alice with words of what he passed on: what nora says is heard all the same',
  async t => {
    const alice = await liveNode(t, 'alice')
    const mallory = await holder(t, 'mallory', alice)
    const nora = await holder(t, 'nora', alice)
    const conversation = await alice.converse('garden', 'when to sow', 'in March')
    const { shareId } = await alice.call('share.create', {
      conversation,
      to: ['mallory', 'nora'],
      allow: ['view', 'reshare'],
      expires: '30d',
    })
    const [his, hers] = [await taken(alice, mallory, shareId), await taken(alice, nora, shareId)]
    const tell = async (from: Home, { chain, terms }: Held): Promise<void> => {
      if (chain === null) throw new Error('the right did not come')
      const { did, device, document } = from.me
      const invented = didFromKey(new Ed25519Key(chance.bytes(32)).publicKey)
      const pass = signPass(chain, terms, invented, device, clock.nowMs(), chance)
      const to = Did.parse(alice.did)
      const devices = activeDevices(await ownerOf(from, alice))
      const envelope = sealLetterToDevices({ documents: [document.wire], pass }, did, to, devices, chance)
      await from.network.deliver(
        { from: did, to, envelopes: [envelope], slip: null, manifest: null },
        async () => null,
        async () => undefined,
        signalOf(10_000),
      )
    }
    await tell(mallory, his)
    await alice.logged('share.passed-on')
    // And 999 like it, which need not all be sent.
    const db = new Database(join(alice.userFolder, 'user.db'))
    const rest = 'share_id, passer, recipient, permissions, until_ms, at_ms, chain, invocation, hand, target'
    const more = db.prepare(
      `INSERT INTO pass_report (cid, ${rest}) SELECT ?, ${rest} FROM pass_report LIMIT 1`,
    )
    const row = db.prepare('SELECT hand FROM pass_report').get() as { hand: string }
    t.equal(row.hand, mallory.me.did)
    db.transaction(() => {
      for (let at = 1; at < 1000; at++) more.run(contentIdOf(chance.bytes(32)))
    })()
    db.close()
    await tell(mallory, his)
    await alice.logged('share.report-refused', { share: shareId, hand: mallory.me.did })
    await tell(nora, hers)
    await alice.logged('share.passed-on', { share: shareId, by: nora.me.did })
  },
)

t.test('mallory takes back what is not his to take back: bob goes on as he was', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const mallory = await holder(t, 'mallory', alice, bob)
  await introduce(alice, bob)
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const { shareId } = await alice.call('share.create', {
    conversation,
    to: ['bob'],
    allow: ['view', 'reshare'],
  })
  await bob.received(shareId)
  const db = new Database(join(bob.userFolder, 'user.db'), { readonly: true })
  const row = db.prepare('SELECT delegation FROM received').get() as { delegation: Uint8Array }
  db.close()
  const link = parseChainBytes(Uint8Array.from(row.delegation)).root.cid
  const { did, device, document } = mallory.me
  const to = Did.parse(bob.did)
  const revocations = [signRevocation(link, device, chance).bytes, chance.bytes(64)]
  for (const [at, one] of revocations.entries()) {
    const letter = { documents: [document.wire], revocations: [one] }
    const devices = activeDevices(await ownerOf(mallory, bob))
    await mallory.network.deliver(
      {
        from: did,
        to,
        envelopes: [sealLetterToDevices(letter, did, to, devices, chance)],
        slip: null,
        manifest: null,
      },
      async () => null,
      async () => undefined,
      signalOf(10_000),
    )
    if (at === 1) await bob.logged('inbox.unreadable', { from: did })
  }
  t.equal(bob.count('inbox.right-ended'), 0)
  t.match(await bob.call('inbox.reshare', { share: shareId, to: ['mallory'] }), { changed: true })
})
