/** The libp2p node itself: transports, limits, services. Nothing here knows people or shares. */
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { type ConnectionGater, FaultTolerance, type Libp2p } from '@libp2p/interface'
import type { AddressManager, Registrar, TransportManager } from '@libp2p/interface-internal'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { toHex, utf8 } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { isAddress, isBound, isOwnTcp } from './addresses.ts'
import { type NetworkDatastore, putter } from './datastore.ts'
import { MIB } from './frames.ts'
import { MAX_GOSSIP_BYTES, SHARD_TOPICS } from './gossip.ts'
import type { PeerRates } from './limits.ts'
import { calmYamux } from './muxer.ts'
import type { NetworkConfig } from './ports.ts'
import { checkRecord, newestRecord } from './records.ts'

const KAD_PROTOCOL = '/vivim/kad/1.0.0'

/** Connections in all; and from one address in a second, so that one machine with many nodes can be told from a flood. */
const MAX_CONNECTIONS = 300
const INBOUND_A_SECOND = 100
/** What one stream may have under way. A paused stream must be able to keep it: the read buffer is twice as large. */
const MAX_WINDOW_BYTES = 2 * MIB
const READ_BUFFER_BYTES = 2 * MAX_WINDOW_BYTES
const MAX_STREAMS = 256

export interface Inner {
  readonly addressManager: AddressManager
  readonly transportManager: TransportManager
}

export type VivimNode = Libp2p<{ dht: KadDHT; pubsub: GossipSub; inner: Inner }>

export interface NodeParts {
  readonly config: NetworkConfig
  readonly seed: Uint8Array
  readonly datastore: NetworkDatastore
  readonly gater: ConnectionGater
  readonly rates: PeerRates
  readonly clock: Clock
  /** Told of a peer that breaks a rule of the directory. */
  readonly onBroken: (peer: string, why: string) => void
  /** Told of a peer that asks the directory for more than its share. */
  readonly onGreedy: (peer: string, why: string) => void
}

/** The key file as libp2p programs write it, from 32 bytes. */
const swarmKey = (psk: Uint8Array): Uint8Array => utf8(`/key/swarm/psk/1.0.0/\n/base16/\n${toHex(psk)}`)

/** A node that is not started yet. @throws `home/config` for addresses that cannot be read. */
export async function makeNode({
  config,
  seed,
  datastore,
  gater,
  rates,
  clock,
  onBroken,
  onGreedy,
}: NodeParts): Promise<VivimNode> {
  for (const field of ['listen', 'announce', 'bootstrap'] as const)
    for (const address of config[field])
      if (!isAddress(address))
        throw new VivimError('home/config', `not a multiaddr: ${address}`, { field: `network.${field}` })
  try {
    return await createLibp2p({
      start: false,
      privateKey: await generateKeyPairFromSeed('Ed25519', seed),
      nodeInfo: { name: 'vivim', version: '1', userAgent: 'vivim' },
      datastore,
      addresses: { listen: config.listen, appendAnnounce: config.announce },
      transports: [tcp()],
      ...(config.psk && { connectionProtector: preSharedKey({ psk: swarmKey(config.psk) }) }),
      connectionEncrypters: [noise()],
      streamMuxers: [
        calmYamux({
          maxInboundStreams: MAX_STREAMS,
          maxOutboundStreams: MAX_STREAMS,
          streamOptions: { maxStreamWindowSize: MAX_WINDOW_BYTES, maxReadBufferLength: READ_BUFFER_BYTES },
        }),
      ],
      peerDiscovery: config.mdns ? [mdns({ serviceTag: '_vivim._udp.local' })] : [],
      connectionGater: gater,
      connectionManager: {
        maxConnections: MAX_CONNECTIONS,
        inboundConnectionThreshold: INBOUND_A_SECOND,
        maxIncomingPendingConnections: 64,
      },
      transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
      services: {
        identify: identify({ protocolPrefix: 'vivim' }),
        identifyPush: identifyPush({ protocolPrefix: 'vivim' }),
        ping: ping(),
        pubsub: gossipsub({
          // Who published is nobody's business: messages are sealed and judged by what is inside.
          globalSignaturePolicy: 'StrictNoSign',
          allowedTopics: [...SHARD_TOPICS],
          allowPublishToZeroTopicPeers: true,
          maxInboundDataLength: 4 * MAX_GOSSIP_BYTES,
          maxOutboundBufferSize: 4 * MIB,
          decodeRpcLimits: {
            maxSubscriptions: 64,
            maxMessages: 256,
            maxIhaveMessageIDs: 1000,
            maxIwantMessageIDs: 1000,
            maxIdontwantMessageIDs: 512,
            maxControlMessages: 128,
            maxPeerInfos: 16,
          },
          // Many nodes behind one address are a household or a test, not an attack by itself.
          scoreParams: { IPColocationFactorWeight: 0 },
        }),
        dht: (components: KadComponents) =>
          kadDHT({
            protocol: KAD_PROTOCOL,
            clientMode: false,
            // With nobody there a question is answered at once, from what lies here.
            allowQueryWithZeroPeers: true,
            peerInfoMapper: passthroughMapper,
            validators: Object.fromEntries(
              ['vivimid', 'vivimrec'].map(namespace => [
                namespace,
                (key: Uint8Array, value: Uint8Array) => {
                  try {
                    checkRecord(key, value, clock.nowMs())
                  } catch (error) {
                    // Only a peer that is putting can be blamed: what we find elsewhere may come from anybody.
                    const peer = putter.getStore()
                    if (peer !== undefined) onBroken(peer, `a DHT record: ${(error as Error).message}`)
                    throw error
                  }
                },
              ]),
            ),
            selectors: Object.fromEntries(
              ['vivimid', 'vivimrec'].map(namespace => [
                namespace,
                (key: Uint8Array, values: Uint8Array[]) => newestRecord(key, values, clock.nowMs()),
              ]),
            ),
          })(withPutter(components, rates, onGreedy)),
        inner: (components: Inner): Inner => ({
          addressManager: components.addressManager,
          transportManager: components.transportManager,
        }),
      },
    })
  } catch (cause) {
    if (cause instanceof VivimError) throw cause
    throw new VivimError(
      'home/config',
      `the network cannot be set up: ${cause instanceof Error ? cause.message : 'unknown reason'}`,
      { field: 'network.listen' },
      { cause },
    )
  }
}

