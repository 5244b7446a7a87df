import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { chainStart, rowHash } from '../../src/core/audit/row.ts'
import { Did } from '../../src/core/model/id.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { Search } from '../kit/search.ts'

t.setTimeout(180_000)

const entries = async (node: LiveNode, action?: string) =>
  (await node.call('audit.list', { limit: 1_000, ...(action === undefined ? {} : { action }) })).entries

/** Wait until the log has a row of this action. */
const written = (node: LiveNode, action: string, outcome = 'ok') =>
  node.until(`a row ${action} ${outcome}`, async () =>
    (await entries(node, action)).some(row => row.action === action && row.outcome === outcome),
  )

/** Change a stopped node's database as somebody with sqlite3 would, who knows of the triggers. */
function edit(node: LiveNode, change: (db: Database.Database) => void): void {
  const db = new Database(join(node.userFolder, 'user.db'))
  try {
    const triggers = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit%'",
    )
    for (const { name } of triggers.all() as { name: string }[]) db.exec(`DROP TRIGGER ${name}`)
    change(db)
  } finally {
    db.close()
  }
}

t.test('alice sees who did what by which right, and none of her words', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse('titlequagga', 'canaryquetzal please')
  const { circleId } = await alice.call('circle.create', { name: 'circlecapybara' })
  await alice.call('circle.add', { circle: 'circlecapybara', contacts: ['bob'] })
  const made = { conversation, note: 'notewombat', circles: ['circlecapybara'] }
  const { shareId } = await alice.call('share.create', made)
  await alice.acknowledged(shareId)
  await bob.received(shareId)
  await bob.call('inbox.open', { share: shareId })
  await alice.call('profile.set', { key: 'city', value: 'valueosprey' })
  await alice.call('filter.add', { list: 'deny', texts: ['denyocelot'] } as never).catch(() => {})
  t.equal(await alice.codeOf('circle.show', { circle: 'aliasnumbat' }), 'circle/not-found')
  t.equal(await alice.codeOf('share.revoke', { share: 'aliasnumbat' }), 'share/not-found')
  await alice.call('share.revoke', { share: shareId, reason: 'reasonkakapo' })
  await written(bob, 'inbox.revoked')
  await written(alice, 'share.buried')
  await alice.call('circle.remove', { circle: 'circlecapybara', contacts: ['bob'] })
  await written(bob, 'circle.removed')

  const own = await entries(alice)
  const line = ({ who, right, action, targets, outcome }: (typeof own)[number]) =>
    [who.kind === 'did' ? who.id : who.kind, right, action, outcome, ...targets].join(' ')
  const lines = own.map(line)
  for (const expected of [
    'node keystore keystore.unlocked ok',
    `socket write contact.add ok ${bob.did}`,
    `socket write circle.create ok circle:${circleId}`,
    `${alice.did} entry circle.added ok circle:${circleId} ${bob.did}`,
    `socket write share.create ok share:${shareId} circle:${circleId}`,
    `${bob.did} receipt share.acknowledged ok share:${shareId}`,
    'socket write profile.set ok',
    'socket write share.revoke share/not-found',
    `socket write share.revoke ok share:${shareId}`,
    `${bob.did} tombstone share.buried ok share:${shareId}`,
  ])
    t.ok(lines.includes(expected), expected)
  t.notOk(
    own.some(({ action }) => action.endsWith('.list') || action === 'circle.show'),
    'reading leaves no row',
  )
  t.notOk(own.some(({ action }) => action === 'import.chunk'))
  const bobs = (await entries(bob)).map(line)
  for (const expected of [
    `${alice.did} entry circle.joined ok circle:${circleId}`,
    `${alice.did} notice inbox.received ok share:${shareId}`,
    `socket write inbox.open ok share:${shareId} ${alice.did}`,
    `${alice.did} tombstone inbox.revoked ok share:${shareId}`,
    `${alice.did} entry circle.removed ok circle:${circleId} ${bob.did}`,
  ])
    t.ok(bobs.includes(expected), `bob: ${expected}`)

  const words = ['quagga', 'quetzal', 'wombat', 'capybara', 'osprey', 'ocelot', 'numbat', 'kakapo']
  t.same([...new Search(words).inBytes(Buffer.from(JSON.stringify([own, await entries(bob)])))], [])
  for (const node of [alice, bob]) {
    const verified = await node.vivim(['audit', 'verify'])
    t.equal(verified.code, 0, verified.err)
    const { ok, problems, entries: count } = JSON.parse(verified.out)
    t.match({ ok, problems }, { ok: true, problems: [] })
    t.equal(count, (await entries(node)).length)
  }
})

/** A row of somebody's own making, a copy of the third under the number SEQ. */
const COPY = `INSERT INTO audit SELECT SEQ, at_ms, who_kind, who_id, who_name, allowed_by, 'share.forged', targets, outcome, times, hash
  FROM audit WHERE seq = 3`

