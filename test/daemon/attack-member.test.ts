/** Mallory's node follows no rules but those of the document, and her own: as a member who writes as somebody else, as one who was
 *  removed and asks for everything, as one who shows yesterday's documents, as one who is blocked. */
import { randomBytes } from 'node:crypto'
import * as Automerge from '@automerge/automerge'
import t, { type Test } from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import {
  cbor,
  hash,
  hashOf,
  makeKey,
  payloadOf,
  readCard,
  type Second,
  second,
  sign,
  uncbor,
} from '../kit/second.ts'

t.setTimeout(300_000)

const DAY_MS = 86_400_000
const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(length))

const addressOf = async (node: LiveNode): Promise<string> => {
  const { network } = await node.call('system.status', {})
  return `${network.addrs[0]}/p2p/${network.peerId}`
}
const cardOf = async (node: LiveNode) => readCard((await node.call('contact.card', {})).card)

/** Mallory, a contact of these people, connected to each and proved. */
async function friend(t: Test, ...nodes: LiveNode[]) {
  const mallory = await second(t)
  const connections = []
  for (const node of nodes) {
    await node.call('contact.add', { card: mallory.card, name: `m${mallory.did.slice(-6)}` })
    const connection = await mallory.connect(await addressOf(node))
    t.match(await mallory.prove(connection, await cardOf(node)), { ok: true })
    connections.push(connection)
  }
  return { mallory, connections }
}

/** The last wrap that came to her. */
async function lastWrap(mallory: Second, from: LiveNode) {
  for (const { request } of mallory.arrived.toReversed())
    for (const envelope of request.envelopes) {
      if (uncbor(envelope).kind !== 'device') continue
      const letter = await mallory.openLetter(envelope, from.did)
      if (letter.wraps?.length > 0) return { letter, ...(await mallory.openWrap(letter.wraps[0])) }
    }
  throw new Error('no wrap came')
}

/** Everything that a sync about this circle gives her. */
async function syncAll(
  mallory: Second,
  connection: Parameters<Second['sync']>[0],
  node: LiveNode,
  circle: string,
) {
  const sync = await mallory.sync(connection, node.did)
  if (sync === null) return []
  let doc = Automerge.init<{ entries?: Uint8Array[] }>()
  let state = Automerge.initSyncState()
  for (let turn = 0, over = false; turn < 12 && !over; turn++) {
    const [next, message] = Automerge.generateSyncMessage(doc, state)
    state = next
    await sync.say(message === null ? { circle, done: true } : { circle, message })
    const heard = await sync.hear()
    if (heard === null || heard.done) over = true
    else [doc, state] = Automerge.receiveSyncMessage(doc, state, heard.message)
  }
  return [...(doc.entries ?? [])].map(entry => Uint8Array.from(entry))
}

