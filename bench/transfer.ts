/** Sealed blocks over real libp2p on loopback, each checked and opened, beside a bare stream of the same bytes. The other side is
 *  a process of its own, as it is in life. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { noise } from '@chainsafe/libp2p-noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { fetchKey, openContentStream } from '../src/core/crypto/content.ts'
import { systemChance, systemClock } from '../src/core/kernel/env.ts'
import type { Cid } from '../src/core/model/id.ts'
import { startNetwork } from '../src/daemon/network/network.ts'
import { LOOPBACK, MemoryHost, Person } from '../test/kit/network-host.ts'
import type { Bench } from './bench.ts'
import { megabytesPerSecond, sideBySide } from './measure.ts'
import { BARE_PROTOCOL, type Offer } from './transfer-holder.ts'

const ROUNDS = 5
const BYTES = 32_000_000
const PATIENCE_MS = 60_000

export const transfer: Bench = {
  async *run({ scope }) {
    const holder = fork(join(import.meta.dirname, 'transfer-holder.js'), [String(BYTES)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    scope.own(holder, child => child.kill('SIGKILL'))
    const [offer] = (await once(holder, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [Offer]

    const me = new Person('reader')
    const network = scope.own(
      await startNetwork(LOOPBACK, new MemoryHost(me), {
        nodeSeed: me.nodeSeed,
        databasePath: ':memory:',
        clock: systemClock,
        chance: systemChance,
        log: () => {},
      }),
      node => node.stop(),
    )
    const fetchAndOpen = async () => {
      const blocks = new Map<Cid, Uint8Array>()
      await network.fetch(
        {
          content: offer.content,
          want: offer.want,
          holders: [offer.holder],
          fetchKey: fetchKey(offer.contentKey),
        },
        async (cid, bytes) => void blocks.set(cid, bytes),
        AbortSignal.timeout(PATIENCE_MS),
      )
      let length = 0
      const input = {
        manifestBytes: offer.manifest,
        contentKey: offer.contentKey,
        getBlock: (cid: Cid) => blocks.get(cid) ?? null,
        maxBytes: BYTES,
      }
      for await (const piece of openContentStream(input)) length += piece.length
      if (length !== BYTES) throw new Error('what came is not what was sealed')
    }

    const bare = scope.own(
      await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] }),
      node => node.stop(),
    )
    const connection = await bare.dial(multiaddr(offer.bareAddress))
    const stream = async () => {
      const opened = await connection.newStream(BARE_PROTOCOL)
      let length = 0
      opened.addEventListener('message', ({ data }) => {
        length += data.byteLength
      })
      const { promise, resolve } = Promise.withResolvers<void>()
      opened.addEventListener('remoteCloseWrite', () => resolve())
      opened.send(Uint8Array.of(1))
      await promise
      await opened.close()
      if (length !== BYTES) throw new Error(`${length} of ${BYTES} bytes came over the bare stream`)
    }

    const { ours, theirs } = await sideBySide(ROUNDS, { run: fetchAndOpen }, { run: stream })
    yield {
      what: `fetch ${BYTES / 1e6} MB of blocks from another node, check and open them`,
      value: megabytesPerSecond(BYTES, ours.medianMs),
      unit: 'MB/s',
      beside: { what: 'a bare libp2p stream', value: megabytesPerSecond(BYTES, theirs.medianMs) },
      budget: { on: 'ratio', atLeast: 0.7 },
    }
  },
}
