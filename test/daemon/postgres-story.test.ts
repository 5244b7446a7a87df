/** The main job with the master database on a real PostgreSQL, on both sides: the same as on SQLite. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tempFolder } from '../kit/home.ts'
import { introduce, liveNode } from '../kit/live-node.ts'
import { until } from '../kit/network-host.ts'
import { Search } from '../kit/search.ts'
import { startPostgres } from './storage/postgres-server.ts'

t.setTimeout(180_000)

t.test('alice shares with bob, each with a PostgreSQL; it goes away and comes back', async t => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const passwords = join(tempFolder(t), 'pgpass')
  writeFileSync(passwords, `127.0.0.1:${server.port}:*:${server.user}:${server.password}\n`, { mode: 0o600 })
  const env = { PGPASSFILE: passwords }
  const urls = [await server.database(), await server.database()] as const
  const alice = await liveNode(t, 'alice', { master: urls[0], env })
  const bob = await liveNode(t, 'bob', { master: urls[1], env })
  t.equal((await alice.call('system.status', {})).storage.masterEngine, 'postgres')

  await introduce(alice, bob)
  await alice.call('circle.create', { name: 'circlecapybara' })
  const circle = await alice.call('circle.add', { circle: 'circlecapybara', contacts: ['bob'] })
  t.same(
    circle.members.map(({ state }) => state),
    ['active', 'active'],
  )
  const conversation = await alice.converse('titlequagga', 'canaryquetzal', 'so be it')
  const create = async (title: string, more: object = {}) =>
    (await alice.call('share.create', { conversation, circles: ['circlecapybara'], title, ...more })).shareId
  const first = await create('titlefirst')
  const shown = await alice.acknowledged(first)
  t.equal(shown.state, 'published')
  await bob.logged('inbox.received', { share: first })
  t.match((await bob.call('inbox.open', { share: first })).conversation.messages[0], {
    text: 'canaryquetzal',
  })

  t.comment('bob is away; alice is killed')
  await bob.stop()
  const queued = await create('titlequeued')
  await alice.kill()
  await alice.start()
  await bob.start()
  await alice.acknowledged(queued)
  await bob.logged('inbox.received', { share: queued })
  t.equal((await bob.inbox()).filter(({ shareId }) => shareId === queued).length, 1, 'once')

  const expiring = await create('titleexpiring', { expires: '5s' })
  await alice.call('share.revoke', { share: first })
  await bob.logged('inbox.revoked', { share: first })
  t.equal(await bob.codeOf('inbox.open', { share: first }), 'share/revoked')
  await bob.logged('inbox.expired', { share: expiring })
  await alice.logged('share.expired', { share: expiring })

  t.comment('PostgreSQL is shut down')
  await server.pause()
  t.equal(await alice.codeOf('share.list', {}), 'storage/unavailable')
  t.equal(
    await alice.codeOf('share.create', { conversation, to: ['bob'], title: 'titlelost' }),
    'storage/unavailable',
    'nothing is accepted that could not be written',
  )
  t.equal(await alice.codeOf('conversation.list', {}), null, 'what is in the own database can be read')
  await server.resume()
  await until('alice works again', async () => (await alice.codeOf('share.list', {})) === null)
  const { shares } = await alice.call('share.list', {})
  t.notOk(shares.some(({ title }) => title === 'titlelost'))
  const after = await create('titleafter')
  await alice.acknowledged(after)
  await bob.logged('inbox.received', { share: after })
  t.match(await bob.call('inbox.open', { share: after }), { verified: true })

  const dump: string[] = []
  for (const url of urls) dump.push(...(await server.dump(url)))
  t.ok(dump.length > 20)
  const words = new Search([
    'canaryquetzal',
    'titlequagga',
    'titleafter',
    'titlefirst',
    'circlecapybara',
    'vivim1',
  ])
  t.same([...new Set(dump.flatMap(value => [...words.inBytes(Buffer.from(value, 'latin1'))]))], [])
  for (const node of [alice, bob]) t.equal(await node.stop(), 0)
  // `pg` warns that it will leave PGPASSFILE to its users one day.
  const noise = [...alice.noise, ...bob.noise].filter(line => !/deprecat/i.test(line))
  t.same(noise, [])
})
