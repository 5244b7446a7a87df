/** What surrounds a node fails: it is told to stop in the middle of work, its disk is full, its home is in use. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { vivimd } from '../kit/daemon.ts'
import { tempFolder } from '../kit/home.ts'
import { introduce, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

/** Promised to whoever manages the process. */
const STOP_MS = 10_000

t.test('told to stop while it delivers, a node ends cleanly, and goes on where it was', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  const shares: string[] = []
  for (let n = 0; n < 12; n++)
    shares.push((await alice.call('share.create', { conversation, to: ['bob'], note: `${n}` })).shareId)
  const beganMs = Date.now()
  t.same(await Promise.all([alice.stop(), bob.stop()]), [0, 0])
  t.ok(Date.now() - beganMs < STOP_MS)
  t.same([...alice.noise, ...bob.noise], [])
  await Promise.all([bob.start(), alice.start()])
  for (const share of shares) {
    await alice.acknowledged(share)
    await bob.logged('inbox.received', { share })
    t.equal(bob.count('inbox.received', { share }), 1)
  }
  t.equal(alice.count('job.defect') + bob.count('job.defect'), 0)
})

t.test(
  'bob’s node hangs: carol is not held up, alice can be stopped, and it arrives when he moves again',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    const carol = await liveNode(t, 'carol')
    await introduce(alice, bob)
    await introduce(alice, carol)
    const conversation = await alice.converse(
      'Tea notes',
      'How long does sencha steep?',
      'A minute and a half.',
    )
    process.kill(bob.pid, 'SIGSTOP')
    const shares: string[] = []
    for (let n = 0; n < 10; n++)
      shares.push((await alice.call('share.create', { conversation, to: ['bob'], note: `${n}` })).shareId)
    const { shareId } = await alice.call('share.create', { conversation, to: ['carol'] })
    t.equal((await alice.acknowledged(shareId)).state, 'published')
    const beganMs = Date.now()
    t.equal(await alice.stop(), 0)
    t.ok(Date.now() - beganMs < STOP_MS)
    await alice.start()
    process.kill(bob.pid, 'SIGCONT')
    for (const share of shares) {
      await alice.acknowledged(share)
      await bob.logged('inbox.received', { share })
      t.equal(bob.count('inbox.received', { share }), 1)
    }
  },
)

t.test('a second daemon on the same home says so and leaves the first alone', async t => {
  const alice = await liveNode(t, 'alice')
  const second = vivimd(t, ['--home', alice.home])
  const { code, err } = await second.ended
  t.equal(code, 6)
  t.match(JSON.parse(err.trim().split('\n').at(-1) ?? ''), { code: 'daemon/already-running' })
  t.match(await alice.call('system.status', {}), { daemon: { pid: alice.pid } })
})

const canMount = process.getuid?.() === 0 && process.platform === 'linux'

t.test(
  'a full disk refuses a share whole, and delivers all that was accepted when there is room',
  {
    skip: !canMount && 'a small disk of its own needs root',
  },
  async t => {
    const disk = tempFolder(t)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk])
    if (mounted.status !== 0) return void t.pass('mounting is not allowed here')
    t.teardown(() => spawnSync('umount', ['-l', disk]))
    const bob = await liveNode(t, 'bob')
    const alice = await liveNode(t, 'alice', { home: join(disk, 'alice') })
    await introduce(alice, bob)
    const conversation = await alice.converse(
      'Tea notes',
      'How long does sencha steep?',
      'A minute and a half.',
    )
    const create = (note: string) => ({ conversation, to: ['bob'], note })
    await bob.stop()
    const { shareId: before } = await alice.call('share.create', create('while there is room'))
    const blocks = alice.blocks()

    const filler = join(disk, 'filler')
    for (let bytes = 1 << 20; bytes >= 1 << 10; bytes >>= 1)
      for (;;) {
        try {
          writeFileSync(filler, new Uint8Array(bytes), { flag: 'a' })
        } catch {
          break
        }
      }
    const refused = await alice.fails(
      ['share', 'create', conversation, '--to', 'bob', '--again', '--yes'],
      75,
    )
    t.equal(refused.code, 'storage/full')
    t.equal(alice.blocks(), blocks, 'no block of it stays')
    t.equal((await alice.call('share.list', {})).shares.length, 1)
    await bob.start()
    await alice.kill()
    spawnSync('rm', [filler])
    await alice.start()
    await alice.acknowledged(before)
    const { shareId: after } = await alice.call('share.create', create('when there is room again'))
    await alice.acknowledged(after)
    t.equal((await alice.call('share.list', {})).shares.length, 2)
    await bob.logged('inbox.received', {}, 2)
  },
)
