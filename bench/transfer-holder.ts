/** The other side of the transfer: a node that holds sealed content, and a bare node that sends as many bytes to whoever asks. */
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { linkOf } from '../src/core/crypto/cid.ts'
import { fetchKey, sealContent } from '../src/core/crypto/content.ts'
import { Ed25519Key } from '../src/core/crypto/ed25519.ts'
import { LABELS } from '../src/core/crypto/labels.ts'
import { signObject } from '../src/core/crypto/signed.ts'
import { systemChance, systemClock } from '../src/core/kernel/env.ts'
import type { Cid } from '../src/core/model/id.ts'
import { startNetwork } from '../src/daemon/network/network.ts'
import type { PeerAddress } from '../src/daemon/network/ports.ts'
import { LOOPBACK, MemoryHost, Person } from '../test/kit/network-host.ts'

export const BARE_PROTOCOL = '/bench/bare/1'
const PIECE_BYTES = 65_536

/** What the reader is told. */
export interface Offer {
  readonly content: Cid
  readonly manifest: Uint8Array
  readonly contentKey: Uint8Array
  readonly want: Cid[]
  readonly holder: PeerAddress
  readonly bareAddress: string
}

async function hold(bytes: number): Promise<Offer> {
  const share = new Ed25519Key(systemChance.bytes(32))
  const plaintext = systemChance.bytes(bytes)
  const sealed = await sealContent({ plaintext, shareKey: share.publicKey, chance: systemChance })
  const slip = signObject(
    LABELS.slip,
    {
      seq: 1,
      content: linkOf(sealed.contentId),
      nbf: 0,
      exp: null,
      fetch: fetchKey(sealed.contentKey).publicKey,
    },
    share,
  ).wire
  const me = new Person('holder')
  const host = new MemoryHost(me)
  host.held.set(sealed.contentId, { slip, manifest: sealed.manifestBytes })
  for (const block of sealed.blocks) host.blocks.set(block.cid, block.bytes)
  const network = await startNetwork(LOOPBACK, host, {
    nodeSeed: me.nodeSeed,
    databasePath: ':memory:',
    clock: systemClock,
    chance: systemChance,
    log: () => {},
  })

  const bare = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  await bare.handle(BARE_PROTOCOL, async stream => {
    for (let at = 0; at < plaintext.length; at += PIECE_BYTES)
      if (!stream.send(plaintext.subarray(at, at + PIECE_BYTES))) await stream.onDrain()
    await stream.close()
  })
  return {
    content: sealed.contentId,
    manifest: sealed.manifestBytes,
    contentKey: sealed.contentKey.use(key => Uint8Array.from(key)),
    want: sealed.blocks.map(({ cid }) => cid),
    holder: { peer: network.peerId, addrs: network.addrs() },
    bareAddress: String(bare.getMultiaddrs()[0]),
  }
}

// Only as a process of its own: the reader imports the types.
if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const offer = await hold(Number(process.argv[2]))
  process.send(offer)
}
