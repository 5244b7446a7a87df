/** SQLite stores of Cursor and Open WebUI: real files, whole and hostile, through the port that reads them. */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Limits } from '../../src/core/conversation/limits.ts'
import { type ImportEvent, readExport } from '../../src/core/conversation/read-export.ts'
import { systemChance } from '../../src/core/kernel/env.ts'
import { messageText, Part } from '../../src/core/model/conversation.ts'
import { makeDatabaseSpool, makeSpool, sweepSpool } from '../../src/daemon/importing/spool.ts'
import { fixture, zip } from '../core/conversation/kit.ts'
import { tempFolder } from '../kit/home.ts'

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Reads a database through a real spool, and checks that nothing stays behind. */
async function readDatabase(
  t: Test,
  bytes: Uint8Array,
  more: { wal?: Uint8Array; limits?: Partial<Limits> } = {},
) {
  const folder = tempFolder(t)
  const all = more.wal === undefined ? bytes : Buffer.concat([bytes, more.wal])
  const file = {
    label: 'file',
    bytes: pieces(all),
    ...(more.wal === undefined ? {} : { mainBytes: bytes.length }),
  }
  const events: ImportEvent[] = []
  try {
    for await (const event of readExport(file, {
      assets: { put: async () => '0'.repeat(64) },
      database: makeDatabaseSpool(folder, systemChance),
      limits: more.limits ?? {},
    }))
      events.push(event)
  } finally {
    t.same(readdirSync(folder), [], 'no copy is left')
  }
  return {
    conversations: events.flatMap(event => (event.kind === 'conversation' ? [event.conversation] : [])),
    skipped: events.flatMap(event => (event.kind === 'skipped' ? [event] : [])),
    empty: events.filter(event => event.kind === 'empty').length,
    format: events.flatMap(event => (event.kind === 'file' ? [event.format] : []))[0] ?? null,
  }
}

/** The bytes of a database made by these steps. */
function made(t: Test, make: (db: Database.Database) => void): Buffer {
  const path = join(tempFolder(t), 'made.db')
  const db = new Database(path)
  make(db)
  db.close()
  return readFileSync(path)
}

const KV = 'CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)'
const put = (db: Database.Database, key: string, value: unknown, table = 'cursorDiskKV') =>
  db
    .prepare(`INSERT INTO ${table} VALUES (?, ?)`)
    .run(
      key,
      typeof value === 'string' || value === null || Buffer.isBuffer(value) ? value : JSON.stringify(value),
    )
const bubble = (type: number, text: string, more: object = {}) => ({ _v: 3, type, text, ...more })

t.test('the sample of Cursor: in the order of the headers, with its call, and no token', async t => {
  const { conversations, format } = await readDatabase(t, fixture('cursor/state.vscdb'))
  t.equal(format, 'cursor')
  t.equal(conversations.length, 1)
  const [one] = conversations
  t.equal(one?.sourceId, 'c1000000-0000-4000-8000-000000000001')
  t.equal(one?.title, 'Rename')
  t.equal(one?.model, 'composer-2')
  t.same(
    one?.messages.map(({ id, role, parts }) => [id, role, ...parts.map(part => part.type)]),
    [
      ['b1', 'user', 'text'],
      ['b1t', 'assistant', 'thinking'],
      ['b1x', 'assistant', 'toolCall', 'toolResult'],
      ['b2', 'assistant', 'text'],
    ],
  )
  t.equal(one?.meta.missingMessages, '1')
  t.notMatch(JSON.stringify(conversations), /EXAMPLE-NOT-A-TOKEN/)
})

t.test('what was written but not yet brought into the file is read from the log beside it', async t => {
  const folder = tempFolder(t)
  const path = join(folder, 'state.vscdb')
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('wal_autocheckpoint = 0')
  db.exec(KV)
  put(db, 'composerData:a', { composerId: 'a', name: 'A', fullConversationHeadersOnly: [{ bubbleId: '1' }] })
  db.pragma('wal_checkpoint(TRUNCATE)')
  put(db, 'bubbleId:a:1', bubble(1, 'from the log'))
  copyFileSync(path, `${path}.main`)
  copyFileSync(`${path}-wal`, `${path}.log`)
  db.close()
  const [main, wal] = [readFileSync(`${path}.main`), readFileSync(`${path}.log`)]
  const { conversations } = await readDatabase(t, main, { wal })
  t.equal(messageText(conversations[0]?.messages[0]?.parts ?? []), 'from the log')
  t.equal((await readDatabase(t, main)).empty, 1, 'without it the message is not there yet')
  const torn = await readDatabase(t, main, { wal: wal.subarray(0, wal.length - 100) })
  t.equal(torn.empty, 1, 'a torn log counts as far as it is whole')
})

