/** A recovery across engines: the rows of a lost node go on in a PostgreSQL, and those in a PostgreSQL are used where they are. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tempFolder } from '../kit/home.ts'
import { initialise, introduce, liveNode, newHome } from '../kit/live-node.ts'
import { startPostgres } from './storage/postgres-server.ts'

t.setTimeout(240_000)

t.test('alice recovers into a PostgreSQL, and once more out of it: what waited still arrives', async t => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const passwords = join(tempFolder(t), 'pgpass')
  writeFileSync(passwords, `127.0.0.1:${server.port}:*:${server.user}:${server.password}\n`, { mode: 0o600 })
  const env = { PGPASSFILE: passwords }
  const master = await server.database()
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const { words, sha256 } = await alice.call('identity.export', { passphrase: 'kept', words: true })
  await alice.call('identity.exported', { sha256 })
  const conversation = await alice.converse('Tea', 'the word is halyard', 'noted')
  const taken = await alice.call('share.create', { conversation, to: ['bob'] })
  await alice.acknowledged(taken.shareId)
  await bob.stop()
  const waiting = await alice.call('share.create', { conversation, to: ['bob'], again: true })
  await alice.stop()

  const recover = { words: (words ?? []).join(' '), from: alice.home }
  const second = await newHome(t, 'alice', { recover, master, env })
  await second.start()
  t.match(await second.call('share.show', { share: waiting.shareId }), {
    state: 'queued',
    recipients: [{ state: 'pending' }],
  })
  t.match(await second.call('share.show', { share: taken.shareId }), { state: 'published' })
  await second.stop()

  const again = { ...recover, from: second.home }
  const apart = await initialise(join(tempFolder(t), 'alice'), 'alice', { recover: again })
  t.match(
    apart.answer.missing.filter(({ what }) => what === 'shares'),
    [{ why: /PostgreSQL.*--master/ }],
    'without its URL the rows stay where they are',
  )
  const third = await newHome(t, 'alice', { recover: again, master, env })
  await third.start()
  await bob.start()
  await third.acknowledged(waiting.shareId)
  await bob.received(waiting.shareId)
  t.equal((await bob.call('inbox.open', { share: waiting.shareId })).verified, true)
  await third.call('share.revoke', { share: taken.shareId })
  await bob.until('the share to be gone', async () =>
    (await bob.inbox()).every(({ shareId }) => shareId !== taken.shareId),
  )
})
