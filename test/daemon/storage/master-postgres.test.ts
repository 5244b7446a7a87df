/** The master database on a real PostgreSQL: the suite, and what only a server can be. */
import t from 'tap'
import { openMaster } from '../../../src/daemon/storage/master/master.ts'
import { masterSuite } from './master-suite.ts'
import { startPostgres } from './postgres-server.ts'

// A server is made and started, and every test makes a database.
t.setTimeout(120_000)
const clock = { nowMs: () => 1000 }
const server = await startPostgres()
t.teardown(() => server.stop())

masterSuite(t, async () => ({ engine: 'postgres', url: await server.schema(), password: server.password }))

t.test('a URL with a password in it is refused, and the password is not repeated', async t => {
  for (const url of [
    'postgres://vivim:hunter2@127.0.0.1/x',
    'postgresql://127.0.0.1/x?user=vivim&password=hunter2',
  ]) {
    const error = await openMaster({ engine: 'postgres', url }, clock).then(
      () => null,
      (error: unknown) => error,
    )
    t.match(error, { code: 'storage/url-password' })
    t.notMatch(JSON.stringify([String(error), error]), /hunter2/)
  }
  for (const url of ['mysql://127.0.0.1/x', 'nonsense', ''])
    await t.rejects(openMaster({ engine: 'postgres', url }, clock), { code: 'home/config' })
})

t.test('a server that is not there, a wrong password, a missing database: each is said clearly', async t => {
  const { url } = server
  const dead = `postgres://vivim@127.0.0.1:1/x`
  await t.rejects(openMaster({ engine: 'postgres', url: dead }, clock), {
    code: 'storage/unavailable',
    message: 'PostgreSQL at 127.0.0.1:1 does not answer: nothing listens there',
  })
  await t.rejects(openMaster({ engine: 'postgres', url, password: 'wrong' }, clock), {
    code: 'storage/unavailable',
    message: /refused the password/,
  })
  await t.rejects(
    openMaster({ engine: 'postgres', url: `${url}_missing`, password: server.password }, clock),
    { code: 'storage/unavailable', message: /has no database of that name/ },
  )
})

t.test('a user who may not make tables is told so', async t => {
  const { url } = server
  await server.run(`create role weak login password 'weak'`)
  await t.rejects(
    openMaster({ engine: 'postgres', url: url.replace('vivim@', 'weak@'), password: 'weak' }, clock),
    {
      code: 'storage/unavailable',
      message: /42501/,
    },
  )
})

t.test('connections that the server ends are made anew', async t => {
  const url = await server.schema()
  const master = await openMaster({ engine: 'postgres', url, password: server.password }, clock)
  t.teardown(() => master.close())
  await master.config.put('a', 'b')
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'vivimd'`
  await t.rejects(
    master.write(async db => {
      await db.insertInto('config').values({ key: 'lost', value: 'x' }).execute()
      await server.run(end)
      await db.insertInto('config').values({ key: 'lost too', value: 'x' }).execute()
    }),
    { code: 'storage/unavailable' },
  )
  t.equal(await master.config.get('lost').catch(() => null), null)
  await server.run(end)
  for (let tries = 0; ; tries++) {
    // The first use may still meet a connection that ended.
    try {
      t.equal(await master.config.get('a'), 'b')
      break
    } catch (error) {
      t.match(error, { code: 'storage/unavailable' })
      if (tries === 10) throw error
    }
  }
})

t.test('numbers come back as numbers', async t => {
  const url = await server.schema()
  const master = await openMaster({ engine: 'postgres', url, password: server.password }, clock)
  t.teardown(() => master.close())
  const row = await master.read(db => db.selectFrom('vivim_migration').selectAll().executeTakeFirst())
  t.equal(row?.applied_at_ms, 1000)
  const { default: pg } = await import('pg')
  t.not(pg.types.getTypeParser(20), Number, 'other users of pg in the process see what they expect')
})
