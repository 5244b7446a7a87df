import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemChance } from '../../src/core/kernel/env.ts'
import { Did } from '../../src/core/model/id.ts'
import { type Imports, makeImports } from '../../src/daemon/importing/imports.ts'
import { makeDatabaseSpool, makeShelves, makeSpool } from '../../src/daemon/importing/spool.ts'
import type { Caller } from '../../src/daemon/rpc/caller.ts'
import { makeConversationStore } from '../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../src/daemon/storage/user/manager.ts'
import { tempFolder } from '../kit/home.ts'

const alice = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')

/** A user's real database and imports into it; `caller` makes connections that can end. */
function setUp(t: Test) {
  const home = tempFolder(t)
  const users = openUserDatabases(join(home, 'users'), { maxOpen: 4 })
  t.teardown(() => users.close())
  users.create(alice)
  const store = makeConversationStore(users)
  const imports = makeImports(store, {
    spool: makeSpool(home, systemChance),
    database: makeDatabaseSpool(home, systemChance),
    shelf: makeShelves(home, systemChance),
  })
  let connections = 0
  const caller = () => {
    const ends: (() => void)[] = []
    connections += 1
    const made: Caller = {
      did: alice,
      user: alice,
      name: 'alice',
      operator: true,
      readOnly: false,
      via: { kind: 'socket' },
      door: 'owner',
      over: null,
      use: () => true,
      connection: connections,
      client: 'test',
      subscribe: () => '',
      unsubscribe: () => false,
      onEnd: end => void ends.push(end),
    }
    return { ...made, end: () => ends.forEach(end => void end()) }
  }
  const count = () => store.list(alice, { limit: 1000 }).conversations.length
  return { home, imports, store, caller, count }
}

/** A ChatGPT conversation of two messages. */
const chatgpt = (id: number, text = 'hello') => ({
  id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  conversation_id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  title: `Chat ${id}`,
  create_time: 1_700_000_000 + id,
  update_time: 1_700_000_000 + id,
  current_node: 'b',
  mapping: {
    root: { id: 'root', message: null, parent: null, children: ['a'] },
    a: node('a', 'root', ['b'], 'user', text),
    b: node('b', 'a', [], 'assistant', `answer to ${text}`),
  },
})
const node = (id: string, parent: string, children: string[], role: string, text: string) => ({
  id,
  parent,
  children,
  message: {
    id,
    author: { role },
    create_time: 1_700_000_000,
    content: { content_type: 'text', parts: [text] },
    metadata: {},
    recipient: 'all',
  },
})
const exported = (from: number, to: number) =>
  Buffer.from(JSON.stringify(Array.from({ length: to - from }, (_, at) => chatgpt(from + at))))

async function importFile(imports: Imports, caller: Caller, label: string, bytes: Buffer, piece = 50_000) {
  const importId = imports.begin(caller)
  const fileId = imports.file(caller, importId, label)
  for (let at = 0; at < bytes.length; at += piece) {
    const { enough } = await imports.chunk(caller, fileId, bytes.subarray(at, at + piece))
    if (enough) break
  }
  await imports.endFile(caller, fileId)
  return imports.finish(caller, importId)
}

t.test('an import adds up, a second one changes nothing, a newer one adds what is new', async t => {
  const { imports, caller, count } = setUp(t)
  const first = await importFile(imports, caller(), 'conversations.json', exported(0, 300))
  t.strictSame(first.totals, { read: 300, imported: 300, updated: 0, unchanged: 0, empty: 0, skipped: 0 })
  t.match(first.files, [{ path: 'conversations.json', format: 'chatgpt' }])
  const second = await importFile(imports, caller(), 'conversations.json', exported(0, 300), 999)
  t.match(second.totals, { read: 300, imported: 0, unchanged: 300 })
  const third = await importFile(imports, caller(), 'conversations.json', exported(0, 310))
  t.match(third.totals, { read: 310, imported: 10, unchanged: 300 })
  t.equal(count(), 310)
})

