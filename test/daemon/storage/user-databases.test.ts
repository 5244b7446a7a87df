/** The user database manager: making, routing, isolating, bounding and deleting, with real files. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import type { Did } from '../../../src/core/model/id.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import { migrateUserDatabase, USER_SCHEMA } from '../../../src/daemon/storage/user/migrations.ts'
import type { UserWriter } from '../../../src/daemon/storage/user/tables.ts'
import { didOf, folderOf, talk } from './people.ts'

const open = (t: { teardown(fn: () => void): void }, maxOpen = 4) => {
  const folder = folderOf(t)
  const users = openUserDatabases(join(folder, 'users'), { maxOpen })
  t.teardown(() => users.close())
  return { users, usersDir: join(folder, 'users') }
}

/** The last step before names had one spelling. */
const NAMES_AS_TYPED = 13

t.test('a user has a folder and a database that nobody else on the machine can read', async t => {
  const { users, usersDir } = open(t)
  const alice = didOf(1)
  t.equal(users.has(alice), false)
  t.equal(users.create(alice), true)
  t.equal(users.create(alice), false)
  users.write(alice, db => db.profile.put('name', 'alice'))
  t.equal(
    users.read(alice, db => db.profile.text('name')),
    'alice',
  )
  const folder = join(usersDir, alice.replaceAll(':', '_'))
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  t.same(readdirSync(folder).sort(), ['user.db', 'user.db-shm', 'user.db-wal'])
  t.same(users.list(), [alice])
})

