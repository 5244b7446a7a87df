/** Many ask to become a device of alice at once: her own new machine has a place all the same. */
import t from 'tap'
import { givesWay, networkOf, PLACES, SILENT_MS, type Waiting } from '../../src/daemon/devices/places.ts'
import { joined } from '../kit/devices.ts'
import { startEve } from '../kit/eve.ts'
import { liveNode } from '../kit/live-node.ts'
import { RogueDevice } from '../kit/rogue-device.ts'

t.setTimeout(300_000)

t.test(
  'as many strangers as there are places ask and go silent: within a minute the laptop has one, and is taken in',
  async t => {
    const alice = await liveNode(t, 'alice')
    const { card } = await alice.call('contact.card', {})
    const { network } = await alice.call('system.status', {})
    const address = `${network.addrs[0]}/p2p/${network.peerId}`
    for (let n = 0; n < PLACES; n++) {
      const stranger = new RogueDevice(await startEve(t), card, address)
      // Of two nodes that dial each other at once one may lose its connection: then it asks again, and has one place all the same.
      await alice.until(
        'a stranger’s place',
        async () => (await stranger.pair().catch(() => null))?.ok === true,
      )
    }
    t.equal((await alice.call('device.list', {})).pending.length, PLACES)
    const laptop = await liveNode(t, 'laptop')
    let code: string | null = null
    await laptop.until('a place', async () => {
      const refused = await laptop.codeOf('device.add', { card })
      if (refused !== null) return false
      code = (await laptop.call('device.joining', {})).code
      return true
    })
    t.equal((await alice.call('device.list', {})).pending.length, PLACES)
    await alice.call('device.approve', { code: code ?? '' })
    await joined(laptop, alice)
  },
)

const waiting = (count: number, from: string, seenMs: number): Waiting[] =>
  Array.from({ length: count }, (_, at) => ({ id: `${from} ${at}`, from, atMs: at, seenMs }))

t.test('strangers of one network who keep asking make place for who comes from another', async t => {
  const nowMs = 1_000_000
  const flood = waiting(PLACES, '192.0.2.1', nowMs)
  t.equal(givesWay(flood, '198.51.100.7', nowMs), '192.0.2.1 0', 'the oldest')
  t.equal(givesWay(flood.slice(1), '198.51.100.7', nowMs), null, 'a free place')
  const taken = [...flood.slice(1), ...waiting(1, '198.51.100.7', nowMs)]
  t.equal(givesWay(taken, '192.0.2.1', nowMs), false, 'and take it from nobody')
  t.equal(givesWay(taken, '203.0.113.9', nowMs), '192.0.2.1 1')
  const many = [...waiting(PLACES / 2, 'a', nowMs), ...waiting(PLACES / 2, 'b', nowMs)]
  t.equal(givesWay(many, 'b', nowMs), false)
  const [first, ...rest] = taken
  t.equal(
    givesWay([...rest, { ...first, id: 'silent', seenMs: nowMs - SILENT_MS } as Waiting], '192.0.2.1', nowMs),
    'silent',
  )
})

t.test('somebody’s many addresses of IPv6 are one network', async t => {
  t.equal(networkOf('2001:db8:0:1::2'), networkOf('2001:db8:0:1:ffff:0:0:1'))
  t.not(networkOf('2001:db8:0:1::2'), networkOf('2001:db8:0:2::2'))
  t.equal(networkOf('::1'), '0:0:0:0')
  t.equal(networkOf('192.0.2.1'), '192.0.2.1')
})
