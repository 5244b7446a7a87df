/** Eve: a libp2p node of her own that follows none of our rules, joins everything she can, and keeps every byte that she ever gets. */
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Test } from 'tap'
import { type CborValue, encodeCbor } from '../../src/core/crypto/cbor.ts'
import { concat } from '../../src/core/kernel/bytes.ts'
import { SHARD_TOPICS } from '../../src/daemon/network/gossip.ts'
import { recordKey } from '../../src/daemon/network/records.ts'
import { Person, signalOf } from './network-host.ts'

/** An exchange that says nothing for so long is over. */
const QUIET_MS = 1_500

const length = (value: number): Uint8Array => {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80)
  return Uint8Array.from([...out, rest])
}

/** A frame as our protocols have them. */
export const frame = (bytes: Uint8Array): Uint8Array => concat(length(bytes.length), bytes)
export const cborFrame = (value: CborValue): Uint8Array => frame(encodeCbor(value))

export async function startEve(t: Test, me = new Person('eve')) {
  /** Everything that anybody sent her. */
  const got: Uint8Array[] = []
  const keep = (bytes: Uint8Array): void => void got.push(Uint8Array.from(bytes))
  const taken = (key: Uint8Array, value: Uint8Array): void => {
    keep(key)
    keep(value)
  }
  const validators = Object.fromEntries(
    ['vivimid', 'vivimrec'].map(name => [
      name,
      async (key: Uint8Array, value: Uint8Array) => taken(key, value),
    ]),
  )
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', me.nodeSeed),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify({ protocolPrefix: 'vivim' }),
      ping: ping(),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true }),
      // A server: what others store in the DHT comes to her too.
      dht: kadDHT({
        protocol: '/vivim/kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        validators,
        selectors: { vivimid: () => 0, vivimrec: () => 0 },
      }),
    },
  })
  t.teardown(() => node.stop())
  const { pubsub, dht } = node.services
  pubsub.addEventListener('message', ({ detail }) => keep(detail.data))
  for (const topic of SHARD_TOPICS) pubsub.subscribe(topic)

  /** Read until the other side ends or falls silent. */
  const answers = (stream: Stream): Promise<Uint8Array> =>
    new Promise(resolve => {
      const pieces: Uint8Array[] = []
      const finish = (): void => {
        clearTimeout(timer)
        resolve(concat(...pieces))
      }
      let timer = setTimeout(finish, QUIET_MS)
      stream.addEventListener('message', ({ data }) => {
        const bytes = Uint8Array.from(data.subarray())
        pieces.push(bytes)
        keep(bytes)
        clearTimeout(timer)
        timer = setTimeout(finish, QUIET_MS)
      })
      stream.addEventListener('close', finish)
      stream.addEventListener('remoteCloseWrite', finish)
    })

  return {
    me,
    node,
    got,
    pubsub,
    peerId: node.peerId.toString(),
    /** Her own multiaddr, with her peer id. */
    address: (): string => node.getMultiaddrs()[0]?.toString() ?? '',
    connect: async (address: string): Promise<void> => {
      await node.dial(multiaddr(address), { signal: signalOf(5_000) })
    },
    /** Say these bytes on a protocol. @returns what came back before the end or a silence. */
    async ask(address: string, protocol: string, bytes: Uint8Array): Promise<Uint8Array> {
      try {
        const stream = await node.dialProtocol(multiaddr(address), protocol, { signal: signalOf(5_000) })
        const all = answers(stream)
        stream.send(bytes)
        const answer = await all
        stream.abort(new Error('heard enough'))
        return answer
      } catch {
        // Hung up on before she could speak.
        return new Uint8Array(0)
      }
    },
    /** Put a value at whoever takes it. @returns how many did. */
    async dhtPut(namespace: 'vivimid' | 'vivimrec', hash: Uint8Array, value: Uint8Array): Promise<number> {
      let stored = 0
      try {
        for await (const event of dht.put(recordKey(namespace, hash), value, { signal: signalOf(4_000) }))
          if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') stored++
      } catch {
        // Hung up on.
      }
      return stored
    },
    async dhtGet(namespace: 'vivimid' | 'vivimrec', hash: Uint8Array): Promise<number> {
      let values = 0
      try {
        for await (const event of dht.get(recordKey(namespace, hash), { signal: signalOf(4_000) })) {
          if (event.name !== 'VALUE') continue
          values++
          keep(event.value)
        }
      } catch {
        // Not found.
      }
      return values
    },
  }
}

export type Eve = Awaited<ReturnType<typeof startEve>>
