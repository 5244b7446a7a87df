import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import t from 'tap'
import { cardAddrs, dialable, parsePeerAddress } from '../../src/daemon/network/addresses.ts'
import { home, knows, MemoryHost, Person, signalOf, until } from '../kit/network-host.ts'

const portOf = (address: string): number => Number(address.split('/tcp/')[1])

t.test('a port that is taken is named; with a second address that is free the node starts', async t => {
  const server = createServer()
  const port = await new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  t.teardown(() => server.close())
  const busy = `/ip4/127.0.0.1/tcp/${port}`
  await t.rejects(home('alice', t.teardown, { listen: [busy] }), {
    code: 'daemon/port-in-use',
    details: { listen: busy },
  })
  const both = await home('alice', t.teardown, { listen: [busy, '/ip4/127.0.0.1/tcp/0'] })
  t.equal(both.network.addrs().length, 1)
  t.not(portOf(both.network.addrs()[0] ?? ''), port)
  t.ok(both.host.log.some(({ event }) => event === 'network.not-listening'))
  await t.rejects(home('alice', t.teardown, { listen: ['/ip4/everywhere'] }), { code: 'home/config' })
})

t.test('who lacks the pre-shared key of a closed network is not talked to', async t => {
  const psk = new Uint8Array(32).fill(7)
  const alice = await home('alice', t.teardown, { psk })
  const bob = await home('bob', t.teardown, { psk })
  const eve = await home('eve', t.teardown, { psk: new Uint8Array(32).fill(8) })
  const open = await home('carol', t.teardown)
  for (const other of [bob, eve, open]) {
    knows(alice, other)
    knows(other, alice)
  }
  await bob.network.prove(bob.me.did, alice.me.did, signalOf(5_000))
  for (const outsider of [eve, open])
    await t.rejects(outsider.network.prove(outsider.me.did, alice.me.did, signalOf(5_000)), {
      code: 'peer/unreachable',
    })
})

t.test('a blocked peer is hung up and cannot come back until it is unblocked', async t => {
  const alice = await home('alice', t.teardown)
  const eve = await home('eve', t.teardown)
  const address = `${alice.network.addrs()[0]}/p2p/${alice.network.peerId}`
  knows(alice, eve)
  knows(eve, alice)
  await eve.network.prove(eve.me.did, alice.me.did, signalOf(5_000))
  await alice.network.block(eve.network.peerId)
  await until('eve is hung up', () => eve.network.peers().length === 0)
  await t.rejects(eve.network.prove(eve.me.did, alice.me.did, signalOf(5_000)), { code: 'peer/unreachable' })
  await t.rejects(alice.network.prove(alice.me.did, eve.me.did, signalOf(5_000)), {
    code: 'peer/unreachable',
  })
  t.equal(await alice.network.unblock(eve.network.peerId), true)
  await until('eve is back', () => eve.network.connect(address, signalOf(5_000)).catch(() => null))
  t.equal(await alice.network.unblock(eve.network.peerId), false)
  await t.rejects(alice.network.block('everybody'), { code: 'peer/bad-address' })
})

t.test('two nodes that never heard of each other meet on the local network', async t => {
  const alice = await home('alice', t.teardown, { mdns: true, listen: ['/ip4/0.0.0.0/tcp/0'] })
  const bob = await home('bob', t.teardown, { mdns: true, listen: ['/ip4/0.0.0.0/tcp/0'] })
  await until('they meet', () => alice.network.peers().some(({ peer }) => peer === bob.network.peerId))
  t.pass()
})

t.test('a restarted alice finds her contact again without being asked', async t => {
  const bob = await home('bob', t.teardown)
  const me = new Person('alice')
  bob.host.contacts.set(me.did, [])
  const alice = await home('alice', t.teardown, {}, ':memory:', me)
  knows(alice, bob)
  await alice.network.stop()
  const host = new MemoryHost(me)
  knows({ ...alice, host }, bob)
  host.dial.push({ local: me.did, remote: bob.me.did })
  const again = await home('alice', t.teardown, {}, ':memory:', me, host)
  t.equal((await bob.host.next('proved')).did, me.did)
  t.equal((await again.host.next('proved')).did, bob.me.did)
})

t.test('addresses for a card and for dialling', t => {
  const peer = new Person('bob').peer
  const listening = [
    '/ip4/127.0.0.1/tcp/4747',
    '/ip6/::1/tcp/4747',
    '/ip4/192.168.1.7/tcp/4747',
    '/ip6/fe80::1/tcp/4747',
  ]
  t.same(
    cardAddrs(
      ['/dns4/bob.example/tcp/4747'],
      listening.map(text => multiaddr(text)),
      peer,
    ),
    [
      '/dns4/bob.example/tcp/4747',
      '/ip4/192.168.1.7/tcp/4747',
      '/ip4/127.0.0.1/tcp/4747',
      '/ip6/::1/tcp/4747',
    ],
  )
  const many = Array.from({ length: 20 }, (_, n) => multiaddr(`/ip4/10.0.0.${n}/tcp/1`))
  const few = cardAddrs([], [...many, multiaddr('/ip4/127.0.0.1/tcp/1')], peer)
  t.equal(few.length, 8)
  t.equal(few.at(-1), '/ip4/127.0.0.1/tcp/1')
  t.same(
    dialable({ peer, addrs: ['/ip4/10.0.0.1/tcp/1', 'rubbish', '/ip4/10.0.0.1', '/unix/tmp'] }).map(String),
    [`/ip4/10.0.0.1/tcp/1/p2p/${peer}`],
  )
  t.same(dialable({ peer: 'rubbish', addrs: ['/ip4/10.0.0.1/tcp/1'] }), [])
  for (const text of [
    '',
    'x',
    '/ip4/10.0.0.1/tcp/1',
    `/ip4/10.0.0.1/p2p/${peer}`,
    '/ip4/10.0.0.1/tcp/1/p2p/x',
    'y'.repeat(9999),
  ])
    t.throws(() => parsePeerAddress(text), { code: 'peer/bad-address' }, text.slice(0, 40))
  t.equal(parsePeerAddress(`/ip4/10.0.0.1/tcp/1/p2p/${peer}`).peer, peer)
  t.end()
})
