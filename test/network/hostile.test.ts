/** What eve may do with a libp2p node of her own that follows none of our rules. */
import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import t from 'tap'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { LABELS } from '../../src/core/crypto/labels.ts'
import { signObject } from '../../src/core/crypto/signed.ts'
import { slotKey } from '../../src/core/identity/slot.ts'
import { concat } from '../../src/core/kernel/bytes.ts'
import { codeOf } from '../../src/core/kernel/errors.ts'
import { SHARD_TOPICS } from '../../src/daemon/network/gossip.ts'
import { recordKey } from '../../src/daemon/network/records.ts'
import { chance, clock, type Home, home, knows, sealed, signalOf, until } from '../kit/network-host.ts'

type Teardown = { teardown(stop: () => unknown): void }

const OURS = ['/vivim/did/1', '/vivim/inbox/1', '/vivim/blocks/1', '/vivim/sync/1']

async function eveNode(t: Teardown): Promise<Libp2p> {
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  t.teardown(() => node.stop())
  return node
}

const addressOf = ({ network }: Home) => multiaddr(`${network.addrs()[0]}/p2p/${network.peerId}`)

/** Whether the other side ended the stream, within `ms`. */
function ended(stream: Stream, ms = 30_000): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), ms)
    const done = () => {
      clearTimeout(timer)
      resolve(true)
    }
    stream.addEventListener('message', () => undefined)
    stream.addEventListener('close', done)
    stream.addEventListener('remoteCloseWrite', done)
    if (stream.status !== 'open' || stream.remoteWriteStatus !== 'writable') done()
  })
}

const length = (value: number): Uint8Array => {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80)
  return Uint8Array.from([...out, rest])
}
const frame = (bytes: Uint8Array): Uint8Array => concat(length(bytes.length), bytes)

