import t from 'tap'
import { sameBytes } from '../../src/core/kernel/bytes.ts'
import { codeOf } from '../../src/core/kernel/errors.ts'
import type { Delivery } from '../../src/daemon/network/ports.ts'
import { chance, type Home, home, knows, sealed, signalOf } from '../kit/network-host.ts'

const noBlocks = async () => null
const atOnce = async () => undefined

const letter = (from: Home, to: Home, content: ReturnType<typeof sealed> | null = null): Delivery => ({
  from: from.me.did,
  to: to.me.did,
  envelopes: [chance.bytes(5_000)],
  slip: content?.slip ?? null,
  manifest: content?.manifest ?? null,
})

t.test('alice delivers content to bob, who holds every block when he gives his receipt', async t => {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  const content = sealed(20)
  bob.host.manifests.set(content.content, content.cids)
  const delivery = letter(alice, bob, content)
  let started = 0
  const receipt = await alice.network.deliver(
    delivery,
    async cid => content.blocks.get(cid) ?? null,
    async () => {
      started++
    },
    signalOf(10_000),
  )
  t.equal(started, 1)
  t.ok(receipt.length > 64)
  t.equal(bob.host.deliveries.length, 1)
  t.same(bob.host.deliveries[0]?.envelopes, delivery.envelopes)
  t.ok(
    [...content.blocks].every(([cid, bytes]) =>
      sameBytes(bob.host.blocks.get(cid) ?? new Uint8Array(), bytes),
    ),
  )

  const again = await alice.network.deliver(delivery, noBlocks, atOnce, signalOf(10_000))
  t.same(again, receipt, 'a second delivery gets the same receipt and moves no block')
  t.equal(bob.host.deliveries.length, 1)
  t.equal(bob.host.judged, 1, 'who alice is was proved once')
})

t.test(
  'a node of alice that may not deliver is refused, and heard once she lets it, on the same connection',
  async t => {
    const alice = await home('alice', t.teardown)
    const bob = await home('bob', t.teardown)
    knows(alice, bob)
    knows(bob, alice)
    alice.me.standing = alice.me.allow('receive', 'keep')
    const delivery = letter(alice, bob)
    const deliver = () => alice.network.deliver(delivery, noBlocks, atOnce, signalOf(10_000))
    await t.rejects(deliver(), { code: 'peer/refused', details: { why: 'unproved' } })
    t.equal(bob.host.deliveries.length, 0)
    t.equal(bob.host.judged, 2, 'her statement was shown once more, and no more')
    alice.me.standing = alice.me.allow('deliver')
    await deliver()
    t.equal(bob.host.deliveries.length, 1)
    t.equal(bob.host.judged, 3)
  },
)

t.test('a bob whose disk is slow makes alice wait, and gets everything', async t => {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  const content = sealed(400)
  bob.host.manifests.set(content.content, content.cids)
  bob.host.diskMs = 1
  await alice.network.deliver(
    letter(alice, bob, content),
    async cid => content.blocks.get(cid) ?? null,
    atOnce,
    signalOf(60_000),
  )
  t.equal(bob.host.blocks.size, 400)
})

t.test('bob learns who is there when alice proves herself, and both see each other as peers', async t => {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  const proof = await alice.network.prove(alice.me.did, bob.me.did, signalOf(5_000))
  t.equal(proof.did, bob.me.did)
  t.equal(proof.peer, bob.network.peerId)
  t.equal((await bob.host.next('proved')).did, alice.me.did)
  t.equal((await alice.host.next('proved')).did, bob.me.did)
  t.match(alice.network.peersOf(alice.me.did), [{ peer: bob.network.peerId, did: bob.me.did }])
  t.match(bob.network.peersOf(bob.me.did), [{ peer: alice.network.peerId, did: alice.me.did }])
  t.same(alice.network.provedTo(alice.me.did), [bob.me.did])
  t.same(alice.network.provedTo(bob.me.did), [], 'to whom nothing was proved')
  t.same(
    alice.network.peers().map(({ did }) => did),
    [null],
    'whose node it is stands in no list for everybody',
  )
})

t.test('a node that dials its contacts at start is proved without anybody asking', async t => {
  const bob = await home('bob', t.teardown)
  const alice = await home('alice', t.teardown)
  knows(bob, alice)
  knows(alice, bob)
  await bob.network.connect(`${alice.network.addrs()[0]}/p2p/${alice.network.peerId}`, signalOf(5_000))
  t.equal((await alice.host.next('proved')).did, bob.me.did)
  t.equal((await bob.host.next('proved')).did, alice.me.did)
})

t.test('a stranger with the card is answered; without it, a known and an unknown DID look alike', async t => {
  const bob = await home('bob', t.teardown)
  const eve = await home('eve', t.teardown)
  const nobody = (await home('nobody', t.teardown)).me.did
  eve.host.contacts.set(bob.me.did, [{ peer: bob.network.peerId, addrs: bob.network.addrs() }])
  eve.host.contacts.set(nobody, [{ peer: bob.network.peerId, addrs: bob.network.addrs() }])
  const answers: unknown[] = []
  for (const did of [bob.me.did, nobody])
    await eve.network.prove(eve.me.did, did, signalOf(5_000)).catch(error => {
      answers.push([codeOf(error), error.message])
    })
  t.equal(answers.length, 2)
  t.same(answers[0], answers[1])
  t.equal(bob.network.peers()[0]?.did, null)
  eve.host.cards.set(bob.me.did, bob.me.read)
  t.equal((await eve.network.prove(eve.me.did, bob.me.did, signalOf(5_000))).did, bob.me.did)
})

t.test('bob may refuse a delivery, and a tombstone reaches him', async t => {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  bob.host.refuse = 'blocked'
  await t.rejects(alice.network.deliver(letter(alice, bob), noBlocks, atOnce, signalOf(5_000)), {
    code: 'peer/refused',
    details: { why: 'blocked' },
  })
  const tombstone = chance.bytes(200)
  await alice.network.bury(alice.me.did, bob.me.did, tombstone, signalOf(5_000))
  t.same(await bob.host.next('buried'), tombstone)
})

t.test('a bob who is switched off is unreachable, soon', async t => {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  await bob.network.stop()
  await t.rejects(alice.network.deliver(letter(alice, bob), noBlocks, atOnce, signalOf(20_000)), {
    code: 'peer/unreachable',
  })
})
