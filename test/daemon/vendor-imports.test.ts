/** Vendors' exports into a real database: the numbers of each, again without change, and two exports of one talk as one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemChance } from '../../src/core/kernel/env.ts'
import { Did } from '../../src/core/model/id.ts'
import { makeFileImport } from '../../src/daemon/importing/file-import.ts'
import { makeDatabaseSpool, makeShelves, makeSpool } from '../../src/daemon/importing/spool.ts'
import { makeConversationStore } from '../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../src/daemon/storage/user/manager.ts'
import { tempFolder } from '../kit/home.ts'

const alice = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')

const fixture = (name: string): Buffer => {
  const root = new URL(import.meta.url).pathname.split(/\/(?:build\/)?test\//)[0] as string
  return readFileSync(`${root}/test/fixtures/conversations/${name}`)
}

function setUp(t: Test) {
  const home = tempFolder(t)
  const users = openUserDatabases(join(home, 'users'), { maxOpen: 4 })
  t.teardown(() => users.close())
  users.create(alice)
  const store = makeConversationStore(users)
  const places = {
    spool: makeSpool(home, systemChance),
    database: makeDatabaseSpool(home, systemChance),
    shelf: makeShelves(home, systemChance),
  }
  const take = async (label: string, bytes: Buffer) => {
    const work = makeFileImport(label, alice, store, places)
    await work.push(bytes)
    const { report } = await work.end()
    return { ...report, skipped: report.skipped.length }
  }
  return { take, store }
}

t.test('the archives of vendors are counted record by record, and a second time nothing changes', async t => {
  const { take } = setUp(t)
  for (const [name, format, read, imported, empty, skipped] of [
    ['zips/gemini-takeout.zip', 'gemini-takeout', 3, 2, 1, 0],
    ['zips/grok.zip', 'grok', 1, 1, 0, 0],
    ['zips/deepseek.zip', 'deepseek', 1, 1, 0, 0],
    ['zips/lechat.zip', 'le-chat', 1, 1, 0, 0],
    ['zips/perplexity-official.zip', 'perplexity', 1, 1, 0, 0],
    ['ai-studio/Moon facts', 'ai-studio', 1, 1, 0, 0],
    ['grok/flat.json', 'grok', 2, 1, 1, 0],
    ['deepseek/api.json', 'deepseek', 1, 1, 0, 0],
  ] as const) {
    const first = await take(name, fixture(name))
    t.match(first, { format, read, imported, updated: 0, unchanged: 0, empty, skipped }, name)
    const second = await take(name, fixture(name))
    t.match(second, { format, read, imported: 0, updated: 0, unchanged: imported, empty, skipped }, name)
  }
})

t.test(
  'a thread from an extension and from the export is one, and keeps the sources that only one has',
  async t => {
    const { take, store } = setUp(t)
    await take('a', fixture('perplexity/perplexity_thread.json'))
    const official = fixture('perplexity/conversations-20260401_101010-abcdef12.json')
    t.match(await take('b', official), { imported: 0 })
    t.match(await take('b', official), { imported: 0, updated: 0, unchanged: 1 })
    const [thread, ...others] = store.list(alice, { limit: 9 }).conversations
    t.same(others, [])
    const { messages } = store.whole(alice, thread?.id ?? '')
    t.equal(messages.length, 4)
    t.match(JSON.stringify(messages), /https:\/\/example\.org\/quasar/)
  },
)

t.test('a page and a JSON file of the same activity are the same activity', async t => {
  const { take, store } = setUp(t)
  await take('a', fixture('gemini-takeout/MyActivity.html'))
  t.match(await take('b', fixture('gemini-takeout/MyActivity.json')), { read: 3, imported: 1, empty: 1 })
  t.equal(store.list(alice, { limit: 9 }).conversations.length, 3)
})
