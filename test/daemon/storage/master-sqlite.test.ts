/** The master database on SQLite: the suite, and what only a file can be. */
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { openMaster } from '../../../src/daemon/storage/master/master.ts'
import { masterSuite } from './master-suite.ts'
import { didOf, folderOf, shareOf } from './people.ts'

const clock = { nowMs: () => 1000 }
const folder = folderOf(t)
let made = 0
const file = () => join(folder, `master-${++made}.sqlite`)

masterSuite(t, async () => ({ engine: 'sqlite', path: file() }))

t.test('the file is private', async t => {
  const path = file()
  const master = await openMaster({ engine: 'sqlite', path }, clock)
  t.teardown(() => master.close())
  await master.config.put('a', 'b')
  for (const name of [path, `${path}-wal`, `${path}-shm`]) t.equal(statSync(name).mode & 0o777, 0o600, name)
})

t.test('a commit is synced before it is answered', async t => {
  const master = await openMaster({ engine: 'sqlite', path: file() }, clock)
  t.teardown(() => master.close())
  await master.write(async db => {
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db)
    t.equal(rows[0]?.synchronous, 2, 'FULL')
    const journal = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(db)
    t.equal(journal.rows[0]?.journal_mode, 'wal')
  })
})

t.test('a file that is no database, and a link, are refused', async t => {
  const path = file()
  writeFileSync(path, 'this is not a database at all, it only looks like a file of one'.repeat(100))
  await t.rejects(openMaster({ engine: 'sqlite', path }, clock), { code: 'storage/corrupt' })
  const link = file()
  symlinkSync(file(), link)
  await t.rejects(openMaster({ engine: 'sqlite', path: link }, clock), { code: 'storage/corrupt' })
  await t.rejects(openMaster({ engine: 'sqlite', path: join(folder, 'no', 'folder') }, clock))
  t.notOk(existsSync(join(folder, 'no')))
})

t.test('on a full disk nothing is half written, and it goes on when there is room again', async t => {
  const master = await openMaster({ engine: 'sqlite', path: file() }, clock)
  t.teardown(() => master.close())
  const limit = (pages: number) =>
    master.write(db => sql`pragma max_page_count = ${sql.lit(pages)}`.execute(db))
  const accept = (n: number) =>
    master.shares.accept(
      shareOf(n, didOf(1)),
      [],
      [{ hash: `e${n}`, shareId: shareOf(n, didOf(1)).shareId, wire: new Uint8Array(100_000) }],
      [],
    )
  await accept(1)
  await limit(1)
  await t.rejects(accept(2), { code: 'storage/full' })
  t.equal(await master.shares.find(shareOf(2, didOf(1)).shareId), null)
  t.equal((await master.shares.list(didOf(1), {})).length, 1)
  await limit(1_000_000)
  await accept(2)
  t.equal((await master.shares.list(didOf(1), {})).length, 2)
})