t.test('a database that was readable by others is closed to them when it is opened', async t => {
  const { users, usersDir } = open(t)
  const alice = didOf(1)
  users.create(alice)
  users.close()
  const path = join(usersDir, alice.replaceAll(':', '_'), 'user.db')
  chmodSync(path, 0o644)
  const again = openUserDatabases(usersDir, { maxOpen: 4 })
  t.teardown(() => again.close())
  again.read(alice, db => db.profile.text('name'))
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('of many users, none reaches what another has', async t => {
  const { users, usersDir } = open(t, 3)
  const people = Array.from({ length: 40 }, (_, i) => didOf(i + 1))
  for (const did of people) users.create(did)
  for (const [i, did] of people.entries())
    users.write(did, db => {
      db.profile.put('name', `person ${i}`)
      db.conversations.import(talk('c', [`the secret word of this person is canary${i}x`]))
    })
  for (const [i, did] of people.entries()) {
    t.equal(
      users.read(did, db => db.profile.text('name')),
      `person ${i}`,
    )
    const hits = users.read(did, db => db.search.find('secret word', 50))
    t.equal(hits.length, 1)
    t.match(hits[0]?.snippet, `canary${i}x`)
    const other = (i + 1) % people.length
    t.same(
      users.read(did, db => db.search.find(`canary${other}x`, 50)),
      [],
    )
  }

  const odd = [
    '',
    '..',
    '../did_key_z6Mk',
    'did:key:z6Mk/../../etc/passwd',
    `${people[0]}/../${people[1]?.replaceAll(':', '_')}`,
    `${people[0]}\0`,
    `${people[0]} `,
    people[0]?.toLowerCase(),
    'did:web:example.com',
    'file:///etc/passwd',
    { toString: () => people[0] },
    [people[0]],
    null,
  ]
  for (const did of odd)
    for (const attempt of [
      () => users.read(did as Did, db => db.profile.text('name')),
      () => users.create(did as Did),
      () => users.delete(did as Did),
      () => users.folder(did as Did),
    ])
      t.throws(attempt, { code: 'user/not-found' }, JSON.stringify(did))
  t.same(readdirSync(usersDir).sort(), people.map(did => did.replaceAll(':', '_')).sort())

  const [alice, bob] = people as [Did, Did]
  const stranger = didOf(1000)
  t.throws(() => users.read(stranger, db => db.profile.text('name')), { code: 'user/not-found' })
  t.equal(existsSync(users.folder(stranger)), false, 'reading makes nothing')

  const path = join(users.folder(bob), 'user.db')
  for (const text of [
    `'; ATTACH DATABASE '${path}' AS other; SELECT * FROM other.message; --`,
    `" UNION SELECT * FROM other.message --`,
    `name:canary1x OR canary1x NOT zzz`,
    `{text title}: canary1x`,
    `NEAR(canary1x person, 5)`,
  ])
    t.same(
      users.read(alice, db => db.search.find(text, 50)).filter(hit => hit.snippet.includes('canary1x')),
      [],
      text,
    )
  users.write(alice, db => db.profile.put(`x', 'y'); ATTACH DATABASE '${path}' AS other; --`, 'v'))
  t.equal(
    users.read(alice, db => db.contacts.find(`' OR 1=1 --`)),
    null,
  )
})

t.test("a database in another user's folder is refused", async t => {
  const { users, usersDir } = open(t)
  const [alice, bob, carol] = [didOf(1), didOf(2), didOf(3)]
  users.create(alice)
  users.create(bob)
  users.close()
  const again = openUserDatabases(usersDir, { maxOpen: 4 })
  t.teardown(() => again.close())
  cpSync(join(again.folder(alice), 'user.db'), join(again.folder(bob), 'user.db'))
  t.throws(() => again.read(bob, db => db.profile.text('name')), { code: 'storage/corrupt' })
  symlinkSync(again.folder(alice), again.folder(carol))
  t.equal(again.has(carol), false)
  t.throws(() => again.read(carol, db => db.profile.text('name')), { code: 'user/not-found' })
  t.throws(() => again.create(carol), { code: 'storage/corrupt' })
})

t.test('a file that is no database, or a damaged one, is said to be so and left as it is', async t => {
  const { users } = open(t)
  const alice = didOf(1)
  mkdirSync(users.folder(alice), { mode: 0o700 })
  const garbage = Buffer.alloc(8192, 'no database at all ')
  writeFileSync(join(users.folder(alice), 'user.db'), garbage)
  t.throws(() => users.read(alice, db => db.profile.text('name')), { code: 'storage/corrupt' })
  t.equal(statSync(join(users.folder(alice), 'user.db')).size, garbage.length)

  const bob = didOf(2)
  mkdirSync(users.folder(bob), { mode: 0o700 })
  const foreign = new Database(join(users.folder(bob), 'user.db'))
  foreign.exec('CREATE TABLE moz_cookies (id INTEGER)')
  foreign.close()
  t.throws(() => users.read(bob, db => db.profile.text('name')), { code: 'storage/corrupt' })
})

t.test('handles are bounded, and a transaction that runs keeps its own', async t => {
  const { users } = open(t, 2)
  const people = Array.from({ length: 5 }, (_, i) => didOf(i + 1))
  for (const did of people) users.create(did)
  const [alice, ...others] = people as [Did, ...Did[]]
  users.write(alice, db => {
    db.profile.put('name', 'alice')
    for (const did of others) users.write(did, other => other.profile.put('name', 'other'))
    db.profile.put('more', 'still here')
  })
  t.equal(
    users.read(alice, db => db.profile.text('more')),
    'still here',
  )
  const files = people.filter(did => existsSync(join(users.folder(did), 'user.db-wal')))
  t.ok(files.length <= 2, `${files.length} databases are open`)
})

t.test(
  'what throws inside a write changes nothing, and its writer is good for nothing afterwards',
  async t => {
    const { users } = open(t)
    const alice = didOf(1)
    users.create(alice)
    let kept: UserWriter | undefined
    t.throws(
      () =>
        users.write(alice, db => {
          kept = db
          db.profile.put('name', 'alice')
          throw new RangeError('on purpose')
        }),
      RangeError,
    )
    t.equal(
      users.read(alice, db => db.profile.text('name')),
      null,
    )
    t.throws(() => kept?.profile.put('name', 'late'), { code: 'program/defect' })
    t.throws(() => users.write(alice, () => users.write(alice, db => db.profile.put('a', 'b'))), {
      code: 'program/defect',
    })
    t.throws(() => users.write(alice, async () => undefined), { code: 'program/defect' })
    users.write(alice, db => db.profile.put('name', 'again'))
  },
)

t.test('deleting a user removes the folder and nobody else', async t => {
  const { users } = open(t)
  const [alice, bob] = [didOf(1), didOf(2)]
  users.create(alice)
  users.create(bob)
  writeFileSync(join(users.folder(alice), 'keystore'), 'sealed')
  t.equal(users.delete(alice), true)
  t.equal(users.delete(alice), false)
  t.equal(existsSync(users.folder(alice)), false)
  t.same(users.list(), [bob])
  t.throws(() => users.read(alice, db => db.profile.text('name')), { code: 'user/not-found' })
})

t.test('a fresh database and one that was brought up step by step have the same schema', async t => {
  const folder = folderOf(t)
  const schemaOf = (name: string, steps: number[]) => {
    const db = new Database(join(folder, name))
    for (const step of steps) migrateUserDatabase(db, didOf(1), step)
    const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
    db.close()
    return schema
  }
  const all = Array.from({ length: USER_SCHEMA }, (_, i) => i + 1)
  t.same(schemaOf('steps', all), schemaOf('fresh', [USER_SCHEMA]))
})

t.test('names that an earlier version kept as they were typed are found in the one spelling', async t => {
  const { users } = open(t)
  const alice = didOf(1)
  const path = join(folderOf(t), 'user.db')
  const old = new Database(path)
  migrateUserDatabase(old, alice, NAMES_AS_TYPED)
  old
    .prepare(
      "INSERT INTO contact (did, alias, state, peers, added_at_ms) VALUES (?, 'Rene\u0301', 'known', '[]', 1)",
    )
    .run(didOf(2))
  const book = old.prepare(
    "INSERT INTO collection (id, kind, name, created_at_ms, updated_at_ms) VALUES (?, 'notebook', ?, 1, 1)",
  )
  book.run('a', 'cafe\u0301')
  book.run('b', 'caf\u00e9')
  migrateUserDatabase(old, alice)
  t.equal(old.prepare('SELECT alias FROM contact').pluck().get(), 'Ren\u00e9')
  t.same(
    old.prepare('SELECT name FROM collection ORDER BY id').pluck().all(),
    ['cafe\u0301', 'caf\u00e9'],
    'two of one name cannot be: the first is found by its id',
  )
  old.close()
  users.close()
})

t.test('a database that a newer program wrote is refused and left as it is', async t => {
  const { users } = open(t)
  const alice = didOf(1)
  users.create(alice)
  const path = join(users.folder(alice), 'user.db')
  users.close()
  const newer = new Database(path)
  newer.pragma(`user_version = ${USER_SCHEMA + 1}`)
  newer.close()
  const again = openUserDatabases(join(users.folder(alice), '..'), { maxOpen: 2 })
  t.teardown(() => again.close())
  t.throws(() => again.read(alice, db => db.profile.text('name')), { code: 'storage/newer-schema' })
})
