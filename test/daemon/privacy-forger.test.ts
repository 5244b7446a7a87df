/** Eve has bob's card: she may write to him like any stranger. What she forges and what she passes on changes nothing between him and
 *  alice. Her node speaks our protocols; its host is hers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { contentIdOf } from '../../src/core/crypto/cid.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { encodeManifest, parseManifest } from '../../src/core/crypto/manifest.ts'
import { encodeCard, parseCard } from '../../src/core/identity/card.ts'
import { parseStanding } from '../../src/core/identity/standing.ts'
import { Cid, Did } from '../../src/core/model/id.ts'
import { signSlip, signTombstone } from '../../src/core/pipeline/holding.ts'
import { envelopeHash } from '../../src/core/pipeline/letter.ts'
import { signReceipt } from '../../src/core/pipeline/receipt.ts'
import type { Delivery } from '../../src/daemon/network/ports.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { chance, clock, type Home, home, MemoryHost, Person, signalOf, until } from '../kit/network-host.ts'

t.setTimeout(120_000)

/** Eve with the cards of these people. */
async function eveWith(t: Test, host: MemoryHost, ...nodes: LiveNode[]): Promise<Home> {
  const eve = await home('eve', t.teardown, {}, ':memory:', host.me, host)
  for (const node of nodes) {
    const card = parseCard((await node.call('contact.card', {})).card)
    host.contacts.set(card.did, [{ peer: card.peer, addrs: [...card.addrs] }])
    host.cards.set(card.did, card.read)
  }
  return eve
}

interface Wires {
  envelopes: Uint8Array[]
  slip: Uint8Array
  tombstone: Uint8Array
  contentId: Cid
}

/** What alice's node sends for a share. */
function wiresOf(node: LiveNode, shareId: string): Wires {
  const db = new Database(join(node.home, 'master.sqlite'), { readonly: true })
  try {
    const share = db
      .prepare('SELECT content_id, slip, tombstone FROM share WHERE share_id = ?')
      .get(shareId) as {
      content_id: string
      slip: Uint8Array
      tombstone: Uint8Array
    }
    const all = db.prepare('SELECT hash, wire FROM envelope WHERE share_id = ?').all(shareId) as {
      hash: string
      wire: Uint8Array
    }[]
    const { envelopes } = db
      .prepare('SELECT envelopes FROM share_recipient WHERE share_id = ?')
      .get(shareId) as {
      envelopes: string
    }
    const ordered = (JSON.parse(envelopes) as string[]).map(hash => all.find(row => row.hash === hash)?.wire)
    return {
      envelopes: ordered.map(wire => Uint8Array.from(wire ?? [])),
      slip: Uint8Array.from(share.slip),
      tombstone: Uint8Array.from(share.tombstone),
      contentId: Cid.parse(share.content_id),
    }
  } finally {
    db.close()
  }
}

const noBlocks = async () => null
const atOnce = async () => undefined

t.test(
  'what eve passes on before alice does neither takes its place nor is acknowledged for her',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
    await alice.logged('circle.delivered')
    await bob.stop()
    const conversation = await alice.converse('garden', 'when to sow', 'in March')
    const { shareId } = await alice.call('share.create', { conversation, circles: ['team'] })
    const wires = wiresOf(alice, shareId)
    await alice.stop()

    await bob.start()
    const eve = await eveWith(t, new MemoryHost(new Person('eve')), bob)
    const [from, to] = [eve.me.did, Did.parse(bob.did)]
    const delivery: Delivery = { from, to, envelopes: wires.envelopes, slip: null, manifest: null }
    await eve.network.prove(from, to, signalOf(10_000))
    await eve.network.deliver(delivery, noBlocks, atOnce, signalOf(10_000)).catch(() => undefined)
    const forged = signTombstone(wires.contentId, new Ed25519Key(chance.bytes(32))).wire
    await eve.network.bury(from, to, forged, signalOf(10_000))
    await t.rejects(
      eve.network.deliver({ ...delivery, from: Did.parse(alice.did) }, noBlocks, atOnce, signalOf(5_000)),
      'as alice she is not heard',
    )
    t.same(await bob.inbox(), [])

    await alice.start()
    const shown = await alice.acknowledged(shareId)
    t.equal(shown.recipients[0]?.state, 'acknowledged')
    await bob.logged('inbox.received', { share: shareId })
    const opened = await bob.call('inbox.open', { share: shareId })
    t.match(opened.conversation.messages, [{ text: 'when to sow' }, { text: 'in March' }])

    const late = await eve.network.deliver(delivery, noBlocks, atOnce, signalOf(10_000)).catch(() => null)
    t.not(Buffer.from(late ?? []).toString('hex'), Buffer.from(receiptOf(alice, shareId)).toString('hex'))
    await eve.network.bury(from, to, forged, signalOf(10_000))
    t.equal(
      await bob.codeOf('inbox.open', { share: shareId }),
      null,
      'a tombstone by another key takes nothing back',
    )

    await alice.call('share.revoke', { share: shareId })
    await bob.logged('inbox.revoked', { share: shareId })
    for (const manifest of [null, wires.slip])
      await eve.network
        .deliver({ ...delivery, slip: wires.slip, manifest }, noBlocks, atOnce, signalOf(10_000))
        .catch(() => undefined)
    t.equal(await bob.codeOf('inbox.open', { share: shareId }), 'share/revoked', 'no replay revives it')
    t.equal(bob.blocks(), 0)
  },
)

