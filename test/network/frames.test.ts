import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import t from 'tap'
import { z } from 'zod'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { concat } from '../../src/core/kernel/bytes.ts'
import { FrameStream, parseFrame } from '../../src/daemon/network/frames.ts'
import { PeerRates, RATES } from '../../src/daemon/network/limits.ts'
import { chance, until } from '../kit/network-host.ts'

/** Two ends of a stream; `raw` is eve's, who writes what she likes. */
async function ends(timeoutMs = 200): Promise<{ frames: FrameStream; raw: Stream; ours: Stream }> {
  const [raw, ours] = await streamPair()
  return { frames: new FrameStream(ours, timeoutMs), raw, ours }
}

t.test('frames arrive whole and in order, however they are cut, and a clean end is null', async t => {
  const { frames, raw } = await ends(5_000)
  const sent = [
    new Uint8Array(0),
    chance.bytes(1),
    chance.bytes(127),
    chance.bytes(128),
    chance.bytes(70_000),
  ]
  const bytes = concat(
    Uint8Array.of(0),
    Uint8Array.of(1),
    sent[1] as Uint8Array,
    Uint8Array.of(127),
    sent[2] as Uint8Array,
    Uint8Array.of(0x80, 1),
    sent[3] as Uint8Array,
    Uint8Array.of(0xf0, 0xa2, 4),
    sent[4] as Uint8Array,
  )
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + ((chance.bytes(1)[0] ?? 0) % 3 === 0 ? 3 : 997)
    raw.send(bytes.subarray(at, at + size))
    at += size
  }
  void raw.close()
  for (const frame of sent) t.same(await frames.read(100_000), frame)
  t.equal(await frames.read(100_000), null)
})

t.test('what a frame may not be', async t => {
  const cases: [string, Uint8Array, boolean, string][] = [
    ['longer than allowed', Uint8Array.of(101, 1), false, 'peer/protocol'],
    ['of a length without end', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff), false, 'peer/protocol'],
    ['of a length in a longer form than needed', Uint8Array.of(0x85, 0), false, 'peer/protocol'],
    ['cut short by a close', Uint8Array.of(50, 1, 2, 3), true, 'peer/protocol'],
    ['announced and never sent', Uint8Array.of(50, 1, 2, 3), false, 'peer/unreachable'],
    ['never announced', new Uint8Array(0), false, 'peer/unreachable'],
  ]
  for (const [what, bytes, closes, code] of cases) {
    const { frames, raw } = await ends()
    if (bytes.length > 0) raw.send(bytes)
    if (closes) void raw.close()
    await t.rejects(frames.read(100), { code }, what)
    raw.abort(new Error('over'))
  }
  const { frames, raw } = await ends()
  raw.send(Uint8Array.of(50, 1))
  setImmediate(() => raw.abort(new Error('reset')))
  await t.rejects(frames.read(100), { code: 'peer/unreachable' }, 'reset inside')
  for (const bytes of [chance.bytes(30), encodeCbor([1]), encodeCbor({ v: 2 })])
    t.throws(() => parseFrame(z.object({ v: z.literal(1) }), bytes, 100), { code: 'peer/protocol' })
})

t.test('who does not read makes the sender wait instead of filling memory', async t => {
  const { frames, raw, ours } = await ends(5_000)
  raw.send(Uint8Array.of(1, 7))
  t.same(await frames.read(10), Uint8Array.of(7))
  for (let sent = 0; sent < 40; sent++) raw.send(new Uint8Array(65_536))
  await until('the stream is paused', () => ours.readStatus === 'paused')
  raw.abort(new Error('enough'))
})

t.test('a peer that asks too often is refused until time has passed, others are not', t => {
  let nowMs = 1_000_000
  const rates = new PeerRates({ nowMs: () => nowMs })
  const taken = (peer: string): number => {
    let count = 0
    while (rates.take(peer, 'did')) count++
    return count
  }
  t.equal(taken('eve'), RATES.did.burst)
  t.equal(taken('alice'), RATES.did.burst)
  t.notOk(rates.take('eve', 'did'))
  t.ok(rates.take('eve', 'inbox'), 'another purpose has its own')
  nowMs += 3_000
  t.equal(taken('eve'), 3 * RATES.did.perSecond)
  nowMs -= 60_000
  t.notOk(rates.take('eve', 'did'), 'a clock that is set back gives nothing')
  for (let n = 0; n < 10_000; n++) rates.take(`peer-${n}`, 'did')
  t.ok(rates.take('eve', 'did'), 'who is forgotten begins again')
  t.end()
})
