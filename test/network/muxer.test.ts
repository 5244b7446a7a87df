import { streamPair } from '@libp2p/utils'
import t from 'tap'
import { calmYamux } from '../../src/daemon/network/muxer.ts'

t.test('a node that opens a stream while the other side hangs up does not end by it', async t => {
  for (const close of ['close', 'abort'] as const) {
    const [ours, theirs] = await streamPair()
    const muxer = calmYamux({})().createStreamMuxer(ours)
    if (close === 'abort') theirs.abort(new Error('hung up'))
    void ours.close()
    const opened = Promise.resolve(muxer.createStream()).then(
      stream => stream.send(new Uint8Array(10)),
      () => undefined,
    )
    // What is thrown in a microtask is nobody's: the test runner, as the daemon, ends by it.
    await t.rejects(opened, { name: 'StreamStateError' }, 'whoever sends bytes is told')
    await new Promise(resolve => setImmediate(resolve))
    t.doesNotThrow(() => muxer.abort(new Error('over')), 'nor does it end by saying goodbye')
  }
})
