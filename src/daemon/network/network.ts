/** The daemon's network: one libp2p node, our protocols on it, one way to stop it all. */
import type { Connection } from '@libp2p/interface'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { cardAddrs } from './addresses.ts'
import { Blocks } from './blocks.ts'
import { Connections, POINTS } from './connections.ts'
import { NetworkDatastore, openNetworkDatabase } from './datastore.ts'
import { DEVICE_PROTOCOL, DeviceProtocol } from './device.ts'
import { DeviceExchange } from './device-exchange.ts'
import { dhtGet, dhtPut } from './dht.ts'
import { DidProofs } from './did.ts'
import { Discovery } from './discovery.ts'
import { Gossip } from './gossip.ts'
import { Inbox } from './inbox.ts'
import { PeerRates } from './limits.ts'
import { makeNode, startNode } from './node.ts'
import { type Log, Peering } from './peering.ts'
import type { Network, NetworkConfig, NetworkHost, PeerInfo } from './ports.ts'
import { CircleSync } from './sync.ts'

/** A node that does not end by itself in this time is left to the process's end. */
const STOP_MS = 2_000

export interface NetworkDeps {
  /** 32-byte Ed25519 seed of the node's key, from which its peer id follows. */
  readonly nodeSeed: Uint8Array
  /** `network.sqlite`. */
  readonly databasePath: string
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
}

/** Two nodes that dial each other at once have two connections: they are one peer. */
function onePerPeer(connections: PeerInfo[]): PeerInfo[] {
  const byPeer = new Map<string, PeerInfo>()
  for (const one of connections) if (!byPeer.has(one.peer)) byPeer.set(one.peer, one)
  return [...byPeer.values()]
}

/** Start the node and everything on it.
 *  @throws `daemon/port-in-use`, `home/config`. */
export async function startNetwork(
  config: NetworkConfig,
  host: NetworkHost,
  { nodeSeed, databasePath, clock, chance, log }: NetworkDeps,
): Promise<Network> {
  const stopping = new AbortController()
  const db = openNetworkDatabase(databasePath)
  try {
    const rates = new PeerRates(clock)
    const connections = new Connections(db, clock, log)
    const onBroken = (peer: string, why: string): void => connections.punish(peer, POINTS.brokenRule, why)
    const onGreedy = (peer: string, why: string): void => connections.punish(peer, POINTS.greedy, why)
    const datastore = new NetworkDatastore(db, clock, (peer, why, isLate) =>
      connections.punish(peer, isLate ? POINTS.late : POINTS.brokenRule, `a DHT record: ${why}`),
    )
    const { gater } = connections
    const node = await makeNode({
      config,
      seed: nodeSeed,
      datastore,
      gater,
      rates,
      clock,
      onBroken,
      onGreedy,
    })
    connections.attach(node)
    const peering = new Peering(node, connections, rates, log, stopping.signal)
    const proofs = new DidProofs(peering, host, log)
    const inbox = new Inbox(peering, proofs, host)
    const blocks = new Blocks(peering, host, clock)
    const sync = new CircleSync(peering, proofs, host, chance)
    const exchange = new DeviceExchange(peering, proofs, host, chance)
    const device = new DeviceProtocol(peering, host, exchange)
    const gossip = new Gossip(node.services.pubsub, host, rates, onBroken, log)
    const discovery = new Discovery(peering, proofs, host, chance, log, config.bootstrap)
    node.addEventListener('connection:close', event => proofs.forget(event.detail))
    for (const protocol of [proofs, inbox, blocks, sync, device]) await protocol.start()
    const { unbound } = await startNode(node, config.listen)
    for (const address of unbound) log('network.not-listening', { address })
    gossip.start()
    discovery.start()

    const info = (connection: Connection): PeerInfo => ({
      peer: connection.remotePeer.toString(),
      addrs: [connection.remoteAddr.toString().replace(/\/p2p\/[^/]+$/, '')],
      direction: connection.direction,
      did: null,
      latencyMs: connection.rtt ?? null,
    })

    return {
      peerId: peering.peerId,
      addrs: () =>
        cardAddrs(config.announce, node.services.inner.transportManager.getAddrs(), peering.peerId),
      listening: () => node.services.inner.transportManager.getAddrs().map(String),
      reachability: () => 'unknown',
      peers: () => onePerPeer(connections.open().map(info)),
      peersOf: local =>
        onePerPeer(
          connections.open().flatMap(connection => {
            const did = proofs.didsOn(connection, local).at(-1)
            return did === undefined ? [] : [{ ...info(connection), did }]
          }),
        ),
      provedTo: local => [
        ...new Set(
          [...connections.open(), peering.loopback].flatMap(connection => proofs.didsOn(connection, local)),
        ),
      ],
      forgetUser: local => proofs.forgetUser(local),
      connect: async (address, signal) => info(await peering.connect(address, signal)),
      block: peer => connections.block(peer),
      unblock: peer => connections.unblock(peer),
      prove: async (from, to, signal) => (await proofs.reach(from, to, signal)).proof,
      deliver: (delivery, getBlock, onStart, signal) => inbox.deliver(delivery, getBlock, onStart, signal),
      bury: (from, to, tombstone, signal) => inbox.bury(from, to, tombstone, signal),
      fetch: (request, onBlock, signal) => blocks.fetch(request, onBlock, signal),
      sync: (local, remote, signal) => sync.run(local, remote, signal),
      pair: device.pair,
      collect: device.collect,
      taken: device.taken,
      tellDocument: device.tell,
      recheck: did => proofs.recheck(did),
      syncDevice: (local, peer, signal) => exchange.run(DEVICE_PROTOCOL, local, peer, signal),
      gossip: (shard, bytes) => gossip.publish(shard, bytes),
      dhtPut: (namespace, key, value, signal) => dhtPut(node, clock, namespace, key, value, signal),
      dhtGet: (namespace, key, signal) => dhtGet(node, clock, namespace, key, signal),
      async stop() {
        stopping.abort()
        discovery.stop()
        const { promise: late, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, STOP_MS)
        await Promise.race([Promise.resolve(node.stop()), late])
        clearTimeout(timer)
        db.close()
      },
    }
  } catch (error) {
    stopping.abort()
    db.close()
    throw error
  }
}