t.test(
  'messages that no header names hang beside; those without a head, inline ones and old tabs are read',
  async t => {
    const bytes = made(t, db => {
      db.exec(KV)
      db.exec('CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)')
      put(db, 'composerData:a', {
        composerId: 'a',
        fullConversationHeadersOnly: [{ bubbleId: '2' }, { bubbleId: '1' }],
      })
      put(db, 'bubbleId:a:1', bubble(2, 'second'))
      put(db, 'bubbleId:a:2', Buffer.from(JSON.stringify(bubble(1, 'first'))))
      put(db, 'bubbleId:a:3', bubble(1, 'taken back'))
      put(db, 'bubbleId:a-b:1', bubble(1, 'no head'))
      put(db, 'composerData:c', {
        composerId: 'c',
        conversation: [{ bubbleId: 'x', type: 1, text: 'inline' }],
      })
      put(db, 'composerData:d', { composerId: 'd', fullConversationHeadersOnly: [] })
      put(db, 'composerData:e', null)
      put(db, 'composerData:f', '{"torn')
      put(db, 'agentKv:blob:1', { secret: 'not ours' })
      const tabs = [
        {
          tabId: 't',
          chatTitle: 'Old tab',
          bubbles: [
            { type: 'user', id: 'u', text: 'old' },
            { type: 'ai', id: 'v', rawText: 'answer' },
          ],
        },
      ]
      put(db, 'workbench.panel.aichat.view.aichat.chatdata', { tabs }, 'ItemTable')
      put(db, 'cursorAuth/refreshToken', 'NOT OURS', 'ItemTable')
    })
    const { conversations, skipped, empty } = await readDatabase(t, bytes)
    const texts = Object.fromEntries(
      conversations.map(each => [
        each.sourceId,
        each.messages.map(message => [message.branch, messageText(message.parts)]),
      ]),
    )
    t.same(texts, {
      a: [
        ['main', 'first'],
        ['main', 'second'],
        ['3', 'taken back'],
      ],
      'a-b': [['main', 'no head']],
      c: [['main', 'inline']],
      t: [
        ['main', 'old'],
        ['main', 'answer'],
      ],
    })
    t.equal(empty, 2)
    t.match(skipped, [{ where: 'composerData:f', reason: 'it is not valid JSON' }])
    t.notMatch(JSON.stringify(conversations), /not ours|NOT OURS/)
  },
)

t.test('webui.db: rows of the table chat are the chats of the export', async t => {
  const [exported] = JSON.parse(fixture('open-webui/chats.json').toString()) as [Record<string, unknown>]
  const bytes = made(t, db => {
    db.exec(
      'CREATE TABLE chat (id VARCHAR(255) NOT NULL PRIMARY KEY, user_id TEXT, title TEXT, share_id TEXT, archived INTEGER, created_at DATETIME, updated_at DATETIME, chat JSON, pinned BOOLEAN, meta JSON, folder_id TEXT)',
    )
    db.exec('CREATE TABLE auth (id TEXT, password TEXT)')
    db.prepare('INSERT INTO auth VALUES (?, ?)').run('u', 'HASH')
    const insert = db.prepare(
      'INSERT INTO chat (id, title, archived, created_at, updated_at, chat, pinned) VALUES (?, ?, 0, 1777000000, 1777000010, ?, 1)',
    )
    insert.run('w1', 'Branches', JSON.stringify(exported.chat))
    insert.run('w2', 'Torn', '{"a":')
    insert.run('w3', 'Nothing', null)
  })
  const { conversations, skipped, format } = await readDatabase(t, bytes)
  t.equal(format, 'open-webui')
  t.equal(conversations.length, 1)
  t.match(conversations[0], {
    sourceId: 'w1',
    title: 'Branches',
    createdAtMs: 1777000000000,
    meta: { pinned: 'true' },
  })
  t.equal(conversations[0]?.messages.length, 3)
  t.same(
    skipped.map(({ where }) => where),
    ['chat, row 2', 'chat, row 3'],
  )
  t.notMatch(JSON.stringify(conversations), /HASH/)
})

t.test('a store inside a zip is read as by itself', async t => {
  const folder = tempFolder(t)
  const bytes = zip([
    { name: 'User/globalStorage/state.vscdb', bytes: fixture('cursor/state.vscdb') },
    { name: 'Thumbs.db', bytes: 'no database at all' },
  ])
  const ports = {
    assets: { put: async () => '0'.repeat(64) },
    spool: makeSpool(folder, systemChance),
    database: makeDatabaseSpool(folder, systemChance),
  }
  const events: ImportEvent[] = []
  for await (const event of readExport({ label: 'file', bytes: pieces(bytes) }, ports)) events.push(event)
  t.match(events, [
    { kind: 'conversation' },
    { kind: 'file', format: 'cursor', entry: 'User/globalStorage/state.vscdb' },
  ])
  t.same(readdirSync(folder), [])
})

t.test('a value over the limit is skipped with a reason and never fetched', async t => {
  const bytes = made(t, db => {
    db.exec(KV)
    put(db, 'composerData:a', { composerId: 'a' })
    put(db, 'bubbleId:a:1', bubble(1, 'x'.repeat(5000)))
    put(db, 'bubbleId:a:2', bubble(1, 'fits'))
  })
  const { conversations, skipped } = await readDatabase(t, bytes, { limits: { recordBytes: 2000 } })
  t.match(skipped, [{ where: 'bubbleId:a:1', reason: 'it is longer than 2000 bytes' }])
  t.equal(conversations[0]?.messages.length, 1)
})

