/** Many bytes at a real node: ten thousand malformed frames a protocol, strangers who write without end, silence that holds places. It stays
 *  up, small, and there for its friends. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { CborValue } from '../../src/core/crypto/cbor.ts'
import { introduce, type LiveNode, liveNode, newHome } from '../kit/live-node.ts'
import { mutants } from '../kit/mutate.ts'
import { type Frames, frame, readCard, type Second, second } from '../kit/second.ts'

t.setTimeout(600_000)

const MIB = 1024 * 1024
/** Frames offered on each protocol, by so many attackers; who is hung up on offers the rest in vain. */
const FRAMES = 10_000
const ATTACKERS = 4

const addressOf = async (node: LiveNode): Promise<string> => {
  const { network } = await node.call('system.status', {})
  return `${network.addrs[0]}/p2p/${network.peerId}`
}
const cardOf = async (node: LiveNode) => readCard((await node.call('contact.card', {})).card)
const rss = async (node: LiveNode): Promise<number> => (await node.call('system.status', {})).daemon.rssBytes

function disk(node: LiveNode): number {
  const names = readdirSync(node.home, { recursive: true, encoding: 'utf8' })
  return names.reduce(
    (sum, name) => sum + (statSync(join(node.home, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

/** What an honest client says first, to be damaged. */
function firstFrames(eve: Second, bob: string): { [protocol: string]: CborValue } {
  const bytes = new Uint8Array(64).fill(7)
  return {
    '/vivim/did/1': { v: 1, ask: bob, standing: eve.standing, document: eve.document, mac: bytes.slice(32) },
    '/vivim/inbox/1': {
      v: 1,
      kind: 'deliver',
      from: eve.did,
      to: bob,
      envelopes: [bytes],
      slip: bytes,
      manifest: bytes,
    },
    '/vivim/blocks/1': { v: 1, content: bytes, at: Date.now(), proof: bytes, want: [] },
    '/vivim/sync/1': { v: 1, from: eve.did, to: bob, enc: new Uint8Array(1_120).fill(3) },
  }
}

/**
 * Connect and prove. Who floods is kept at the door for a second at a time, and of two nodes that
 * dial each other at once one may lose its connection: so again and again, for half a minute.
 */
async function proved(eve: Second, address: string, card: ReturnType<typeof readCard>): Promise<Connection> {
  for (let tries = 0; ; tries++)
    try {
      const connection = await eve.connect(address)
      const { ok } = await eve.prove(connection, card)
      if (ok) return connection
      throw new Error('not proved')
    } catch (error) {
      if (tries === 60) throw error
      await sleep(500)
    }
}

/** Say these frames, each on a stream of its own, several at a time. @returns how many could be said. */
async function offer(
  eve: Second,
  address: string,
  protocol: string,
  frames: readonly Uint8Array[],
): Promise<number> {
  let said = 0
  const queue = [...frames]
  const work = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop())
      try {
        const connection = await eve.connect(address)
        const stream = await eve.stream(connection, protocol)
        stream.raw(next)
        said++
        // She has said everything, so that a frame without an end is over too.
        void stream.stream.close().catch(() => undefined)
        await stream.bytes().catch(() => null)
        stream.stream.abort(new Error('said'))
      } catch {
        // Hung up on. Whoever is kept out is so for ten minutes.
        if (eve.node.getConnections().length === 0) queue.splice(0, Math.ceil(queue.length / 4))
      }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return said
}

t.test(
  'ten thousand malformed frames on each protocol: bob stays up and small, and alice gets through meanwhile',
  async t => {
    const bob = await liveNode(t, 'bob')
    const alice = await liveNode(t, 'alice')
    await introduce(alice, bob)
    const [address, card] = [await addressOf(bob), await cardOf(bob)]
    const conversation = await alice.converse('garden', 'when to sow', 'in March')
    await alice.acknowledged((await alice.call('share.create', { conversation, to: ['bob'] })).shareId)
    const before = { rss: await rss(bob), disk: disk(bob) }
    const kicked = (): number => bob.count('network.rule-broken', { banned: true })

    for (const protocol of [
      '/vivim/did/1',
      '/vivim/inbox/1',
      '/vivim/blocks/1',
      '/vivim/sync/1',
      '/vivim/kad/1.0.0',
    ]) {
      const out = kicked()
      const attack = async (): Promise<number> => {
        const eve = await second(t)
        // She has his card: as a stranger she may prove herself, and is read further than others.
        await proved(eve, address, card)
        const seed = firstFrames(eve, bob.did)[protocol] ?? { type: 4, key: new Uint8Array(40) }
        const damaged = fc.sample(mutants(seed), FRAMES / ATTACKERS)
        const said = await offer(
          eve,
          address,
          protocol,
          damaged.map((bytes, at) => (at % 9 === 0 ? bytes : frame(bytes))),
        )
        await eve.node.stop()
        return said
      }
      const attacks = Promise.all(Array.from({ length: ATTACKERS }, attack))
      const { shareId } = await alice.call('share.create', { conversation, to: ['bob'], title: protocol })
      await alice.acknowledged(shareId)
      t.pass(`alice gets through during ${protocol}`)
      const said = (await attacks).reduce((sum, one) => sum + one, 0)
      t.ok(said > 0 && said < FRAMES, `${protocol}: ${said} frames came through`)
      t.ok(kicked() > out, 'and who sent the worst of them are out')
    }
    t.ok((await rss(bob)) - before.rss < 200 * MIB, 'its memory stays bounded')
    t.ok(disk(bob) - before.disk < 32 * MIB, 'and its disk')
    t.same(bob.noise, [])
    t.same(
      bob.lines.filter(({ level }) => Number(level) >= 50),
      [],
      'and it has no error of its own to tell of',
    )
  },
)

t.test('eight strangers who open streams and say nothing keep nobody out', async t => {
  const bob = await liveNode(t, 'bob')
  const address = await addressOf(bob)
  const held: Frames[] = []
  for (let n = 0; n < 8; n++) {
    const eve = await second(t)
    const connection = await eve.connect(address)
    for (let at = 0; at < 8; at++) {
      const stream = await eve.stream(connection, '/vivim/did/1')
      // A frame that begins and does not go on.
      stream.raw(Uint8Array.of(0xff, 0x7f, 1))
      held.push(stream)
    }
  }
  t.equal(held.length, 64)
  const carol = await second(t)
  t.match(await carol.prove(await carol.connect(address), await cardOf(bob)), { ok: true })
})

t.test('gossip that is none is passed on to nobody, and whoever goes on is hung up', async t => {
  const bob = await liveNode(t, 'bob')
  const eve = await second(t)
  const topic = '/vivim/circle/v1/0'
  const before = await rss(bob)
  await eve.connect(await addressOf(bob))
  await bob.until(
    'eve knows what bob listens to',
    async () => eve.node.services.pubsub.getSubscribers(topic).length > 0,
  )
  const junk = fc.sample(
    mutants({
      v: 1,
      kind: 'epoch',
      tagSalt: new Uint8Array(16),
      tag: new Uint8Array(16),
      sealed: new Uint8Array(90),
    }),
    FRAMES / 10,
  )
  for (const bytes of junk)
    await eve.node.services.pubsub.publish(topic, bytes.slice(0, 60_000)).catch(() => undefined)
  await bob.logged('network.rule-broken', { banned: true })
  t.ok((await rss(bob)) - before < 150 * MIB)
  t.same(bob.noise, [])
})

/** A home where strangers may leave one megabyte each. */
async function smallHome(t: Test): Promise<LiveNode> {
  const node = await newHome(t, 'bob', { passphrase: 'tea and biscuits' })
  const path = join(node.home, 'config.toml')
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n[strangers]\nmegabytes = 1\n`)
  await node.start()
  return node
}

t.test(
  'strangers fill no more than their room while bob is locked, each for themselves and all together',
  async t => {
    const bob = await smallHome(t)
    await bob.call('keystore.unlock', { passphrase: 'tea and biscuits' })
    const [address, card] = [await addressOf(bob), await cardOf(bob)]
    await bob.call('keystore.lock', {})
    const before = disk(bob)
    const answers: string[] = []
    for (let n = 0; n < 7; n++) {
      const eve = await second(t)
      await proved(eve, address, card)
      for (let at = 0; at < 4; at++) {
        // Of bytes that no compression makes small, 450 KiB.
        const noise = Array.from({ length: 600 }, () =>
          Buffer.from(crypto.getRandomValues(new Uint8Array(768))).toString('base64'),
        )
        const share = await eve.shareFor(bob.did, 'spam', [noise.join('')])
        const answer = await eve.deliver(
          await proved(eve, address, card),
          bob.did,
          [await eve.letterTo(bob.did, { notice: share.notice })],
          share,
        )
        answers.push(answer.ok ? 'taken' : answer.why)
      }
    }
    t.same(answers.slice(0, 4), ['taken', 'taken', 'quota', 'quota'], 'one of them')
    t.ok(answers.filter(answer => answer === 'taken').length <= 9, 'all of them')
    t.ok(disk(bob) - before < 12 * MIB)
  },
)