t.test('mallory, removed from a circle, asks for everything and learns nothing of what follows', async t => {
  const bob = await liveNode(t, 'bob')
  const alice = await liveNode(t, 'alice')
  await introduce(bob, alice)
  const { mallory, connections } = await friend(t, bob, alice)
  const [toBob, toAlice] = connections
  if (toBob === undefined || toAlice === undefined) throw new Error('not connected')
  const { circleId } = await bob.call('circle.create', { name: 'team' })
  await bob.call('circle.add', { circle: circleId, contacts: [mallory.did, alice.did] })
  await bob.logged('circle.delivered', {}, 2)
  const conversation = await bob.converse('garden', 'when to sow', 'in March')
  const first = await bob.call('share.create', { conversation, circles: [circleId] })
  await bob.logged('share.acknowledged', { share: first.shareId }, 2)
  const old = await lastWrap(mallory, bob)
  const known = (await syncAll(mallory, toBob, bob, circleId)).length
  t.ok(known >= 3, 'as a member she has the log')
  mallory.node.services.pubsub.subscribe(mallory.topicOf(old.circle))

  await bob.call('circle.remove', { circle: circleId, contacts: [mallory.did] })
  await bob.until('mallory is told', async () =>
    mallory.arrived.some(({ request }) => request.manifest === undefined && request.envelopes.length === 1),
  )
  const before = { arrived: mallory.arrived.length, gossip: mallory.gossip.length }
  await bob.call('circle.rename', { circle: circleId, name: 'renamed' })
  const later = await bob.call('share.create', { conversation, circles: [circleId], title: 'after her' })
  await bob.acknowledged(later.shareId)
  await alice.received(later.shareId)
  const { contentId } = await bob.call('share.show', { share: later.shareId })

  t.comment('log, keys and tags')
  for (const [connection, node] of [
    [toBob, bob],
    [toAlice, alice],
  ] as const) {
    const entries = await syncAll(mallory, connection, node, circleId)
    t.notOk(
      entries.some(entry => payloadOf(entry).op === 'rename'),
      `${node.name} syncs nothing with her`,
    )
  }
  const letters = []
  for (const { request } of mallory.arrived.slice(before.arrived))
    for (const envelope of request.envelopes)
      if (uncbor(envelope).kind === 'device') letters.push(await mallory.openLetter(envelope, bob.did))
  const told = letters.flatMap(letter => letter.entries ?? []).map((entry: Uint8Array) => payloadOf(entry).op)
  t.notOk(told.includes('rename'), 'what she is told ends with her removal')
  t.same(
    letters.flatMap(letter => letter.wraps ?? []),
    [],
    'no key comes to her',
  )
  t.same(
    mallory.gossip
      .slice(before.gossip)
      .filter(bytes => mallory.readEpoch(old.secret, old.circle, old.epoch, bytes)),
    [],
    'no tag of the old epoch is seen again',
  )

  t.comment('blocks: the content id is told to her, the key is not')
  const { CID } = await import('multiformats/cid')
  const content = CID.parse(String(contentId))
  const nothing = cbor({ ok: false })
  for (const [connection, want] of [
    [toBob, []],
    [toAlice, []],
    [toBob, [content]],
  ] as const) {
    const asked = await mallory.fetch(connection, content, mallory.device, [...want])
    t.same(cbor(asked.answer), nothing)
  }

  t.comment('entries, wraps and notices of hers, after the removal and dated back')
  const epoch = { commitment: hash(Buffer.from('vivim/v1/epoch\0'), random(32)), audience: random(32) }
  const heads = old.letter.entries.map(hashOf).sort(Buffer.compare)
  const forged = []
  for (const fields of [
    { op: 'rename', name: 'taken over' },
    { op: 'rotate', epoch },
    { op: 'remove', member: { did: alice.did }, epoch },
    { op: 'transfer', member: { did: mallory.did } },
    { op: 'close' },
  ])
    forged.push(await mallory.signEntry({ circle: old.circle, prev: heads.slice(0, 64), at: 1, ...fields }))
  const wrap = await mallory.wrapFor(alice.did, old.circle, old.epoch, random(32))
  const envelope = await mallory.letterTo(alice.did, { entries: forged, wraps: [wrap] })
  t.match(await mallory.deliver(toAlice, alice.did, [envelope]), { ok: true }, 'she may write as a contact')
  const notice = await mallory.shareFor(alice.did, 'for the circle', ['a', 'b'])
  const under = mallory.epochEnvelope(old.secret, old.circle, old.epoch, {
    notice: await sign(
      'notice',
      {
        ...payloadOf(notice.notice),
        to: { circle: old.circle, epoch: old.epoch },
        id: random(16),
      },
      mallory.device,
    ),
  })
  t.match(await mallory.deliver(toAlice, alice.did, [under], notice), { ok: true })
  await alice.logged('inbox.notice-refused', { why: 'not-a-member' })
  const shown = await alice.call('circle.show', { circle: circleId })
  t.ok(['team', 'renamed'].includes(shown.name), 'nothing of it counts')
  t.same(shown.members.map(({ did }: { did: string }) => did).sort(), [alice.did, bob.did].sort())
  t.equal((await alice.inbox()).filter(({ title }) => title === 'for the circle').length, 0)
})

t.test('mallory, a member, writes as bob, and it counts for nobody', async t => {
  const bob = await liveNode(t, 'bob')
  const alice = await liveNode(t, 'alice')
  await introduce(bob, alice)
  const { mallory, connections } = await friend(t, bob, alice)
  const [toBob, toAlice] = connections
  if (toBob === undefined || toAlice === undefined) throw new Error('not connected')
  const { circleId } = await bob.call('circle.create', { name: 'team' })
  await bob.call('circle.add', { circle: circleId, contacts: [mallory.did, alice.did] })
  await bob.logged('circle.delivered', {}, 2)
  const { letter, circle, epoch: epochId, secret } = await lastWrap(mallory, bob)
  const bobsDocument = payloadOf(letter.entries[0]).doc
  const prev = [hashOf(letter.entries.at(-1))]
  const epoch = { commitment: random(32), audience: random(32) }
  const forged = []
  for (const fields of [
    { did: bob.did, doc: bobsDocument, op: 'rename', name: 'taken over' },
    { did: bob.did, op: 'transfer', member: { did: mallory.did } },
    { did: bob.did, doc: bobsDocument, op: 'role', member: { did: mallory.did, role: 'admin' } },
    { op: 'role', member: { did: mallory.did, role: 'admin' } },
    { op: 'remove', member: { did: bob.did }, epoch },
    { op: 'document', document: mallory.document, did: bob.did, doc: hashOf(mallory.document) },
  ])
    forged.push(await mallory.signEntry({ circle, prev, ...fields }))
  // One bit the other way in what bob signed.
  const changed = Uint8Array.from(letter.entries[0])
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  const share = await mallory.shareFor(alice.did, 'as bob', ['a', 'b'])
  const asBob = await sign(
    'notice',
    { ...payloadOf(share.notice), owner: bob.did, doc: bobsDocument },
    mallory.device,
  )
  // Of another content: what comes with a notice that does not count is dropped.
  const other = await mallory.shareFor(alice.did, 'as bob', ['c', 'd'])
  const otherAsBob = await sign(
    'notice',
    { ...payloadOf(other.notice), owner: bob.did, doc: bobsDocument },
    mallory.device,
  )
  const underEpoch = mallory.epochEnvelope(secret, circle, epochId, { notice: otherAsBob })
  for (const [connection, node] of [
    [toBob, bob],
    [toAlice, alice],
  ] as const)
    t.match(
      await mallory.deliver(connection, node.did, [
        await mallory.letterTo(node.did, {
          entries: [...forged, changed],
          documents: [payloadOf(letter.entries[0]).document],
        }),
      ]),
      { ok: true },
    )
  await mallory.deliver(toAlice, alice.did, [await mallory.letterTo(alice.did, { notice: asBob })], share)
  await mallory.deliver(toAlice, alice.did, [underEpoch], other)
  await alice.logged('inbox.notice-refused', { why: 'other-owner' }, 2)
  for (const node of [bob, alice]) {
    const shown = await node.call('circle.show', { circle: circleId })
    t.equal(shown.name, 'team')
    t.equal(shown.members.length, 3)
    t.equal(shown.members.find(({ did }: { did: string }) => did === bob.did)?.role, 'owner')
    t.equal(shown.members.find(({ did }: { did: string }) => did === mallory.did)?.role, 'member')
  }
  t.same(await alice.inbox(), [])
  const refused = await mallory.deliver(toAlice, alice.did, [underEpoch], share, bob.did)
  t.match(refused, { ok: false, why: 'unproved' }, 'and as bob she is not heard')
})