type KadComponents = Parameters<ReturnType<typeof kadDHT>>[0]

/** kad-dht's components, but its handler runs where the datastore can see which peer is putting, and within that peer's rate. */
function withPutter(
  components: KadComponents,
  rates: PeerRates,
  onGreedy: NodeParts['onGreedy'],
): KadComponents {
  const registrar: Pick<Registrar, 'handle'> = {
    handle: (protocol, handler, options) =>
      components.registrar.handle(
        protocol,
        async (stream, connection) => {
          const peer = connection.remotePeer.toString()
          const tooMuch = (): void => {
            stream.abort(new Error('too many requests'))
            onGreedy(peer, 'the directory: too many requests')
          }
          if (!rates.take(peer, 'dht')) return tooMuch()
          stream.addEventListener('message', ({ data }) => {
            if (!rates.take(peer, 'dhtBytes', data.byteLength)) tooMuch()
          })
          try {
            await putter.run(peer, async () => await handler(stream, connection))
          } catch (error) {
            stream.abort(error instanceof Error ? error : new Error('failed'))
          }
        },
        options,
      ),
  }
  const wrapped = new Proxy(components.registrar, {
    get: (target, name) => {
      if (name === 'handle') return registrar.handle
      const member = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return new Proxy(components, {
    get: (target, name) => (name === 'registrar' ? wrapped : Reflect.get(target, name)),
  })
}

/** Start listening. @throws `daemon/port-in-use` when none of the TCP addresses that are wanted could be bound. */
export async function startNode(node: VivimNode, listen: readonly string[]): Promise<{ unbound: string[] }> {
  const wanted = listen.filter(isOwnTcp)
  try {
    await node.start()
  } catch (cause) {
    await node.stop()
    throw portInUse(wanted, cause)
  }
  const bound = node.services.inner.transportManager.getAddrs()
  const unbound = wanted.filter(address => !isBound(address, bound))
  if (wanted.length > 0 && unbound.length === wanted.length) {
    await node.stop()
    throw portInUse(wanted, null)
  }
  return { unbound }
}

const portInUse = (wanted: readonly string[], cause: unknown): VivimError =>
  new VivimError(
    'daemon/port-in-use',
    `none of the addresses to listen on is free: ${wanted.join(', ')}`,
    { listen: wanted.join(', ') },
    { cause },
  )
