/** What databases and file systems say, as our codes. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { VivimError } from '../../../src/core/kernel/errors.ts'
import { storageError } from '../../../src/daemon/storage/storage-error.ts'
import { folderOf } from './people.ts'

const thrownBy = (fn: () => unknown): unknown => {
  try {
    fn()
  } catch (error) {
    return storageError(error)
  }
  return null
}

t.test('a database that may not grow is a full disk', async t => {
  const db = new Database(join(folderOf(t), 'small.db'))
  t.teardown(() => db.close())
  db.exec('CREATE TABLE a (b BLOB)')
  db.pragma('max_page_count = 4')
  const error = thrownBy(() => db.prepare('INSERT INTO a VALUES (?)').run(Buffer.alloc(100_000)))
  t.match(error, { code: 'storage/full', details: { code: 'SQLITE_FULL' } })
})

t.test('a device without room is a full disk', { skip: process.platform !== 'linux' }, async t => {
  const fd = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(fd))
  t.match(
    thrownBy(() => writeSync(fd, 'x')),
    { code: 'storage/full', details: { code: 'ENOSPC' } },
  )
})

t.test('a page that was overwritten is a damaged file', async t => {
  const path = join(folderOf(t), 'damaged.db')
  const made = new Database(path)
  made.exec('CREATE TABLE a (b TEXT)')
  for (let i = 0; i < 500; i++) made.prepare('INSERT INTO a VALUES (?)').run(`row ${i} ${'x'.repeat(100)}`)
  made.close()
  writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 4096), Buffer.alloc(40_960, 0x55)]))
  const db = new Database(path)
  t.teardown(() => db.close())
  t.match(
    thrownBy(() => db.prepare('SELECT count(*) FROM a WHERE b > ?').get('')),
    { code: 'storage/corrupt' },
  )
})

t.test('what somebody else holds, or is not there, cannot be used now', async t => {
  const path = join(folderOf(t), 'held.db')
  const holder = new Database(path)
  t.teardown(() => holder.close())
  holder.exec('CREATE TABLE a (b); BEGIN EXCLUSIVE')
  const db = new Database(path, { timeout: 0 })
  t.teardown(() => db.close())
  t.match(
    thrownBy(() => db.exec('INSERT INTO a VALUES (1)')),
    { code: 'storage/unavailable' },
  )
  t.match(
    thrownBy(() => new Database(join(folderOf(t), 'no', 'such.db'), { fileMustExist: true })),
    {
      name: /Error/,
    },
  )
})

t.test('what is none of these stays what it was', async t => {
  const own = new VivimError('share/denied', 'no')
  for (const error of [
    own,
    new RangeError('x'),
    'text',
    null,
    undefined,
    7,
    { code: 5 },
    { code: 'EWHATEVER' },
  ])
    t.equal(storageError(error), error)
  const constraint = thrownBy(() => {
    const db = new Database(':memory:')
    db.exec('CREATE TABLE a (b PRIMARY KEY); INSERT INTO a VALUES (1); INSERT INTO a VALUES (1)')
  })
  t.match(constraint, { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' })
})