t.test(
  'a torn file keeps what is good, a foreign one says what it looks like, and both are counted',
  async t => {
    const { imports, caller, count } = setUp(t)
    const whole = exported(0, 20)
    const torn = await importFile(imports, caller(), 'torn.json', whole.subarray(0, whole.length - 300))
    t.match(torn.totals, { read: 20, imported: 19, skipped: 1 })
    t.match(torn.files[0]?.skipped, [{ where: String, reason: String }])
    t.equal(count(), 19)
    const foreign = await importFile(imports, caller(), 'cat.png', Buffer.from('\x89PNG\r\n\x1a\n and more'))
    t.match(foreign.totals, { read: 1, imported: 0, skipped: 1 })
    t.match(foreign.files, [{ format: null, skipped: [{ where: 'file', reason: /^looks like/ }] }])
  },
)

t.test('a zip is spooled to a file without a name and read', async t => {
  const { home, imports, caller } = setUp(t)
  const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'conversations')
  const zip = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).find(name =>
    /chatgpt.*\.zip$/.test(name),
  )
  if (zip === undefined) return void t.fail('there is a zip among the fixtures')
  const report = await importFile(imports, caller(), zip, readFileSync(join(fixtures, zip)), 1_000)
  t.ok(report.totals.imported > 0)
  t.strictSame(
    readdirSync(home).filter(name => name.startsWith('import-')),
    [],
  )
})

t.test('an import whose connection ends keeps what was committed and leaves room for others', async t => {
  const { imports, store, caller, count } = setUp(t)
  const bytes = exported(0, 6_000)
  for (let round = 0; round < 3; round += 1) {
    const gone = caller()
    const fileId = imports.file(gone, imports.begin(gone), 'a.json')
    for (let at = 0; at < bytes.length / 2; at += 100_000)
      await imports.chunk(gone, fileId, bytes.subarray(at, at + 100_000))
    gone.end()
    await t.rejects(imports.endFile(gone, fileId), { code: 'usage/invalid' })
  }
  t.ok(count() > 0)
  t.ok(store.list(alice, { query: 'hello', limit: 1 }).conversations.length > 0)
  const report = await importFile(imports, caller(), 'a.json', bytes)
  t.equal(report.totals.read, 6_000)
  t.ok(report.totals.imported > 0, 'the rest was not there')
  t.ok(report.totals.unchanged > 0, 'what was committed was')
})

t.test('an import belongs to its connection, one file at a time', async t => {
  const { imports, caller } = setUp(t)
  const mine = caller()
  const importId = imports.begin(mine)
  const fileId = imports.file(mine, importId, 'a')
  t.throws(() => imports.file(mine, importId, 'b'), { code: 'usage/invalid' })
  t.throws(() => imports.finish(mine, importId), { code: 'usage/invalid' })
  await t.rejects(imports.chunk(caller(), fileId, Buffer.from('x')), { code: 'usage/invalid' })
  t.throws(() => imports.finish(caller(), importId), { code: 'usage/invalid' })
  for (let more = 0; more < 7; more += 1) imports.begin(mine)
  t.throws(() => imports.begin(mine), { code: 'rpc/busy' })
  mine.end()
  t.ok(imports.begin(caller()))
})

t.test(
  'a file that nobody named is reported only when it is of a known format, and what to know is said',
  async t => {
    const { imports, caller } = setUp(t)
    const alice = caller()
    const importId = imports.begin(alice)
    const bring = async (label: string, text: string, ifKnown: boolean) => {
      const fileId = imports.file(alice, importId, label, { ifKnown })
      await imports.chunk(alice, fileId, Buffer.from(text))
      return imports.endFile(alice, fileId)
    }
    t.equal((await bring('README.md', '# Library\n\nA thing.\n', true)).format, null)
    await bring('named.md', '# Library\n\nA thing.\n', false)
    await bring('chat.md', '**User:** Hi\n\n**Assistant:** Hello\n', true)
    await bring('page.md', 'Source: https://claude.ai/share/0a1b2c3d-0000-4000-8000-000000000000\n\nHi', true)
    const { files, totals } = imports.finish(alice, importId)
    t.same(
      files.map(file => [file.path, file.format, file.notes?.length ?? 0]),
      [
        ['named.md', null, 0],
        ['chat.md', 'markdown', 0],
        ['page.md', 'markdown', 1],
      ],
    )
    t.match(totals, { read: 3, imported: 2, skipped: 1 })
  },
)