t.test('whoever edits the log of alice with sqlite3 is found, whatever they do', async t => {
  const alice = await liveNode(t, 'alice', { passphrase: 'pass of alice' })
  for (let i = 0; i < 6; i++) await alice.call('notebook.create', { name: `notebook ${i}` })
  const before = await alice.vivim(['audit', 'verify'])
  t.equal(before.code, 0)
  const { head } = JSON.parse(before.out)
  t.equal((await alice.vivim(['audit', 'verify', '--head', head])).code, 0)
  t.equal(await alice.stop(), 0)
  const file = join(alice.userFolder, 'user.db')
  const good = readFileSync(file)
  const anchored = readFileSync(join(alice.home, 'master.sqlite'))
  const restore = () => {
    writeFileSync(file, good)
    writeFileSync(join(alice.home, 'master.sqlite'), anchored)
  }
  const did = Did.parse(alice.did)

  const cases: [string, (db: Database.Database) => void, string | RegExp][] = [
    ['a row edited', db => db.exec("UPDATE audit SET action = 'share.list' WHERE seq = 4"), 'row-changed:4'],
    ['a row hidden', db => db.exec('DELETE FROM audit WHERE seq = 3'), 'row-missing:3'],
    ['the tail cut', db => db.exec('DELETE FROM audit WHERE seq > 5'), 'tail-cut:6'],
    [
      'a row put in before the first',
      db => db.exec(`${COPY.replace('SEQ', '0')}; ${COPY.replace('SEQ', '-7')}`),
      'row-added:-7 row-added:0',
    ],
    [
      'a row put in behind all numbers',
      db => db.exec(COPY.replace('SEQ', '9223372036854775807')),
      'row-added',
    ],
    [
      'a row with a time that no clock shows',
      db => db.exec('UPDATE audit SET at_ms = 9000000000000000000 WHERE seq = 5'),
      'row-changed:5',
    ],
    [
      'a checkpoint that is none',
      db =>
        db.exec(
          "UPDATE audit_checkpoint SET wire = x'820102' WHERE seq = (SELECT max(seq) FROM audit_checkpoint)",
        ),
      /^checkpoint-unsound:[1-9]\d*/,
    ],
    ['all removed', db => db.exec('DELETE FROM audit; DELETE FROM audit_checkpoint'), 'tail-cut:1'],
    [
      'a fresh chain in its place',
      db => {
        const { n } = db.prepare('SELECT count(*) AS n FROM audit').get() as { n: number }
        db.exec('DELETE FROM audit; DELETE FROM audit_checkpoint')
        let hash = chainStart(did)
        for (let seq = 1; seq <= n; seq++) {
          const who = { kind: 'socket' as const, id: null, name: null }
          const row = {
            seq,
            atMs: seq,
            who,
            right: 'write',
            action: 'profile.set',
            targets: [],
            outcome: 'ok',
            times: 1,
          }
          hash = rowHash(hash, row)
          db.prepare(
            "INSERT INTO audit VALUES (?, ?, 'socket', NULL, NULL, 'write', 'profile.set', '', 'ok', 1, ?)",
          ).run(seq, seq, hash)
        }
      },
      'row-replaced',
    ],
  ]
  for (const [name, change, problem] of cases) {
    restore()
    edit(alice, change)
    await alice.start()
    const { code, details } = await alice.fails(['audit', 'verify'], 5)
    t.equal(code, 'audit/broken', name)
    t.match(String(details.problems), problem, `${name}: ${details.problems}`)
    t.equal(details.row, Number(String(details.problems).split(' ')[0]?.split(':')[1]), 'the first bad row')
    const { entries: listed } = await alice.call('audit.list', {})
    t.ok(
      listed.every(({ seq }) => seq >= 1),
      'a number that no row has is not shown as one',
    )
    // What is done afterwards is written, and heals nothing.
    await alice.call('notebook.create', { name: `after ${name}` })
    await alice.stop()
    await alice.start()
    t.equal((await alice.fails(['audit', 'verify'], 5)).code, 'audit/broken', `${name}: still`)
    t.equal(await alice.stop(), 0)
  }

  restore()
  await alice.start()
  await alice.call('notebook.create', { name: 'the last one' })
  const later = JSON.parse((await alice.vivim(['audit', 'verify'])).out)
  t.equal(await alice.stop(), 0)
  writeFileSync(file, good)
  await alice.start()
  t.equal((await alice.fails(['audit', 'verify'], 5)).code, 'audit/broken', 'an older database put back')
  t.ok((await alice.call('system.status', {})).warnings.some(({ code }) => code === 'audit/broken'))
  await alice.stop()

  // With every file of the home put back only a head that was written down elsewhere tells.
  restore()
  await alice.start()
  t.equal((await alice.vivim(['audit', 'verify'])).code, 0)
  t.equal((await alice.fails(['audit', 'verify', '--head', later.head], 5)).code, 'audit/broken')
})

