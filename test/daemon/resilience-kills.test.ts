/** `kill -9` at any moment: what was accepted arrives, once; what was not leaves nothing. `VIVIM_KILLS` sets how often (8). */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(900_000)

const KILLS = Number(process.env.VIVIM_KILLS ?? 8)
/** Long enough for many blocks, and not to be compressed to one. */
const WORDS = 20_000

/** Words that do not repeat, from a fixed seed. */
function manyWords(): string {
  const words: string[] = []
  for (let n = 1; words.length < WORDS; ) {
    n = (n * 48_271) % 2_147_483_647
    words.push(n.toString(36))
  }
  return words.join(' ')
}

/** A moment within the first tenth of a second of what was just begun: killing at chance moments is the point here. */
const someMoment = (): Promise<void> => new Promise(resolve => setTimeout(resolve, Math.random() * 120))

async function restart(...nodes: LiveNode[]): Promise<void> {
  await Promise.all(nodes.map(node => node.kill()))
  await Promise.all(nodes.map(node => node.start()))
}

/** What no log may hold, whatever was killed when. */
const DEFECTS = ['job.defect', 'job.lost', 'inbox.open-failed', 'inbox.unreadable', 'network.host-failed']

t.test('nodes killed at any moment lose nothing and receive nothing twice', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  const conversation = await alice.converse('Tea notes', `How long? ${manyWords()}`, 'A minute and a half.')
  const killed = [[alice], [bob], [alice, bob], []]
  const shares: string[] = []
  for (let round = 0; round < KILLS; round++) {
    const to = round % 2 === 0 ? { circles: ['team'] } : { to: ['bob'] }
    const params = { conversation, note: `round ${round}`, key: `round ${round}`, ...to }
    const begun = alice.call('share.create', params).catch(() => null)
    if (round % 4 === 3) {
      await someMoment()
      await restart(alice)
    }
    const returned = await begun
    const share = await alice.call('share.create', params)
    if (returned !== null) t.match(share, { shareId: returned.shareId, changed: false })
    shares.push(share.shareId)
    await someMoment()
    await restart(...(killed[round % 4] ?? []))
  }
  for (const share of shares) {
    t.equal((await alice.acknowledged(share)).state, 'published')
    await bob.received(share)
    t.ok(bob.count('inbox.received', { share }) <= 1)
    t.equal(await bob.codeOf('inbox.open', { share }), null)
  }
  t.equal(
    (await alice.call('share.list', {})).shares.length,
    KILLS,
    'what was cut off did not stay beside its retry',
  )
  t.equal((await bob.inbox()).length, KILLS)
  for (const { lines, noise } of [alice, bob]) {
    t.same(
      lines.filter(({ event }) => DEFECTS.includes(event ?? '')),
      [],
    )
    t.same(noise, [])
  }
})

t.test('killed while it accepts a share, the node keeps all of it or nothing', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  await bob.stop()
  const conversation = await alice.converse('Tea notes', `How long? ${manyWords()}`, 'A minute and a half.')
  let whole = 0
  for (let round = 0; round < 3; round++) {
    const cut = alice.call('share.create', { conversation, to: ['bob'], note: `${round}` }).catch(() => null)
    await someMoment()
    await restart(alice)
    const returned = await cut
    const { shares } = await alice.call('share.list', {})
    t.ok(shares.length === whole || shares.length === whole + 1)
    if (returned !== null) t.ok(shares.some(({ shareId }) => shareId === returned.shareId))
    whole = shares.length
  }
  for (const { shareId } of (await alice.call('share.list', {})).shares)
    await alice.call('share.revoke', { share: shareId })
  t.equal(alice.blocks(), 0, 'no block belongs to nothing')
})

t.test(
  'cut off between a circle’s entry and what follows from it, the next start brings it to its members',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    await bob.stop()
    await alice.call('circle.create', { name: 'team' })
    const { circleId } = await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
    await alice.kill()
    // The entry is committed in the user's database first; without these rows the master is as it was then.
    const master = new Database(join(alice.home, 'master.sqlite'))
    master.exec("DELETE FROM job WHERE kind = 'circle'; DELETE FROM circle_member; DELETE FROM circle")
    master.close()
    await Promise.all([alice.start(), bob.start()])
    await alice.logged('circle.delivered', { circle: circleId, target: bob.did })
    t.match((await bob.call('circle.list', {})).circles, [{ circleId, name: 'team' }])
    t.equal(alice.count('circle.mended', { circle: circleId }), 1)
    await alice.kill()
    await alice.start()
    t.equal(alice.count('circle.mended'), 1, 'what was mended stays so')
  },
)

t.test('a database that fails while a letter is opened does not lose what was acknowledged', async t => {
  const passphrase = 'six words that nobody would guess'
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob', { passphrase })
  await introduce(alice, bob)
  await bob.call('keystore.lock', {})
  await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  const conversation = await alice.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  const { shareId } = await alice.call('share.create', { conversation, circles: ['team'] })
  await alice.acknowledged(shareId)
  await alice.logged('circle.delivered')
  const master = new Database(join(bob.home, 'master.sqlite'))
  master.exec('BEGIN IMMEDIATE')
  const unlocked = bob.codeOf('keystore.unlock', { passphrase })
  await bob.logged('inbox.open-failed', { code: 'storage/unavailable' })
  master.exec('ROLLBACK')
  master.close()
  await unlocked
  await bob.received(shareId)
  t.equal(await bob.codeOf('inbox.open', { share: shareId }), null)
  t.equal(bob.count('inbox.unreadable'), 0)
})

t.test('alice is locked after a kill: what was granted goes out, what needs keys waits for them', async t => {
  const passphrase = 'six words that nobody would guess'
  const alice = await liveNode(t, 'alice', { passphrase })
  const bob = await liveNode(t, 'bob', { passphrase })
  await introduce(alice, bob)
  await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  const conversation = await alice.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  await bob.kill()
  const toBob = await alice.call('share.create', { conversation, to: ['bob'] })
  const toCircle = await alice.call('share.create', { conversation, circles: ['team'] })
  const later = await alice.call('share.create', { conversation, to: ['bob'], from: '1s' })
  await alice.kill()
  await Promise.all([alice.start(), bob.start()])
  for (const { shareId } of [toBob, toCircle]) t.equal((await alice.acknowledged(shareId)).state, 'published')
  await alice.logged('job.retry', { share: later.shareId, code: 'keystore/locked' })
  const status = await alice.call('system.status', {})
  t.equal(status.identity?.unlocked, false)
  t.ok(status.warnings.some(({ code }) => code === 'keystore/locked'))
  t.equal(
    (await alice.fails(['share', 'create', conversation, '--to', 'bob', '--again', '--yes'], 4)).code,
    'keystore/locked',
  )

  t.equal(
    (await bob.fails(['inbox', 'open', toBob.shareId], 4)).code,
    'keystore/locked',
    'stored, and not read yet',
  )
  await bob.call('keystore.unlock', { passphrase })
  for (const { shareId } of [toBob, toCircle]) {
    await bob.logged('inbox.received', { share: shareId })
    t.equal(await bob.codeOf('inbox.open', { share: shareId }), null)
  }
  await alice.call('keystore.unlock', { passphrase })
  t.equal((await alice.acknowledged(later.shareId)).state, 'published')
  await bob.logged('inbox.received', { share: later.shareId })
  t.equal(bob.count('inbox.received'), 3)
})
