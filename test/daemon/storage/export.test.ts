/** Export and back: what was exported, deleted and imported again is the same to the byte. */

import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { conversationId } from '../../../src/core/conversation/conversation-id.ts'
import { exportDocument } from '../../../src/core/conversation/vivim.ts'
import type { ImportedConversation, ImportedMessage, Part } from '../../../src/core/model/conversation.ts'
import { ConversationDocument } from '../../../src/core/model/conversation-document.ts'
import { ShareId } from '../../../src/core/model/id.ts'
import { makeConversationStore } from '../../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import { addsUp, fixture, read, sha256 } from '../../core/conversation/kit.ts'
import { conversation, didOf, folderOf, message, talk } from './people.ts'

const alice = didOf(1)

const open = (t: { teardown(fn: () => void): void }) => {
  const users = openUserDatabases(join(folderOf(t), 'users'), { maxOpen: 4 })
  t.teardown(() => users.close())
  users.create(alice)
  const store = makeConversationStore(users)
  const add = (...batch: ImportedConversation[]) => store.importConversations(alice, batch)
  const exported = (id: string): string => {
    const { head, messages } = store.toExport(alice, id)
    return exportDocument({ ...head, messages })
  }
  return { store, add, exported }
}

const text = fc.string({ unit: 'grapheme', maxLength: 30 }).map(each => each.toWellFormed())
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const count = maybe(fc.nat())
const asset = maybe(text.map(each => sha256(Buffer.from(each))))
const json = fc.jsonValue().map(value => JSON.stringify(value).toWellFormed())

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    type: fc.constant('text' as const),
    text,
    format: fc.constantFrom('md' as const, 'plain' as const),
  }),
  fc.record({ type: fc.constant('code' as const), text, lang: maybe(text) }),
  fc.record({
    type: fc.constant('image' as const),
    asset,
    mime: maybe(text),
    width: count,
    height: count,
    alt: maybe(text),
    missing: fc.boolean(),
  }),
  fc.record({ type: fc.constant('toolCall' as const), callId: maybe(text), name: text, input: json }),
  fc.record({
    type: fc.constant('toolResult' as const),
    callId: maybe(text),
    output: text,
    isError: fc.boolean(),
  }),
  fc.record({ type: fc.constant('thinking' as const), text, summary: maybe(text), opaque: fc.boolean() }),
  fc.record({
    type: fc.constant('citation' as const),
    url: text,
    title: maybe(text),
    start: count,
    end: count,
    snippet: maybe(text),
  }),
  fc.record({
    type: fc.constant('attachment' as const),
    name: text,
    mime: maybe(text),
    size: count,
    text: maybe(text),
    asset,
    missing: fc.boolean(),
  }),
  fc.record({ type: fc.constant('unknown' as const), raw: json }),
)

const time = maybe(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }))

