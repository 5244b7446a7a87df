/** Mallory's program was written from docs/protocol.md by somebody who never saw this one: it proves, delivers, receives, fetches, joins
 *  and syncs. And she plays no game: what she may not have she does not get. */
import * as Automerge from '@automerge/automerge'
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import {
  cbor,
  hash,
  hashOf,
  isSignedBy,
  makeKey,
  openContent,
  openFromDevice,
  payloadOf,
  readCard,
  readPlaintext,
  second,
  uncbor,
} from '../kit/second.ts'

t.setTimeout(240_000)

const addressOf = async (node: LiveNode): Promise<string> => {
  const { network } = await node.call('system.status', {})
  return `${network.addrs[0]}/p2p/${network.peerId}`
}

t.test('a program written from the document alone speaks every protocol with a real node', async t => {
  const bob = await liveNode(t, 'bob')
  const mallory = await second(t)
  const card = readCard((await bob.call('contact.card', {})).card)
  t.equal(card.did, bob.did)
  const connection = await mallory.connect(await addressOf(bob))

  t.comment('/vivim/did/1')
  t.match(await mallory.prove(connection, card), { ok: true })
  t.match(
    await mallory.prove(connection, { ...card, read: new Uint8Array(16) }),
    { ok: false },
    'not without the card',
  )

  t.comment('/vivim/inbox/1: a share from her')
  const share = await mallory.shareFor(bob.did, 'a title', ['when to sow', 'in March'])
  const envelope = await mallory.letterTo(bob.did, {
    card: mallory.card,
    documents: [mallory.document],
    notice: share.notice,
  })
  const answer = await mallory.deliver(connection, bob.did, [envelope], share)
  t.ok(answer.ok)
  const receipt = payloadOf(answer.receipt)
  t.ok(await isSignedBy(answer.receipt, receipt.by))
  t.same(receipt.envelope, hash(envelope))
  await bob.logged('inbox.received')
  const [item] = await bob.inbox()
  t.match(item, { state: 'held', title: 'a title' })
  await bob.call('contact.accept', { contact: mallory.did })
  const opened = await bob.call('inbox.open', { share: item?.shareId ?? '' })
  t.match(opened.conversation.messages, [{ text: 'when to sow' }, { text: 'in March' }])
  t.same(
    (await mallory.deliver(connection, bob.did, [envelope], share)).receipt,
    answer.receipt,
    'the same delivery has the same receipt',
  )

  t.comment('/vivim/blocks/1: his copy of it, with the fetch key and without')
  const chunks = uncbor(share.manifest).chunks
  t.match((await mallory.fetch(connection, share.content, await makeKey(), chunks)).answer, { ok: false })
  const fetched = await mallory.fetch(connection, share.content, share.fetch, chunks)
  t.match(fetched.answer, { ok: true, slip: share.slip })
  t.same(readPlaintext(openContent(share.ck, share.manifest, fetched.blocks)).title, 'a title')

  t.comment('a share for her')
  const conversation = await bob.converse('garden', 'is it late', 'not yet')
  const made = await bob.call('share.create', { conversation, to: [mallory.did] })
  await bob.acknowledged(made.shareId)
  const came = mallory.arrived.at(-1)
  const letter = await mallory.openLetter(came?.request.envelopes[0], bob.did)
  const notice = payloadOf(letter.notice)
  t.equal(notice.owner, bob.did)
  const { suite, purpose, to, version, content, owner } = { suite: 'vivim-1', purpose: 'device', ...notice }
  const info = cbor({ suite, purpose, owner, to, share: notice.share, version, content })
  const grant = await openFromDevice(
    mallory.kem,
    new Uint8Array(Buffer.concat([Buffer.from('vivim/v1/grant\0'), info])),
    notice.grant,
  )
  const plain = readPlaintext(
    openContent(uncbor(grant).contentKey, came?.request.manifest, came?.blocks ?? []),
  )
  t.match(plain.messages, [{ parts: [{ text: 'is it late' }] }, { parts: [{ text: 'not yet' }] }])

  t.comment('/vivim/kad/1.0.0: his slot by his card, and one of her own')
  await bob.logged('directory.put')
  const slot = await mallory.dhtGet(mallory.slotKey(card.dir))
  t.same(payloadOf(mallory.openSlot(card, slot ?? new Uint8Array(0)).document).did, bob.did)
  t.equal(await mallory.dhtPut(mallory.slotKey(mallory.directory.pub), await mallory.slot(2)), 1)
  t.equal(
    await mallory.dhtPut(mallory.slotKey(mallory.directory.pub), await mallory.slot(1)).catch(() => 0),
    0,
    'an older one is refused',
  )

  t.comment('a circle: its wrap, its log by /vivim/sync/1, its gossip')
  const circle = await bob.call('circle.create', { name: 'gardeners' })
  await bob.call('circle.add', { circle: 'gardeners', contacts: [mallory.did] })
  await bob.logged('circle.delivered')
  const bundle = await mallory.openLetter(mallory.arrived.at(-1)?.request.envelopes[0], bob.did)
  const wrap = await mallory.openWrap(bundle.wraps[0])
  const ops = bundle.entries.map((entry: Uint8Array) => payloadOf(entry).op)
  t.same(ops.sort(), ['add', 'create'])
  const started = bundle.entries.find((entry: Uint8Array) => payloadOf(entry).op === 'add')
  t.same(hashOf(started), wrap.epoch, 'the epoch is named by the entry that began it')
  t.same(hash(Buffer.from('vivim/v1/epoch\0'), wrap.secret), payloadOf(started).epoch.commitment)

  const sync = await mallory.sync(connection, bob.did)
  let doc = Automerge.init<{ entries: Uint8Array[] }>()
  let state = Automerge.initSyncState()
  for (let turn = 0, over = false; turn < 12 && !over; turn++) {
    const [next, message] = Automerge.generateSyncMessage(doc, state)
    state = next
    await sync?.say(
      message === null ? { circle: circle.circleId, done: true } : { circle: circle.circleId, message },
    )
    const heard = await sync?.hear()
    if (heard.done) over = message === null
    else [doc, state] = Automerge.receiveSyncMessage(doc, state, heard.message)
  }
  await sync?.say({ end: true })
  t.same(doc.entries.map(entry => payloadOf(entry).op).sort(), ['add', 'create'])

  mallory.node.services.pubsub.subscribe(mallory.topicOf(wrap.circle))
  const alice = await liveNode(t, 'alice')
  await introduce(bob, alice)
  await bob.call('circle.rename', { circle: 'gardeners', name: 'sowers' })
  await bob.until('mallory to hear of it', async () =>
    mallory.gossip.some(
      bytes => mallory.readEpoch(wrap.secret, wrap.circle, wrap.epoch, bytes)?.heads !== undefined,
    ),
  )
})