async function worksStill(t: Teardown, bob: Home): Promise<boolean> {
  const alice = await home('alice', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  const receipt = await alice.network.deliver(
    { from: alice.me.did, to: bob.me.did, envelopes: [chance.bytes(100)], slip: null, manifest: null },
    async () => null,
    async () => undefined,
    signalOf(10_000),
  )
  return receipt.length > 0
}

const garbage: [string, () => Uint8Array][] = [
  ['bytes at random', () => frame(chance.bytes(2_000))],
  ['a frame longer than any', () => concat(length(200_000_000), chance.bytes(1_000))],
  ['a length without end', () => new Uint8Array(64).fill(0xff)],
  ['dag-cbor of another shape', () => frame(encodeCbor({ v: 1, hello: 'you' }))],
  ['a number', () => frame(encodeCbor(7))],
  ['nested lists', () => frame(new Uint8Array(900_000).fill(0x81))],
  ['an empty frame', () => Uint8Array.of(0)],
]

t.test('garbage on every protocol ends the stream; who goes on is hung up and kept out', async t => {
  const bob = await home('bob', t.teardown)
  for (const [what, make] of garbage) {
    const eve = await eveNode(t)
    for (const protocol of OURS) {
      const stream = await eve.dialProtocol(addressOf(bob), protocol, { signal: signalOf(5_000) })
      const over = ended(stream)
      try {
        stream.send(make())
      } catch {
        // The inbox answers and closes before it reads: eve proved nothing.
      }
      t.ok(await over, `${protocol}: ${what}`)
      if (eve.getConnections().length === 0) break
    }
    await eve.stop()
  }
  const banned = bob.host.log.filter(({ event, fields }) => event === 'network.rule-broken' && fields.banned)
  t.ok(banned.length > 0)
  t.ok(await worksStill(t, bob), 'alice still gets through')
})

t.test('a hundred streams at once are turned away, and bob answers others', async t => {
  const bob = await home('bob', t.teardown)
  const eve = await eveNode(t)
  const connection = await eve.dial(addressOf(bob))
  const streams = await Promise.allSettled(
    Array.from({ length: 100 }, () => connection.newStream('/vivim/did/1', { maxOutboundStreams: 1_000 })),
  )
  t.equal(streams.length, 100)
  t.ok(await worksStill(t, bob), 'alice still gets through')
})

t.test('a sender who proved nothing is refused before bob reads what they send', async t => {
  const bob = await home('bob', t.teardown)
  const eve = await eveNode(t)
  const stream = await eve.dialProtocol(addressOf(bob), '/vivim/inbox/1')
  const answer = new Promise<Uint8Array>(resolve => {
    stream.addEventListener('message', ({ data }) => resolve(data.subarray()))
  })
  const refusal = await answer
  t.same(refusal, frame(encodeCbor({ ok: false, why: 'unproved' })))
  t.equal(bob.host.deliveries.length, 0)
})

t.test('a statement of another node proves nothing', async t => {
  const bob = await home('bob', t.teardown)
  const alice = await home('alice', t.teardown)
  const eve = await home('eve', t.teardown)
  knows(bob, alice)
  eve.host.contacts.set(bob.me.did, [{ peer: bob.network.peerId, addrs: bob.network.addrs() }])
  // Eve replays what she once saw of alice.
  eve.host.proofOf = () => ({ standing: alice.me.standing, document: alice.me.document.wire })
  await t.rejects(eve.network.prove(eve.me.did, bob.me.did, signalOf(5_000)), { code: 'peer/refused' })
  t.equal(bob.network.peers()[0]?.did ?? null, null)
})

t.test('a block that is not what its CID names is never kept, and its sender is kept out', async t => {
  const bob = await home('bob', t.teardown)
  const eve = await home('eve', t.teardown)
  knows(bob, eve)
  knows(eve, bob)
  const content = sealed(3)
  bob.host.manifests.set(content.content, content.cids)
  const error = await eve.network
    .deliver(
      {
        from: eve.me.did,
        to: bob.me.did,
        envelopes: [chance.bytes(99)],
        slip: content.slip,
        manifest: content.manifest,
      },
      async () => chance.bytes(65_552),
      async () => undefined,
      signalOf(10_000),
    )
    .catch(error => error)
  t.equal(codeOf(error), 'peer/unreachable')
  t.equal(bob.host.blocks.size, 0)
  t.equal(bob.host.deliveries.length, 0)
  await until('eve is hung up', () => eve.network.peers().length === 0)
  await t.rejects(eve.network.prove(eve.me.did, bob.me.did, signalOf(5_000)), { code: 'peer/unreachable' })
})

t.test('a receiver who asks for blocks of something else gets none', async t => {
  const alice = await home('alice', t.teardown)
  const bob = await home('bob', t.teardown)
  knows(alice, bob)
  knows(bob, alice)
  const [shared, secret] = [sealed(2), sealed(2)]
  bob.host.manifests.set(shared.content, secret.cids)
  let read = 0
  await t.rejects(
    alice.network.deliver(
      {
        from: alice.me.did,
        to: bob.me.did,
        envelopes: [chance.bytes(9)],
        slip: shared.slip,
        manifest: shared.manifest,
      },
      async cid => {
        read++
        return secret.blocks.get(cid) ?? null
      },
      async () => undefined,
      signalOf(10_000),
    ),
    { code: 'peer/protocol' },
  )
  t.equal(read, 0)
})

t.test('blocks are served to whoever has the fetch key, and to nobody else', async t => {
  const bob = await home('bob', t.teardown)
  const carol = await home('carol', t.teardown)
  const content = sealed(30)
  bob.host.held.set(content.content, { slip: content.slip, manifest: content.manifest })
  for (const [cid, bytes] of content.blocks) bob.host.blocks.set(cid, bytes)
  const holders = [{ peer: bob.network.peerId, addrs: bob.network.addrs() }]
  const got = new Set<string>()
  const onBlock = async (cid: string) => void got.add(cid)
  const request = { content: content.content, want: content.cids, holders, fetchKey: content.fetchKey }
  const answer = await carol.network.fetch(request, onBlock, signalOf(10_000))
  t.same(answer.slip, content.slip)
  t.equal(got.size, 30)
  const manifest = await carol.network.fetch({ ...request, want: [] }, onBlock, signalOf(10_000))
  t.same(manifest.manifest, content.manifest)
  await t.rejects(
    carol.network.fetch(
      { ...request, fetchKey: new Ed25519Key(chance.bytes(32)) },
      onBlock,
      signalOf(10_000),
    ),
    {
      code: 'peer/unreachable',
    },
  )
  bob.host.blocks.delete(content.cids[7] ?? content.content)
  await t.rejects(carol.network.fetch(request, onBlock, signalOf(10_000)), { code: 'peer/unreachable' })
})

t.test('bad records that eve puts are stored nowhere', async t => {
  const bob = await home('bob', t.teardown)
  const eve = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify({ protocolPrefix: 'vivim' }),
      ping: ping(),
      dht: kadDHT({
        protocol: '/vivim/kad/1.0.0',
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        validators: { vivimid: async () => undefined, other: async () => undefined },
        selectors: { vivimid: () => 0, other: () => 0 },
      }),
    },
  })
  t.teardown(() => eve.stop())
  await eve.dial(addressOf(bob))
  const key = new Ed25519Key(chance.bytes(32))
  const name = slotKey(key.publicKey)
  const slot = (seq: number, size = 100): Uint8Array =>
    signObject(LABELS.slot, { seq, exp: clock.nowMs() + 60_000, body: chance.bytes(size) }, key).wire
  const good = slot(4)
  await bob.network.dhtPut('vivimid', name, good, signalOf(2_000))
  const bad: Uint8Array[] = [chance.bytes(200), slot(3), slot(4), slot(9, 120_000)]
  for (const value of bad) {
    let stored = 0
    const puts = eve.services.dht.put(recordKey('vivimid', name), value, { signal: signalOf(3_000) })
    try {
      for await (const event of puts)
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') stored++
    } catch {
      // Bob hung up.
    }
    t.equal(stored, 0)
    t.same(await bob.network.dhtGet('vivimid', name, signalOf(2_000)), good)
  }
  t.ok(
    bob.host.log.some(
      ({ event, fields }) => event === 'network.rule-broken' && String(fields.why).startsWith('a DHT record'),
    ),
    'and they count against eve',
  )
})

t.test('gossip of a stranger who breaks its rules goes nowhere', async t => {
  const bob = await home('bob', t.teardown)
  const carol = await home('carol', t.teardown)
  const eve = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify({ protocolPrefix: 'vivim' }),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true }),
    },
  })
  t.teardown(() => eve.stop())
  await carol.network.connect(addressOf(bob).toString(), signalOf(5_000))
  const [topic = ''] = SHARD_TOPICS
  await eve.dial(addressOf(bob))
  // Topics may come in several messages: the first does not tell of all.
  await until('eve knows what bob listens to', () => eve.services.pubsub.getSubscribers(topic).length > 0)
  bob.host.gossipVerdict = 'reject'
  await eve.services.pubsub.publish(topic, chance.bytes(70_000)).catch(() => undefined)
  const sent = chance.bytes(300)
  await eve.services.pubsub.publish(topic, sent)
  t.same(await bob.host.next('gossip'), sent, 'the one of a possible size is judged')
  bob.host.gossipVerdict = 'accept'
  const honest = chance.bytes(200)
  await bob.network.gossip(0, honest)
  t.same(await carol.host.next('gossip'), honest, 'carol hears bob first, so nothing of eve came through')
})