t.test('the engine itself refuses to change a row, to remove one and to put one in', async t => {
  const alice = await liveNode(t, 'alice')
  await alice.call('notebook.create', { name: 'one' })
  t.equal(await alice.stop(), 0)
  const db = new Database(join(alice.userFolder, 'user.db'))
  t.teardown(() => db.close())
  for (const statement of [
    "UPDATE audit SET outcome = 'ok'",
    'DELETE FROM audit',
    'DELETE FROM audit_checkpoint',
    'UPDATE audit_checkpoint SET seq = 9',
    'INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1',
    'INSERT INTO audit SELECT seq + 100, at_ms, who_kind, who_id, who_name, allowed_by, action, targets, outcome, times, hash FROM audit WHERE seq = 1',
  ])
    t.throws(() => db.exec(statement), /only added to/, statement)
})

t.test('what alice did stands in the log although her daemon was killed right after the answer', async t => {
  const alice = await liveNode(t, 'alice')
  const { notebookId } = await alice.call('notebook.create', { name: 'kept' })
  await alice.kill()
  await alice.start()
  const rows = await entries(alice, 'notebook')
  t.same(
    rows.map(({ action, targets }) => [action, ...targets]),
    [['notebook.create', `notebook:${notebookId}`]],
  )
  t.equal((await alice.vivim(['audit', 'verify'])).code, 0)
})

t.test('a call that goes on is written before it ends, and again when it has', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  await bob.stop()
  const conversation = await alice.converse('a title', 'a question')
  const waiting = alice.call('share.create', {
    conversation,
    to: ['bob'],
    wait: 'acknowledged',
    waitMs: 600_000,
  })
  await written(alice, 'share.create', 'begun')
  await bob.start()
  await waiting
  t.same(
    (await entries(alice, 'share.create')).map(({ outcome }) => outcome),
    ['begun', 'ok'],
  )
})

t.test('alice sees that somebody tried her passphrase, and when her keys were there', async t => {
  const alice = await liveNode(t, 'alice', { passphrase: 'pass of alice' })
  t.equal(await alice.codeOf('keystore.unlock', { passphrase: 'guess' }), 'keystore/wrong-passphrase')
  await alice.call('keystore.lock', {})
  await alice.call('keystore.unlock', { passphrase: 'pass of alice', for: '1s' })
  await written(alice, 'keystore.unlocked')
  await alice.until('the time to be up', async () => (await entries(alice, 'keystore.locked')).length === 2)
  t.same(
    (await entries(alice, 'keystore'))
      .filter(({ outcome }) => outcome !== 'begun')
      .map(({ action, outcome }) => `${action} ${outcome}`),
    [
      'keystore.unlocked ok',
      'keystore.unlock ok',
      'keystore.unlock keystore/wrong-passphrase',
      'keystore.locked ok',
      'keystore.lock ok',
      'keystore.unlocked ok',
      'keystore.unlock ok',
      'keystore.locked ok',
    ],
  )
  const { signed, entries: count } = await alice.call('audit.verify', {})
  t.ok(signed !== null && signed.seq >= count - 2, 'signed at the lock that time brought')
})

t.test('a client of alice that is refused two thousand times leaves some dozens of rows', async t => {
  const alice = await liveNode(t, 'alice')
  for (let i = 0; i < 2_000; i++) await alice.codeOf('share.revoke', { share: `nothing${i}` })
  const rows = await entries(alice, 'share.revoke')
  t.ok(rows.length >= 60 && rows.length < 100, `${rows.length} rows`)
  t.equal(await alice.stop(), 0)
  await alice.start()
  const all = await entries(alice, 'share.revoke')
  t.equal(
    all.reduce((sum, { times }) => sum + times, 0),
    2_000,
    'and each of them is counted',
  )
})

t.test('alice turns the pages of her log, and picks from it', async t => {
  const alice = await liveNode(t, 'alice')
  for (let i = 0; i < 5; i++) await alice.call('notebook.create', { name: `notebook ${i}` })
  const last = await alice.call('audit.list', { action: 'notebook', limit: 2 })
  const older = await alice.call('audit.list', { action: 'notebook', limit: 3, cursor: last.next ?? '' })
  const all = await entries(alice, 'notebook.create')
  t.same([...older.entries, ...last.entries], all, 'newest last')
  t.equal(older.next, null)
  t.same((await alice.call('audit.list', { action: 'note' })).entries, [], 'a noun is whole')
  t.same((await alice.call('audit.list', { since: '2099-01-01T00:00:00Z' })).entries, [])
  t.equal((await alice.call('audit.list', { since: '1h' })).entries.length, (await entries(alice)).length)
  t.equal(await alice.codeOf('audit.list', { since: 'soon' }), 'usage/invalid')
})