function receiptOf(node: LiveNode, shareId: string): Uint8Array {
  const db = new Database(join(node.home, 'master.sqlite'), { readonly: true })
  try {
    return db
      .prepare('SELECT receipt FROM share_recipient WHERE share_id = ?')
      .pluck()
      .get(shareId) as Uint8Array
  } finally {
    db.close()
  }
}

t.test(
  'a manifest of eve that names blocks of alice neither shows that bob has them nor takes them away',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const conversation = await alice.converse('garden', 'when to sow', 'in March')
    const { shareId, contentId } = await alice.call('share.create', { conversation, to: ['bob'] })
    await alice.acknowledged(shareId)
    await bob.logged('inbox.received', { share: shareId })
    const manifest = parseManifest(Uint8Array.from(readFileSync(blockPath(alice, contentId))))
    const theirs = manifest.chunks.map(cid => Uint8Array.from(readFileSync(blockPath(alice, cid))))
    const second = await alice.call('share.create', { conversation, to: ['bob'], title: 'second' })
    await alice.acknowledged(second.shareId)

    const eve = await eveWith(t, new MemoryHost(new Person('eve')), alice, bob)
    const share = new Ed25519Key(chance.bytes(32))
    const forged = encodeManifest({ ...manifest, shareKey: share.publicKey })
    const content = contentIdOf(forged)
    const fetch = new Ed25519Key(chance.bytes(32)).publicKey
    const slip = signSlip({ content, seq: 1, notBeforeMs: null, expiresMs: null, fetch }, share).wire
    for (const node of [alice, bob]) {
      const to = Did.parse(node.did)
      const asked: string[] = []
      await eve.network.deliver(
        { from: eve.me.did, to, envelopes: [junkEnvelope()], slip, manifest: forged },
        async cid => {
          asked.push(cid)
          return theirs[manifest.chunks.indexOf(cid)] ?? null
        },
        atOnce,
        signalOf(10_000),
      )
      t.same(asked, manifest.chunks, `${node.name} asks for what he has, as if he had it not`)
      await node.logged('inbox.unreadable')
      await eve.network.bury(eve.me.did, to, signTombstone(content, share).wire, signalOf(10_000))
    }
    await bob.stop()
    await alice.stop()
    await bob.start()
    t.match(await bob.call('inbox.open', { share: shareId }), { verified: true })
    t.equal(bob.blocks(), 4)
    t.equal(alice.blocks(), 4)
  },
)

const blockPath = (node: LiveNode, cid: string): string => join(node.home, 'blocks', cid.slice(-2), cid)

/** An envelope that nobody can open. */
const junkEnvelope = (): Uint8Array => encodeCbor({ v: 1, kind: 'device', sealed: chance.bytes(5_000) })

/** A recipient who takes everything and acknowledges as she likes. */
class Forger extends MemoryHost {
  forge: (delivery: Delivery) => Uint8Array = () => chance.bytes(300)
  override async onDelivered(delivery: Delivery): Promise<Uint8Array> {
    return this.forge(delivery)
  }
}