t.test(
  'what lies beside the conversations of an export is passed over in a folder, and named for what it is otherwise',
  async t => {
    const { imports, caller } = setUp(t)
    const alice = caller()
    const importId = imports.begin(alice)
    const bring = async (label: string, text: string, inFolder: boolean) => {
      const fileId = imports.file(alice, importId, label, { inFolder })
      await imports.chunk(alice, fileId, Buffer.from(text))
      return imports.endFile(alice, fileId)
    }
    const users = '[{"uuid":"a","full_name":"N","email_address":"a@example.org"}]'
    t.match(await bring('users.json', users, true), { format: null, read: 0, skipped: [] })
    for (const [name, beside] of [
      ['conversation_asset_file_names.json', '{"file_01.dat":"a.png","file-02.dat":"b.png"}'],
      ['message_feedback.json', '[{"conversation_id":"c","rating":"thumbs_up","user_id":"u"}]'],
      ['shared_conversations.json', '[]'],
      ['user.json', '{"id":"u","email":"a@example.org","chatgpt_plus_user":true}'],
      ['user_settings.json', '{"user_id":"u","settings":{}}'],
      ['sessions-index.json', '{"version":1,"entries":[{"sessionId":"s","fullPath":"/p"}]}'],
    ] as const)
      t.match(await bring(name, beside, true), { read: 0 }, name)
    await bring('named.json', users, false)
    await bring('unknown.json', '{"a":{"b":1}}', true)
    await bring('torn.json', users.slice(0, -20), true)
    await bring('qwen.jsonl', '{"type":"user","sessionId":"s","message":{"parts":[{"text":"Hi"}]}}', true)
    const { files, totals } = imports.finish(alice, importId)
    t.match(files, [
      {
        path: 'named.json',
        skipped: [{ reason: /^is the user list of a Claude.ai export; it holds no conv[a-z]+$/ }],
      },
      { path: 'unknown.json', skipped: [{ reason: /^looks like JSON of a kind/ }] },
      { path: 'torn.json', skipped: [{}] },
      { path: 'qwen.jsonl', skipped: [{ reason: /^looks like a Qwen Code session/ }] },
    ])
    t.match(totals, { read: 4, imported: 0, skipped: 4 })
  },
)

t.test('a session that is longer than memory should hold grows, and arrives whole', async t => {
  const { home, imports, store, caller } = setUp(t)
  const lines = Array.from({ length: 1_000 }, (_, at) =>
    JSON.stringify({
      type: 'user',
      uuid: `u${at}`,
      parentUuid: at === 0 ? null : `u${at - 1}`,
      sessionId: 's',
      timestamp: new Date(1_770_000_000_000 + at).toISOString(),
      message: { role: 'user', content: `${at} ${'long '.repeat(2_400)}` },
    }),
  )
  const bring = async (count: number) =>
    (await importFile(imports, caller(), 's.jsonl', Buffer.from(lines.slice(0, count).join('\n')))).totals
  t.match(await bring(500), { read: 1, imported: 1, skipped: 0 })
  t.match(await bring(1_000), { read: 1, updated: 1, skipped: 0 })
  t.match(await bring(1_000), { read: 1, unchanged: 1 })
  const [listed] = store.list(caller().did, { limit: 2 }).conversations
  const { messages } = store.show(caller().did, listed?.id ?? '', { allBranches: true, hidden: true })
  t.equal(messages.length, 1_000)
  t.same(
    messages.map(message => [message.id, Number.parseInt(message.text, 10), message.text.length]),
    lines.map((_, at) => [`u${at}`, at, `${at} `.length + 12_000]),
  )
  t.same(
    readdirSync(home).filter(name => name.startsWith('import-')),
    [],
  )
})

t.test('a full disk ends the import with its code', async t => {
  const { home, store, caller } = setUp(t)
  const { VivimError } = await import('../../src/core/kernel/errors.ts')
  const full = makeImports(
    {
      ...store,
      importConversations: () => {
        throw new VivimError('storage/full', 'the disk is full')
      },
    },
    {
      spool: makeSpool(home, systemChance),
      database: makeDatabaseSpool(home, systemChance),
      shelf: makeShelves(home, systemChance),
    },
  )
  await t.rejects(importFile(full, caller(), 'a.json', exported(0, 2_000)), { code: 'storage/full' })
})