/** A tree: each message hangs under one before it, or is a root; the way to the last one is `main`. */
const tree: fc.Arbitrary<ImportedMessage[]> = fc
  .array(
    fc.record({
      under: fc.nat(),
      role: fc.constantFrom('user' as const, 'assistant' as const, 'system' as const, 'tool' as const),
      author: maybe(text),
      createdAtMs: time,
      hidden: fc.boolean(),
      model: maybe(text),
      parts: fc.array(part, { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map(each => {
    const parents = each.map(({ under }, i) => (under % (i + 1) === i ? null : `m${under % (i + 1)}`))
    const main = new Set<string>()
    for (
      let id: string | null = `m${each.length - 1}`;
      id !== null;
      id = parents[Number(id.slice(1))] ?? null
    )
      main.add(id)
    const branches: string[] = []
    return each.map(({ under: _, ...facts }, i) => {
      const parent = parents[i] ?? null
      const above =
        parent === null || main.has(parent) ? `m${i}` : (branches[Number(parent.slice(1))] as string)
      const branch = main.has(`m${i}`) ? 'main' : above
      branches.push(branch)
      return { id: `m${i}`, parent, branch, ...facts }
    })
  })

t.test('export, delete, import, export: the same bytes, whatever the conversation holds', async t => {
  const { store, add, exported } = open(t)
  let sourceId = 0
  await fc.assert(
    fc.asyncProperty(
      tree,
      maybe(text),
      time,
      time,
      fc.dictionary(text, text, { maxKeys: 3 }),
      async (messages, title, createdAtMs, updatedAtMs, meta) => {
        const given = conversation(`c${sourceId++}`, messages, { title, createdAtMs, updatedAtMs, meta })
        add(given)
        const id = conversationId(given.provider, given.sourceId)
        const first = exported(id)
        ConversationDocument.parse(JSON.parse(first))
        const again = (await read(first)).conversations
        const outcome = add(...again)
        await store.delete(alice, id)
        const back = add(...(await read(first)).conversations)
        const second = exported(id)
        await store.delete(alice, id)
        return outcome[0] === 'unchanged' && back[0] === 'imported' && first === second
      },
    ),
    { numRuns: 50 },
  )
})

t.test('real exports of every format come back as they were', async t => {
  const { store, add, exported } = open(t)
  for (const file of [
    'chatgpt/2025-full/conversations.json',
    'chatgpt/2026-sharded/conversations-000.json',
    'claude-ai/conversations.json',
    'claude-code/11111111-2222-4333-8444-555555555555.jsonl',
    'librechat/tea-recursive.json',
    'lm-studio/1777000000000.conversation.json',
    'openai-messages/finetune.jsonl',
    'sharegpt/sharegpt.json',
  ]) {
    const { conversations } = await read(fixture(file))
    add(...conversations)
    const ids = conversations.map(each => conversationId(each.provider, each.sourceId))
    const documents = ids.map(exported)
    t.same(
      add(...(await read(documents.join(''))).conversations),
      ids.map(() => 'unchanged'),
      file,
    )
    for (const id of ids) await store.delete(alice, id)
    // As one array, and as lines.
    const lines = documents.map(each => JSON.stringify(JSON.parse(each)))
    const [array, jsonl] = [await read(`[${documents.join(',')}]`), await read(lines.join('\n'))]
    t.same(array.conversations, jsonl.conversations, file)
    t.same(
      add(...array.conversations),
      ids.map(() => 'imported'),
      file,
    )
    t.same(ids.map(exported), documents, file)
  }
})

t.test('an older state of a conversation, exported before it grew, takes nothing away', async t => {
  const { add, exported } = open(t)
  const id = conversationId('chatgpt', 'a')
  add(talk('a', ['Hi', 'Hello'], { updatedAtMs: 1000 }))
  const before = exported(id)
  add(talk('a', ['Hi', 'Hello', 'More'], { updatedAtMs: 2000 }))
  const after = exported(id)
  t.same(add(...(await read(before)).conversations), ['unchanged'])
  t.equal(exported(id), after)
  // A newer export that leaves out what is here and adds a branch: the document of both together is known as well.
  const slim = [message('m0', null, 'Hi'), message('n1', 'm0', 'Good day', { role: 'assistant' })]
  t.same(add(conversation('a', slim, { updatedAtMs: 3000 })), ['updated'])
  const union = exported(id)
  t.same(add(...(await read(union)).conversations), ['unchanged'])
  t.equal(exported(id), union)
})

t.test('an opened share is exported as what was received, and its assets as those that came', async t => {
  const { store, exported } = open(t)
  const share = ShareId.parse('b'.repeat(26))
  const users = openUserDatabases(join(folderOf(t), 'users'), { maxOpen: 1 })
  t.teardown(() => users.close())
  users.create(alice)
  const other = makeConversationStore(users)
  users.write(alice, db =>
    db.conversations.putReceived(share, {
      title: 'Tea',
      createdAtMs: null,
      messages: [
        { index: 3, role: 'user', createdAtMs: null, parts: [{ type: 'text', text: 'Hi', format: 'plain' }] },
      ],
    }),
  )
  const { head, messages, assets } = other.toExport(alice, share)
  t.match(JSON.parse(exportDocument({ ...head, messages })), {
    vivim: 1,
    id: share,
    provider: 'vivim',
    sourceId: share,
  })
  t.same(assets, [])
  t.throws(() => exported(share), { code: 'conversation/not-found' })
  t.throws(() => store.toExport(alice, share), { code: 'conversation/not-found' })
})

t.test('an asset is given in pieces, and only through a conversation that has it', async t => {
  const { store, add } = open(t)
  const bytes = Buffer.from('0123456789')
  const hash = store.putAsset(alice, bytes, 'image/png')
  const image: Part = {
    type: 'image',
    asset: hash,
    mime: 'image/png',
    width: null,
    height: null,
    alt: null,
    missing: false,
  }
  add(conversation('a', [{ ...message('m', null, ''), parts: [image] }]), talk('b', ['Hi']))
  const [a, b] = [conversationId('chatgpt', 'a'), conversationId('chatgpt', 'b')]
  t.same(store.toExport(alice, a).assets, [{ sha256: hash, mime: 'image/png', bytes: 10 }])
  const piece = (offset: number) => Buffer.from(store.assetPiece(alice, a, hash, offset, 4)).toString()
  t.same([piece(0), piece(4), piece(8), piece(10), piece(99)], ['0123', '4567', '89', '', ''])
  t.throws(() => store.assetPiece(alice, b, hash, 0, 4), { code: 'conversation/not-found' })
})

t.test("one's own export may be longer than a record of others, since it repeats its texts", async t => {
  const { add, exported } = open(t)
  add(talk('a', ['x'.repeat(3000)]))
  const text = exported(conversationId('chatgpt', 'a'))
  t.ok(text.length > 6000)
  t.equal((await read(text, { limits: { recordBytes: 4000 } })).conversations.length, 1)
  t.equal((await read(`\ufeff[\n${text}]`, { limits: { recordBytes: 4000 } })).conversations.length, 1)
})

const document = (messages: unknown, more: object = {}): string =>
  JSON.stringify({ vivim: 1, provider: 'chatgpt', sourceId: 'x', messages, ...more })
const plain = { role: 'user', hidden: false, parts: [{ type: 'text', text: 'a', format: 'plain' }] }

t.test('a document that somebody changed by hand is mended or refused with a reason', async t => {
  const circle = await read(
    document([
      { ...plain, id: 'a', parent: 'b' },
      { ...plain, id: 'b', parent: 'a' },
      { ...plain, id: 'c', parent: 'gone' },
      { ...plain, id: 'a', parent: null },
    ]),
  )
  t.ok(addsUp(circle))
  t.equal(circle.conversations[0]?.messages.length, 3)
  const odd = await read(
    document([
      {
        ...plain,
        id: 'a\ud800',
        hidden: 'no',
        parts: [{ type: 'dance' }, { type: 'text', text: '\udc00', format: 'md' }],
      },
    ]),
  )
  t.match(odd.conversations[0]?.messages[0], {
    id: 'a\ufffd',
    hidden: true,
    parts: [{ type: 'unknown', raw: '{"type":"dance"}' }, { text: '\ufffd' }],
  })
  const reasons = async (text: string) => (await read(text)).skipped.map(each => each.reason)
  const strange = (await read(document([{ ...plain, role: 'wizard' }, 7, { ...plain, id: 'm', parts: 'x' }])))
    .conversations
  t.match(strange[0]?.messages, [
    { id: 'message-1', role: 'system', hidden: true, parts: [{ type: 'text' }] },
    { id: 'message-2', role: 'system', hidden: true, parts: [{ type: 'unknown', raw: '7' }] },
    { id: 'm', role: 'user', hidden: false, parts: [{ type: 'unknown', raw: '"x"' }] },
  ])
  t.match(await reasons(document([], { vivim: 2 })), [/of version 2/])
  t.match(await reasons(document([], { provider: '' })), [/where the conversation comes from/])
  t.equal((await read(document([]))).empty, 1)
})
