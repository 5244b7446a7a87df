/** The conversation store: imports that can be repeated, lists, search, and deletion that leaves nothing behind. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { conversationId } from '../../../src/core/conversation/conversation-id.ts'
import type { ImportedConversation } from '../../../src/core/model/conversation.ts'
import { ShareId } from '../../../src/core/model/id.ts'
import { makeConversationStore } from '../../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import { faultsOf } from './integrity.ts'
import { conversation, didOf, folderOf, message, talk } from './people.ts'

const alice = didOf(1)

const open = (t: { teardown(fn: () => void): void }) => {
  const users = openUserDatabases(join(folderOf(t), 'users'), { maxOpen: 4 })
  t.teardown(() => users.close())
  users.create(alice)
  const store = makeConversationStore(users)
  const add = (...batch: ImportedConversation[]) => store.importConversations(alice, batch)
  const show = (sourceId: string, more = { allBranches: true, hidden: true }) =>
    store.show(alice, conversationId('chatgpt', sourceId), more)
  const texts = (sourceId: string) => show(sourceId).messages.map(m => `${m.id}:${m.branch}:${m.text}`)
  return { users, store, add, show, texts }
}

t.test('the same export twice changes nothing', async t => {
  const { store, add, show } = open(t)
  const export1 = [talk('a', ['Hi', 'Hello']), talk('b', ['Tea?', 'Yes'])]
  t.same(add(...export1), ['imported', 'imported'])
  const before = show('a')
  t.same(add(...export1), ['unchanged', 'unchanged'])
  t.same(add(...export1.toReversed(), ...export1), ['unchanged', 'unchanged', 'unchanged', 'unchanged'])
  t.same(show('a'), before)
  t.equal(store.list(alice, { limit: 50 }).conversations.length, 2)
})

t.test(
  'one conversation twice in a file, under two titles of one date, changes nothing the next time',
  async t => {
    const { add, show } = open(t)
    const file = [
      talk('a', ['Hi', 'Hello'], { title: 'One', updatedAtMs: 1000 }),
      talk('a', ['Hi', 'Hello', 'Bye'], { title: 'Two', updatedAtMs: 1000 }),
      talk('a', ['Hi'], { title: 'Three', updatedAtMs: 1000 }),
    ]
    t.same(add(...file), ['imported', 'updated', 'updated'])
    const before = show('a')
    t.same(add(...file), ['unchanged', 'unchanged', 'unchanged'])
    t.same(show('a'), before)
    t.same(
      add(talk('a', ['Hi'], { title: 'Four', updatedAtMs: 1000 })),
      ['updated'],
      'a new title still counts',
    )
  },
)

t.test('what has no title is known by its first visible question', t => {
  const { store, add } = open(t)
  add(
    talk('titled', ['Hi', 'Hello'], { title: 'Greeting' }),
    conversation(
      'a',
      [
        message('m0', null, '<context>', { hidden: true }),
        message('m1', 'm0', 'Ready', { role: 'assistant' }),
        message('m2', 'm1', `  Which tea,\n\nand ${'how '.repeat(40)}`),
        message('m3', 'm0', 'Another', { branch: 'm3' }),
      ],
      { title: null },
    ),
    conversation('silent', [message('m0', null, 'Welcome', { role: 'assistant' })], { title: null }),
  )
  const openings = store
    .list(alice, { limit: 50 })
    .conversations.map(({ title, opening }) => [title, opening])
    .sort()
  t.same(openings, [
    [null, null],
    [null, `Which tea, and ${'how '.repeat(26)}`.slice(0, 117).trim()],
    ['Greeting', null],
  ])
  t.end()
})

t.test('a newer export adds only what is new, and brings title and active branch', async t => {
  const { add, show, texts } = open(t)
  add(talk('a', ['Hi', 'Hello'], { title: 'Old', updatedAtMs: 1000 }))
  const grown = conversation(
    'a',
    [
      message('m0', null, 'Hi'),
      message('n1', 'm0', 'Good day', { role: 'assistant' }),
      message('n2', 'n1', 'Thanks'),
      message('m1', 'm0', 'Hello', { role: 'assistant', branch: 'm1' }),
    ],
    { title: 'New', updatedAtMs: 2000 },
  )
  t.same(add(grown), ['updated'])
  t.equal(show('a').title, 'New')
  t.same(texts('a'), ['m0:main:Hi', 'n1:main:Good day', 'n2:main:Thanks', 'm1:m1:Hello'])
  t.same(
    show('a').messages.map(m => m.index),
    [1, 2, 3, null],
  )
  t.same(add(grown), ['unchanged'])
  t.same(
    add(talk('a', ['Hi', 'Hello'], { title: 'Old', updatedAtMs: 1000 })),
    ['unchanged'],
    'the older one says nothing new',
  )
  t.equal(show('a').title, 'New')
})

t.test('a slimmer newer export takes nothing away, and a richer one fills in', async t => {
  const rich = conversation(
    'a',
    [
      message('u', null, 'What is the weather?'),
      message('c', 'u', '', {
        role: 'assistant',
        parts: [{ type: 'toolCall', callId: 'x', name: 'weather', input: '{}' }],
      }),
      message('r', 'c', '', {
        role: 'tool',
        parts: [{ type: 'toolResult', callId: 'x', output: 'rain', isError: false }],
      }),
      message('a', 'r', 'It rains, says the service', { role: 'assistant' }),
    ],
    { updatedAtMs: 1000, meta: { star: 'yes' } },
  )
  const slim = conversation(
    'a',
    [
      message('u', null, 'What is the weather?'),
      message('a', 'u', 'It rains', { role: 'assistant' }),
      message('t', 'a', 'Thanks'),
    ],
    { updatedAtMs: 2000 },
  )
  const wanted = [
    'u:main:What is the weather?',
    'c:main:',
    'r:main:',
    'a:main:It rains, says the service',
    't:main:Thanks',
  ]
  await t.test('rich first', async t => {
    const { add, texts } = open(t)
    t.same(add(rich), ['imported'])
    t.same(add(slim), ['updated'])
    t.same(texts('a'), wanted)
    t.same(add(slim), ['unchanged'])
    t.same(add(rich), ['unchanged'])
    t.same(add(slim), ['unchanged'])
    t.same(texts('a'), wanted)
  })
  await t.test('slim first', async t => {
    const { add, texts } = open(t)
    add(slim)
    t.same(add(rich), ['updated'])
    t.same(texts('a'), wanted)
    t.same(add(slim), ['unchanged'])
  })
})

t.test('an older export that first brings messages settles which branch is active', async t => {
  const { add, texts } = open(t)
  const branched = conversation(
    'a',
    [message('m1', null, 'one'), message('m2', 'm1', 'two'), message('s', 'm1', 'aside', { branch: 's' })],
    { updatedAtMs: null },
  )
  add(conversation('a', [], { updatedAtMs: 1 }))
  add(branched)
  t.same(texts('a'), ['m1:main:one', 'm2:main:two', 's:s:aside'])
  add(conversation('a', [], { updatedAtMs: null }))
  t.same(add(branched), ['unchanged'])
  t.same(texts('a'), ['m1:main:one', 'm2:main:two', 's:s:aside'])
})

t.test('exports in any order, any number of times, never lose a message, and settle', async t => {
  const { users, store } = open(t)
  let round = 0
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          size: fc.integer({ min: 1, max: 6 }),
          skip: fc.integer({ min: 0, max: 5 }),
          updatedAtMs: fc.option(fc.integer({ min: 1, max: 5 })),
          side: fc.boolean(),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      exports => {
        const sourceId = `r${round++}`
        const batch = exports.map(({ size, skip, updatedAtMs, side }) => {
          const ids = Array.from({ length: size }, (_, i) => `m${i}`).filter((_, i) => i !== skip)
          const line = ids.map((id, i) => message(id, ids[i - 1] ?? null, `text of ${id}`))
          const first = ids[0]
          if (side && first) line.push(message('s', first, 'aside', { branch: 's' }))
          return conversation(sourceId, line, { updatedAtMs, title: 'T' })
        })
        for (const each of batch) store.importConversations(alice, [each])
        const id = conversationId('chatgpt', sourceId)
        const seen = store.show(alice, id, { allBranches: true, hidden: true })
        const wanted = new Set(batch.flatMap(each => each.messages.map(m => m.id)))
        const found = seen.messages.map(m => m.id)
        // Twice more through all of them: from then on nothing changes.
        for (const each of [...batch, ...batch]) store.importConversations(alice, [each])
        const settled = store.show(alice, id, { allBranches: true, hidden: true })
        for (const each of batch) store.importConversations(alice, [each])
        const after = store.show(alice, id, { allBranches: true, hidden: true })
        return (
          found.length === wanted.size &&
          found.every(each => wanted.has(each)) &&
          settled.messages.length === found.length &&
          JSON.stringify(after) === JSON.stringify(settled)
        )
      },
    ),
    { numRuns: 40 },
  )
  const counted = users.read(alice, db => db.conversations.list({ limit: 1000 }).conversations)
  for (const head of counted)
    t.equal(head.messageCount, users.read(alice, db => db.conversations.messages(head.id)).length)
})

t.test(
  'whatever is imported, merged, hidden, received and deleted, the index says what the tables say',
  async t => {
    const text = fc.constantFrom(
      '',
      'one',
      'two words',
      '三つの言葉',
      'Ünï cödé',
      'one two three',
      'x'.repeat(300),
    )
    const anImport = fc.record({
      kind: fc.constant('import' as const),
      id: fc.constantFrom('a', 'b', 'c'),
      title: fc.option(fc.constantFrom('one', 'two', '四')),
      updatedAtMs: fc.integer({ min: 1, max: 3 }),
      texts: fc.array(fc.record({ text, hidden: fc.boolean() }), { minLength: 1, maxLength: 4 }),
    })
    const aReceipt = fc.record({ kind: fc.constant('receive' as const), text })
    const aDeletion = fc.record({ kind: fc.constant('delete' as const), id: fc.constantFrom('a', 'b', 'c') })
    const share = ShareId.parse('s'.repeat(26))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anImport, aReceipt, aDeletion), { minLength: 1, maxLength: 12 }),
        async steps => {
          const folder = mkdtempSync(join(tmpdir(), 'vivim-storage-'))
          const users = openUserDatabases(folder, { maxOpen: 1 })
          try {
            users.create(alice)
            const store = makeConversationStore(users)
            for (const step of steps) {
              if (step.kind === 'import') {
                const { id, title, updatedAtMs, texts } = step
                const line = texts.map(({ text, hidden }, i) =>
                  message(`m${i}`, i ? `m${i - 1}` : null, text, { hidden }),
                )
                store.importConversations(alice, [conversation(id, line, { title, updatedAtMs })])
              } else if (step.kind === 'receive') {
                const part = { type: 'text' as const, text: step.text, format: 'md' as const }
                const messages = [{ index: 1, role: 'user' as const, createdAtMs: null, parts: [part] }]
                await store.forget(alice, [share], db =>
                  db.conversations.putReceived(share, { title: step.text, createdAtMs: null, messages }),
                )
              } else if (
                users.write(alice, db => db.conversations.remove(conversationId('chatgpt', step.id))) !== null
              )
                users.compact(alice)
            }
            users.close()
            return faultsOf(join(users.folder(alice), 'user.db')).join() === ''
          } finally {
            users.close()
            rmSync(folder, { recursive: true })
          }
        },
      ),
      { numRuns: 40 },
    )
    t.pass()
  },
)

t.test('of one message twice in an export the first counts, and the richer one of two exports', async t => {
  const { add, texts } = open(t)
  const image = (asset: string | null) =>
    message('p', null, '', {
      parts: [
        { type: 'image', asset, mime: null, width: null, height: null, alt: null, missing: asset === null },
        { type: 'text', text: asset ? 'x' : 'a longer text', format: 'md' },
      ],
    })
  add(conversation('a', [message('m', null, 'first'), message('m', null, 'second and longer')]))
  t.same(texts('a'), ['m:main:first'])
  add(conversation('b', [image(null)]))
  add(conversation('b', [image('ab'.repeat(32))], { updatedAtMs: 1 }))
  t.same(texts('b'), ['p:main:x'])
})

t.test('lists go from new to old, page by page, by provider and by words', async t => {
  const { store, add } = open(t)
  const many = Array.from({ length: 25 }, (_, i) =>
    talk(`c${i}`, [`word${i} kettle`], { updatedAtMs: i % 5 === 0 ? null : 1000 * i, createdAtMs: null }),
  )
  add(...many, { ...talk('z', ['Hello from the other side']), provider: 'claude.ai' })
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = store.list(alice, { limit: 7, cursor })
    ids.push(...page.conversations.map(each => each.id))
    cursor = page.next ?? undefined
  } while (cursor)
  t.equal(ids.length, 26)
  t.equal(new Set(ids).size, 26)
  t.equal(ids[0], conversationId('claude.ai', 'z'))
  t.equal(ids[1], conversationId('chatgpt', 'c24'))
  const [other] = store.list(alice, { limit: 50, provider: 'claude.ai' }).conversations
  t.match(other, { provider: 'claude.ai', messages: 1, createdAt: '2025-10-09T08:53:20.000Z' })
  t.equal(store.list(alice, { limit: 50, query: 'kettle' }).conversations.length, 25)
  t.equal(store.list(alice, { limit: 50, query: 'word7' }).conversations.length, 1)
  t.equal(store.list(alice, { limit: 50, query: 'title of c1' }).conversations.length, 11)
  t.throws(() => store.list(alice, { limit: 50, query: '!?' }), { code: 'query/invalid' })
  t.throws(() => store.list(alice, { limit: 50, cursor: 'nonsense' }), { code: 'usage/invalid' })
})

t.test('a conversation is found by a unique beginning of its id', async t => {
  const { store, add } = open(t)
  add(...Array.from({ length: 40 }, (_, i) => talk(`c${i}`, ['Hi'])))
  const id = conversationId('chatgpt', 'c7')
  t.equal(store.show(alice, id.slice(0, 12), { allBranches: false, hidden: false }).id, id)
  t.throws(() => store.show(alice, '', { allBranches: false, hidden: false }), {
    code: 'conversation/not-found',
  })
  t.throws(() => store.show(alice, '%', { allBranches: false, hidden: false }), {
    code: 'conversation/not-found',
  })
  t.throws(() => store.show(alice, `${id}x`, { allBranches: false, hidden: false }), {
    code: 'conversation/not-found',
  })
  // 40 ids over 32 first letters: two begin alike.
  const letters = Array.from({ length: 40 }, (_, i) => conversationId('chatgpt', `c${i}`).charAt(0))
  const twice = letters.find((letter, i) => letters.indexOf(letter) !== i) ?? ''
  t.throws(() => store.show(alice, twice, { allBranches: false, hidden: false }), { code: 'id/ambiguous' })
})

t.test('search takes every word, the last one as a beginning, accents and quotes as they come', async t => {
  const { store, add } = open(t)
  add(
    talk('a', ['How do I cook crème brûlée?', 'Slowly, in a water bath'], { title: 'Cooking' }),
    talk('b', ['日本語の文章を検索したい', '全文検索は便利です'], { title: '検索の話' }),
    talk('c', ['nothing of that kind'], { title: 'Sushi and brulee' }),
    conversation('d', [message('h', null, 'water in a system prompt', { role: 'system', hidden: true })]),
  )
  const find = (query: string) => store.search(alice, query, 20).hits
  const ids = (query: string) => find(query).map(hit => hit.messageId)
  t.same(ids('creme brul'), ['m0'])
  t.match(find('BRÛLÉE')[0]?.snippet, '«brulee»')
  t.equal(find('brulee').length, 2, 'a title and a message')
  t.same(ids('water slow'), ['m1'])
  t.same(ids('water nosuchword'), [])
  t.same(ids('"water bath"'), ['m1'])
  t.same(ids('"bath water"'), [])
  t.equal(find('検索').length, 2)
  t.match(find('全文検索')[0]?.snippet, '便利')
  t.notMatch(find('全文検索')[0]?.snippet, '\u200b')
  t.same(ids('文検'), ['m1'])
  for (const odd of [
    '"',
    'AND',
    'a"b',
    'NOT water',
    '(water',
    'water*',
    'text:water',
    '^water',
    'water AND OR',
    `'--`,
    'x\0y',
  ])
    t.doesNotThrow(() => {
      try {
        find(odd)
      } catch (error) {
        if ((error as { code?: string }).code !== 'query/invalid') throw error
      }
    }, odd)
  for (const empty of ['', ' ', '"" !', '…']) t.throws(() => find(empty), { code: 'query/invalid' })
  const scores = find('water').map(hit => hit.score)
  t.same(
    scores,
    scores.toSorted((a, b) => b - a),
  )
})

t.test('no text that anybody types makes search throw anything but query/invalid', async t => {
  const { store, add } = open(t)
  add(talk('a', ['water bath', 'fire place']))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), query => {
      try {
        return Array.isArray(store.search(alice, query, 5).hits)
      } catch (error) {
        return (error as { code?: string }).code === 'query/invalid'
      }
    }),
    { numRuns: 200 },
  )
  t.pass()
})

t.test('what was opened from the inbox is found by search, not listed, and goes with the share', async t => {
  const { users, store, add } = open(t)
  add(talk('own', ['my own words']))
  const share = ShareId.parse('a'.repeat(26))
  const received = {
    title: 'From bob',
    createdAtMs: null,
    messages: [
      {
        index: 1,
        role: 'user' as const,
        createdAtMs: null,
        parts: [{ type: 'text' as const, text: 'bobs words', format: 'md' as const }],
      },
    ],
  }
  t.equal(
    users.write(alice, db => db.conversations.putReceived(share, received)),
    true,
  )
  t.equal(
    users.write(alice, db => db.conversations.putReceived(share, received)),
    false,
  )
  t.match(store.search(alice, 'bobs', 5).hits, [{ conversationId: share, messageId: '1', title: 'From bob' }])
  t.equal(store.list(alice, { limit: 10 }).conversations.length, 1)
  t.throws(
    () => store.whole(alice, share),
    { code: 'conversation/not-found' },
    'what others shared is not ours to share',
  )
  await t.rejects(store.delete(alice, share), {
    code: 'conversation/not-found',
    message: /inbox forget/,
  })
  await t.rejects(store.delete(alice, 'zz'), { code: 'conversation/not-found', message: /no conversation/ })
  await store.forget(alice, [share], () => undefined)
  t.same(store.search(alice, 'bobs', 5).hits, [])
})

t.test('what was deleted stands in no file any more', async t => {
  const { users, store, add } = open(t)
  const filler = (n: number) => Array.from({ length: n }, (_, i) => `filler${(i * 7919) % 10007}`).join(' ')
  const secret = (i: number) =>
    talk(`s${i}`, [`canary${i}alpha ${filler(900)} CANARY${i} ${'Ö'.repeat(50)} canary${i}omega`, 'short'], {
      title: `canary${i}title`,
    })
  for (let i = 0; i < 60; i++) add(secret(i), talk(`f${i}`, [filler(i * 3), filler(200)]))
  const canaries = (i: number) => [`canary${i}alpha`, `canary${i}omega`, `CANARY${i} `, `canary${i}title`]
  const folder = users.folder(alice)
  const found = (canary: string) =>
    readdirSync(folder).filter(name => readFileSync(join(folder, name)).includes(canary))
  t.not(found('canary5alpha').length, 0)
  for (let i = 0; i < 60; i += 2) {
    await store.delete(alice, conversationId('chatgpt', `s${i}`))
    for (const canary of canaries(i)) t.same(found(canary), [], canary)
  }
  for (let i = 0; i < 60; i += 2)
    for (const canary of canaries(i)) t.same(found(canary), [], `still gone: ${canary}`)
  for (let i = 1; i < 60; i += 2) t.equal(store.search(alice, `canary${i}alpha`, 5).hits.length, 1)
  t.equal(store.search(alice, 'canary2alpha', 5).hits.length, 0)
  users.close()
  for (let i = 0; i < 60; i += 2) for (const canary of canaries(i)) t.same(found(canary), [], canary)
})

t.test('a short text out of a long history is taken out of the index in place', async t => {
  const { users, store, add } = open(t)
  const filler = Array.from({ length: 30_000 }, (_, i) => `filler${i % 997}`).join(' ')
  add(talk('long', [filler, filler]), talk('short', ['canaryshort one two']))
  await store.delete(alice, conversationId('chatgpt', 'short'))
  const folder = users.folder(alice)
  for (const name of readdirSync(folder))
    t.notOk(readFileSync(join(folder, name)).includes('canaryshort'), `${name} holds nothing of it`)
  t.equal(store.search(alice, 'filler5', 5).hits.length, 2)
  t.doesNotThrow(() =>
    users.write(alice, db => db.conversations.import(talk('again', ['canaryshort one two']))),
  )
  t.equal(store.search(alice, 'canaryshort', 5).hits.length, 1)
})

t.test('much text leaves the index step by step, and others have their turns in between', async t => {
  const { store, users, add } = open(t)
  const letters = (n: number) => [...String(n)].map(digit => 'abcdefghij'[Number(digit)]).join('')
  const text = (from: number) => Array.from({ length: 20_000 }, (_, i) => `w${letters(from + i)}`).join(' ')
  // No other word begins as it does, so that the index holds it whole.
  const canary = 'zcanary'
  for (let i = 0; i < 8; i++) add(talk(`c${i}`, [`${text(i * 20_000)} ${i === 3 ? canary : ''}`]))
  t.equal(store.search(alice, `${canary} `, 5).hits.length, 1)

  let isDone = false
  let turns = 0
  const deleting = store.delete(alice, conversationId('chatgpt', 'c3')).finally(() => {
    isDone = true
  })
  const look = () => {
    if (isDone) return
    turns++
    t.same(store.search(alice, `${canary} `, 5).hits, [], 'gone for a search at once')
    if (turns === 1) add(talk('meanwhile', ['came in between']))
    setImmediate(look)
  }
  look()
  await deleting
  t.ok(turns > 3, `others had ${turns} turns`)
  t.equal(store.search(alice, 'came between', 5).hits.length, 1)
  const path = join(users.folder(alice), 'user.db')
  users.close()
  t.notOk(readFileSync(path).includes(canary.slice(1)))
  t.same(faultsOf(path), [])
})

t.test('a removal that a crash broke off is finished at the next start', async t => {
  const folder = join(folderOf(t), 'users')
  const users = openUserDatabases(folder, { maxOpen: 4 })
  users.create(alice)
  makeConversationStore(users).importConversations(alice, [
    talk('gone', [`canarycrash ${'filler '.repeat(10_000)}`]),
    talk('stays', ['something else']),
  ])
  users.write(alice, db => db.conversations.remove(conversationId('chatgpt', 'gone')))
  users.close()

  const again = openUserDatabases(folder, { maxOpen: 4 })
  const store = makeConversationStore(again)
  await store.purge(alice)
  t.equal(store.search(alice, 'something', 5).hits.length, 1)
  again.close()
  for (const name of readdirSync(again.folder(alice)))
    t.notOk(readFileSync(join(again.folder(alice), name)).includes('canarycrash'), name)
  t.same(faultsOf(join(again.folder(alice), 'user.db')), [])
})

t.test(
  'assets are kept once, checked when read, and go with the last conversation that needs them',
  async t => {
    const { users, store, add } = open(t)
    const bytes = new TextEncoder().encode('picture')
    const asset = store.putAsset(alice, bytes, 'image/png')
    t.equal(store.putAsset(alice, bytes, null), asset)
    const withImage = (id: string) =>
      conversation(id, [
        message('m', null, '', {
          parts: [
            { type: 'image', asset, mime: 'image/png', width: null, height: null, alt: null, missing: false },
          ],
        }),
      ])
    add(withImage('a'), withImage('b'))
    const path = join(users.folder(alice), 'assets', asset)
    t.same(store.asset(alice, asset), bytes)
    await store.delete(alice, conversationId('chatgpt', 'a'))
    t.ok(existsSync(path))
    await store.delete(alice, conversationId('chatgpt', 'b'))
    t.notOk(existsSync(path))
    t.equal(store.asset(alice, asset), null)
    t.equal(store.asset(alice, '../keystore'), null)
    const stray = store.putAsset(alice, new TextEncoder().encode('of an import that was broken off'), null)
    t.equal(store.sweepAssets(alice), 1)
    t.equal(store.asset(alice, stray), null)
  },
)
