/** Two nodes that dial each other at once have two connections for a moment, and one of them closes one. */
import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import t from 'tap'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { cborFrame, startEve } from '../kit/eve.ts'
import { chance, home, signalOf } from '../kit/network-host.ts'

t.test(
  'the connection that alice tells of her new document on is closed: she says it again on the other one',
  async t => {
    const alice = await home('alice', t.teardown)
    const eve = await startEve(t)
    const asked: string[] = []
    await eve.node.handle('/vivim/device/1', async (stream: Stream, connection: Connection) => {
      asked.push(connection.id)
      if (asked.length > 1) {
        stream.send(cborFrame({ ok: true }))
        return
      }
      const back = multiaddr(`${alice.network.addrs()[0]}/p2p/${alice.network.peerId}`)
      await eve.node.dial(back, { force: true, signal: signalOf(5_000) })
      await connection.close()
    })
    const at = { peer: eve.peerId, addrs: [eve.address().replace(/\/p2p\/.*$/, '')] }
    await alice.network.tellDocument(at, encodeCbor({ of: chance.bytes(8) }), signalOf(10_000))
    t.equal(new Set(asked).size, 2, 'two connections')
  },
)