t.test('views, virtual tables and computed columns under the names of tables are no tables', async t => {
  const REAL =
    "CREATE TABLE real_one (key TEXT, value TEXT); INSERT INTO real_one VALUES ('composerData:a', '{}')"
  for (const [name, sql] of [
    ['a view', `${REAL}; CREATE VIEW cursorDiskKV AS SELECT key, value FROM real_one`],
    [
      'a computed column',
      "CREATE TABLE cursorDiskKV (key TEXT, value TEXT AS (hex(zeroblob(1000))) VIRTUAL); INSERT INTO cursorDiskKV (key) VALUES ('composerData:a')",
    ],
    ['a virtual table', 'CREATE VIRTUAL TABLE cursorDiskKV USING fts5(key, value)'],
    ['other columns', 'CREATE TABLE cursorDiskKV (k, v)'],
    ['nothing of the kind', 'CREATE TABLE moz_places (id, url)'],
    ['a view of chats', `${REAL}; CREATE VIEW chat AS SELECT key AS id, value AS chat FROM real_one`],
  ] as const)
    await t.rejects(
      readDatabase(
        t,
        made(t, db => db.exec(sql)),
      ),
      { code: 'import/unreadable' },
      name,
    )
})

t.test('a table without an index, or without row numbers, gives its rows or a reason', async t => {
  const rows =
    "INSERT INTO cursorDiskKV VALUES ('bubbleId:a:1', '{\"type\":1,\"text\":\"Hi\"}'), (x'00', '{}'), (NULL, '{}'), ('bubbleId:', '{}')"
  const plain = await readDatabase(
    t,
    made(t, db => db.exec(`CREATE TABLE cursorDiskKV (key, value); ${rows}`)),
  )
  t.equal(plain.conversations.length, 1)
  const keyed = 'CREATE TABLE cursorDiskKV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID'
  await t.rejects(
    readDatabase(
      t,
      made(t, db => db.exec(keyed)),
    ),
    { code: 'import/unreadable' },
  )
})

t.test('damaged files give a reason or what is good in them, never anything else', async t => {
  const good = made(t, db => {
    db.exec(KV)
    for (let i = 0; i < 400; i++) put(db, `bubbleId:a:${i}`, bubble(1, `text ${i} ${'x'.repeat(200)}`))
  })
  await t.rejects(readDatabase(t, good.subarray(0, 50)), { code: 'import/unreadable' })
  await t.rejects(readDatabase(t, Buffer.from('SQLite format 3\0 and then nothing of it')), {
    code: 'import/unreadable',
  })
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  for (let round = 0; round < 40; round++) {
    const bytes = Buffer.from(good)
    for (let n = 0; n < 1 + round * 3; n++) bytes[16 + random(bytes.length - 16)] = random(256)
    const end = round % 3 === 0 ? random(bytes.length - 100) + 100 : bytes.length
    try {
      await readDatabase(t, bytes.subarray(0, end), round % 5 === 0 ? { wal: bytes.subarray(0, 3000) } : {})
    } catch (error) {
      t.equal((error as { code?: string }).code, 'import/unreadable', `round ${round}: ${String(error)}`)
    }
  }
})

t.test('what a killed process left in the spool is swept, and nothing else', async t => {
  const folder = tempFolder(t)
  for (const name of ['import-00', 'import-00-wal', 'other']) writeFileSync(join(folder, name), 'x')
  sweepSpool(folder)
  t.same(readdirSync(folder), ['other'])
  t.ok(existsSync(join(folder, 'other')))
})

t.test('rows that hold any JSON give records or reasons, in parts of the model', async t => {
  const head = {
    composerId: 'a',
    name: 'A',
    fullConversationHeadersOnly: [{ bubbleId: '1', type: 1 }],
    conversation: [],
  }
  const row = {
    ...bubble(2, 'Hi'),
    thinking: { text: 'x' },
    toolFormerData: { name: 'n', rawArgs: '{}', result: '{}' },
  }
  const swapped = (value: object) =>
    fc
      .array(fc.tuple(fc.constantFrom(...Object.keys(value)), fc.jsonValue()), { maxLength: 4 })
      .map(swaps => ({
        ...value,
        ...Object.fromEntries(swaps),
      }))
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(swapped(head), fc.jsonValue()),
      fc.array(fc.oneof(swapped(row), fc.jsonValue()), { maxLength: 3 }),
      async (composer, bubbles) => {
        const bytes = made(t, db => {
          db.exec(KV)
          put(db, 'composerData:a', JSON.stringify(composer))
          for (const [at, value] of bubbles.entries()) put(db, `bubbleId:a:${at}`, JSON.stringify(value))
        })
        const { conversations } = await readDatabase(t, bytes)
        for (const { messages } of conversations)
          for (const message of messages) for (const part of message.parts) Part.parse(part)
        return JSON.stringify(conversations).isWellFormed()
      },
    ),
    { numRuns: 40 },
  )
})