t.test("a node that may not deliver in mallory's name is not heard, whatever mallory sealed", async t => {
  const bob = await liveNode(t, 'bob')
  const { mallory, connections } = await friend(t, bob)
  const [toBob] = connections
  if (toBob === undefined) throw new Error('not connected')
  const card = await cardOf(bob)
  const share = await mallory.shareFor(bob.did, 'sealed before', ['a', 'b'])
  const envelope = await mallory.letterTo(bob.did, { notice: share.notice })
  for (const rights of [[], ['receive', 'keep'], ['everything']]) {
    const bounded = await sign('standing', { ...payloadOf(mallory.standing), rights }, mallory.device)
    t.match(await mallory.prove(toBob, card, bounded), { ok: true }, `it may prove who it is: ${rights}`)
    t.match(await mallory.deliver(toBob, bob.did, [envelope], share), { ok: false, why: 'unproved' })
  }
  t.same(await bob.inbox(), [])
  t.match(await mallory.prove(toBob, card), { ok: true })
  t.match(await mallory.deliver(toBob, bob.did, [envelope], share), { ok: true })
})

t.test("yesterday's identity document opens no door, and a contact who is blocked no other", async t => {
  const bob = await liveNode(t, 'bob')
  const { mallory, connections } = await friend(t, bob)
  const [toBob] = connections
  if (toBob === undefined) throw new Error('not connected')
  const card = await cardOf(bob)

  t.comment(
    'a new document of mallory in which her device is another: whoever stole the first one has the old document',
  )
  const device = await makeKey()
  const fields = payloadOf(mallory.document)
  const now = Date.now()
  const newer = await sign(
    'identity',
    {
      ...fields,
      at: now,
      seq: 2,
      exp: now + 100 * DAY_MS,
      prev: hashOf(mallory.document),
      devices: [{ ...fields.devices[0], ed: device.pub }],
      revoked: [{ ed: mallory.device.pub, at: now }],
    },
    mallory.identity,
  )
  const letter = await mallory.letterTo(bob.did, { documents: [newer] })
  t.match(await mallory.deliver(toBob, bob.did, [letter]), { ok: true })
  await bob.logged('identity.learnt', { seq: 2 })

  t.match(await mallory.prove(toBob, card), { ok: false }, 'the old device proves nothing any more')
  await toBob.close()
  const again = await mallory.connect(await addressOf(bob))
  t.match(await mallory.prove(again, card), { ok: false }, 'on no connection')
  t.match(await mallory.deliver(again, bob.did, [letter]), { ok: false, why: 'unproved' })

  t.comment('carol is blocked')
  const {
    mallory: carol,
    connections: [toBobToo],
  } = await friend(t, bob)
  if (toBobToo === undefined) throw new Error('not connected')
  const spam = await carol.shareFor(bob.did, 'spam', ['buy', 'now'])
  await bob.call('contact.block', { contact: carol.did })
  const envelope = await carol.letterTo(bob.did, { notice: spam.notice })
  t.match(await carol.deliver(toBobToo, bob.did, [envelope], spam), { ok: false, why: 'refused' })
  await toBobToo.close()
  const other = await carol.connect(await addressOf(bob))
  t.match(await carol.prove(other, card), { ok: false }, 'the card does not help')
  t.same(
    (await bob.inbox()).filter(({ title }) => title === 'spam'),
    [],
  )
})
