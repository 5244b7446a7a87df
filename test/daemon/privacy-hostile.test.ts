/** Garbage at a whole daemon: on every protocol, on its socket, in cards and in the directory. */
import { createConnection } from 'node:net'
import t from 'tap'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { LABELS } from '../../src/core/crypto/labels.ts'
import { signObject } from '../../src/core/crypto/signed.ts'
import { encodeCard, parseCard } from '../../src/core/identity/card.ts'
import { slotKey } from '../../src/core/identity/slot.ts'
import { concat } from '../../src/core/kernel/bytes.ts'
import { cborFrame, frame, startEve } from '../kit/eve.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { chance, clock } from '../kit/network-host.ts'

t.setTimeout(180_000)

const MIB = 1024 * 1024

const addressOf = async (node: LiveNode): Promise<string> => {
  const { network } = await node.call('system.status', {})
  return `${network.addrs[0]}/p2p/${network.peerId}`
}
const rss = async (node: LiveNode): Promise<number> => (await node.call('system.status', {})).daemon.rssBytes

/** Bytes that no honest node sends, for a protocol of ours. */
const garbage = (did: string): Uint8Array[] => [
  frame(chance.bytes(4_000)),
  concat(Uint8Array.of(0xff, 0xff, 0xff, 0x7f), chance.bytes(100_000)),
  new Uint8Array(200).fill(0xff),
  frame(new Uint8Array(900_000).fill(0x81)),
  frame(Uint8Array.of(0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  cborFrame({ v: 1, kind: 'deliver', from: did, to: did, envelopes: [], slip: null, manifest: null }),
  cborFrame({ v: 1, ask: did, standing: chance.bytes(200), document: chance.bytes(60_000) }),
  cborFrame({ v: 2 }),
  Uint8Array.of(0),
]

t.test('garbage on every protocol leaves a daemon as it was', async t => {
  const bob = await liveNode(t, 'bob')
  const alice = await liveNode(t, 'alice')
  const address = await addressOf(bob)
  const before = await rss(bob)
  const protocols = ['/vivim/did/1', '/vivim/inbox/1', '/vivim/blocks/1', '/vivim/sync/1']
  const others = ['/vivim/kad/1.0.0', '/meshsub/1.1.0', '/vivim/id/1.0.0', '/ipfs/ping/1.0.0']
  for (const protocol of [...protocols, ...others]) {
    // Each time somebody else: who broke rules is kept out.
    const eve = await startEve(t)
    for (const bytes of garbage(bob.did)) void eve.ask(address, protocol, bytes)
    await eve.ask(address, protocol, frame(encodeCbor({ hello: 'you' })))
    await eve.node.stop()
  }
  await introduce(alice, bob)
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const { shareId } = await alice.call('share.create', { conversation, to: ['bob'] })
  await alice.acknowledged(shareId)
  await bob.logged('inbox.received', { share: shareId })
  t.match(await bob.call('inbox.open', { share: shareId }), { verified: true })
  t.ok((await rss(bob)) - before < 150 * MIB, 'its memory stays bounded')
  t.same(bob.noise, [])
  t.same(
    bob.lines.filter(({ level }) => Number(level) >= 50).map(({ event }) => event),
    [],
    'and no error of its own',
  )
})

t.test('garbage on the socket ends that connection, or is answered, and others go on', async t => {
  const bob = await liveNode(t, 'bob')
  const { socket } = await bob
    .call('system.status', {})
    .then(() => ({ socket: `${bob.home}/run/vivimd.sock` }))
  const before = await rss(bob)
  const lines: (string | Buffer)[] = [
    Buffer.from(chance.bytes(100_000)),
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    '[]\n[1,2,3]\nnull\n"x"\n{}\n',
    `{"jsonrpc":"2.0","id":1,"method":"share.create","params":${'['.repeat(50_000)}\n`,
    `{"jsonrpc":"2.0","id":1,"method":"__proto__","params":{}}\n`,
    `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'system.status', params: { ['__proto__']: 1 } })}\n`,
    `{"jsonrpc":"2.0","id":{},"method":"system.hello"}\n`,
    Buffer.alloc(8 * MIB, 'a'),
    '\u0000\n\n\n',
  ]
  for (const line of lines)
    await new Promise<void>(resolve => {
      const connection = createConnection(socket)
      const timer = setTimeout(() => connection.destroy(), 1_000)
      connection.on('error', () => undefined)
      connection.on('data', () => undefined)
      connection.on('close', () => {
        clearTimeout(timer)
        resolve()
      })
      connection.end(line)
    })
  t.match(await bob.call('system.status', {}), { identity: { name: 'bob' } })
  t.ok((await rss(bob)) - before < 150 * MIB)
  t.same(bob.noise, [])
})

t.test('hostile cards and slots are refused or lead nowhere', async t => {
  const bob = await liveNode(t, 'bob')
  const alice = await liveNode(t, 'alice')
  const { card } = await bob.call('contact.card', {})
  for (const bad of [
    '',
    'vivim1',
    'vivim1'.repeat(600),
    `${card}q`,
    card.replace(/.$/, last => (last === 'q' ? 'p' : 'q')),
    card.slice(0, -20),
    `\u202e${card}`,
    `bc1${card.slice(6)}`,
  ])
    t.match(await alice.codeOf('contact.add', { card: bad }), /^(card|rpc|usage)\//, bad.slice(0, 12))

  t.comment('a card of bob that names eve as his node, and a slot of hers under its key')
  const eve = await startEve(t)
  const directory = new Ed25519Key(chance.bytes(32))
  const real = parseCard(card)
  const forged = encodeCard({
    ...real,
    directory: directory.publicKey,
    peer: eve.peerId,
    addrs: [eve.address().replace(/\/p2p\/.*/, ''), '/ip4/127.0.0.1/tcp/1', '/dns4/nowhere.invalid/tcp/4747'],
  })
  await eve.connect(await addressOf(alice))
  const slot = signObject(
    LABELS.slot,
    { seq: 1, exp: clock.nowMs() + 60_000, body: chance.bytes(4_096) },
    directory,
  ).wire
  t.equal(
    await eve.dhtPut('vivimid', slotKey(directory.publicKey), slot),
    1,
    'which is well signed, and so it is stored',
  )
  const added = await alice.call('contact.add', { card: forged, name: 'bob' })
  t.equal(added.reachable, false, 'eve cannot show that she is a node of his')
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const { shareId } = await alice.call('share.create', { conversation, to: ['bob'] })
  t.match(await alice.call('share.show', { share: shareId }), {
    state: 'queued',
    recipients: [{ state: 'pending' }],
  })

  await alice.call('contact.add', { card, name: 'bob' })
  await alice.acknowledged(shareId)
  t.pass('the true card mends it')
})