t.test('a forged receipt acknowledges nothing', async t => {
  const alice = await liveNode(t, 'alice')
  const host = new Forger(new Person('eve'))
  const eve = await eveWith(t, host, alice)
  const card = encodeCard({
    did: eve.me.did,
    directory: new Ed25519Key(chance.bytes(32)).publicKey,
    read: eve.me.read,
    peer: eve.network.peerId,
    addrs: eve.network.addrs(),
  })
  const { reachable } = await alice.call('contact.add', { card, name: 'eve' })
  t.ok(reachable)
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const standing = parseStanding(eve.me.standing).hash
  const nodeKey = new Ed25519Key(eve.me.nodeSeed)
  const facts = (delivery: Delivery) => ({
    atMs: clock.nowMs(),
    did: eve.me.did,
    content: null,
    envelope: envelopeHash(delivery.envelopes[0] ?? new Uint8Array(0)),
    standing,
  })
  const forgeries: Record<string, Forger['forge']> = {
    'bytes at random': () => chance.bytes(300),
    'over no content': delivery => signReceipt(facts(delivery), nodeKey).wire,
    'by a key that is not the one of her node': delivery => signReceipt(facts(delivery), eve.me.device).wire,
    'over another envelope': delivery =>
      signReceipt({ ...facts(delivery), envelope: chance.bytes(32) }, nodeKey).wire,
    'of somebody else': delivery =>
      signReceipt({ ...facts(delivery), did: Did.parse(alice.did) }, nodeKey).wire,
  }
  for (const [what, forge] of Object.entries(forgeries)) {
    let given = 0
    host.forge = delivery => {
      given++
      return forge(delivery)
    }
    const { shareId } = await alice.call('share.create', { conversation, to: ['eve'], title: what })
    await until('she was given it', () => given > 0)
    await alice.logged('job.retry', { share: shareId })
    const shown = await alice.call('share.show', { share: shareId })
    t.equal(shown.recipients[0]?.acknowledgedAt, null, what)
    t.equal(shown.state, 'queued', what)
    await alice.call('share.revoke', { share: shareId })
    await alice.call('peer.unblock', { peer: eve.network.peerId })
  }
})

t.test('a stranger fills no more than the room that strangers have, and a blocked one none', async t => {
  const bob = await liveNode(t, 'bob')
  const eve = await liveNode(t, 'eve')
  const { card } = await bob.call('contact.card', {})
  await eve.call('contact.add', { card, name: 'bob' })
  const conversation = await eve.converse('spam', 'buy', 'now')
  const shares: string[] = []
  for (let n = 0; n < 23; n++)
    shares.push((await eve.call('share.create', { conversation, to: ['bob'], title: `spam ${n}` })).shareId)
  await eve.logged('share.acknowledged', {}, 20)
  await bob.logged('inbox.refused', { why: 'quota' })
  await bob.logged('inbox.received', {}, 20)
  t.equal((await bob.inbox()).length, 20)
  t.ok((await bob.inbox()).every(({ state }) => state === 'held'))

  await bob.call('contact.block', { contact: eve.did })
  t.same(await bob.inbox(), [], 'what a blocked person sent is not shown')
  const before = bob.count('inbox.arrived')
  const more = await eve.call('share.create', { conversation, to: ['bob'], title: 'more' })
  await bob.logged('inbox.refused', { why: 'refused' })
  t.equal(bob.count('inbox.arrived'), before)
  t.match((await eve.call('share.show', { share: more.shareId })).recipients, [{ acknowledgedAt: null }])
  t.equal(await bob.codeOf('inbox.open', { share: shares[0] ?? '' }), 'contact/blocked')
})

t.test('circles of a stranger are few, small and not shown, until the stranger is accepted', async t => {
  const bob = await liveNode(t, 'bob')
  const eve = await liveNode(t, 'eve')
  const { card } = await bob.call('contact.card', {})
  await eve.call('contact.add', { card, name: 'bob' })
  for (let n = 0; n < 10; n++) {
    await eve.call('circle.create', { name: `spam ${n}` })
    await eve.call('circle.add', { circle: `spam ${n}`, contacts: ['bob'] })
  }
  await bob.logged('circle.entries-refused', {}, 2)
  t.same((await bob.call('circle.list', {})).circles, [], 'circles of a stranger are not shown')
  t.ok(bob.count('circle.updated') <= 8, 'and few are kept')
  await bob.call('contact.accept', { contact: eve.did })
  t.equal((await bob.call('circle.list', {})).circles.length, 8)
})
