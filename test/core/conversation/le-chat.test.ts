/** Le Chat: all messages of a file are one chat, in the order of their times, with versions beside each other. */
import fc from 'fast-check'
import t from 'tap'
import { addsUp, byId, fixture, idsOn, read, sha256, zip } from './kit.ts'

const CHAT = 'c0000000-0000-4000-8000-000000000001'
const sample = fixture(`le-chat/chat-${CHAT}.json`)

const message = (id: string, second: number, role: string, more: object = {}): object => ({
  id,
  version: 0,
  chatId: 'c',
  role,
  content: `text of ${id}`,
  contentChunks: null,
  createdAt: `2026-02-10T10:00:0${second}.000Z`,
  ...more,
})

const chat = async (...messages: readonly unknown[]) =>
  (await read(JSON.stringify(messages))).conversations[0]

t.test('the sample: sorted by time, the text told once, a call with its arguments', async t => {
  const reading = await read(sample)
  t.match(reading.files, [{ read: 1, conversations: 1, empty: 0, skipped: 0 }])
  const [tower] = reading.conversations
  t.match(tower, {
    sourceId: CHAT,
    title: 'Where is the tower?',
    createdAtMs: Date.parse('2026-02-10T10:00:00.100Z'),
  })
  t.same(idsOn(tower, 'main'), ['l1', 'l2'])
  t.match(byId(tower, 'l1').parts, [
    { text: 'Where is the tower?' },
    { type: 'image', alt: 'tower.png', missing: true },
  ])
  t.match(byId(tower, 'l2').parts, [
    { type: 'toolCall', callId: 'call-1', name: 'web_search', input: '{"q":"tower"}' },
    { type: 'text', text: 'Paris has it.' },
    { type: 'unknown', raw: '{"type":"reference","referenceIds":[1]}' },
    { type: 'image', asset: null, missing: true },
  ])
  t.notMatch(JSON.stringify(tower), /sig=1/)
})

t.test('the order in the file means nothing', async () => {
  const messages = [
    message('u1', 1, 'user'),
    message('a1', 2, 'assistant'),
    message('a1', 3, 'assistant', { version: 1, content: 'other' }),
    message('u2', 4, 'user'),
    message('a2', 4, 'assistant'),
    message('a3', 5, 'assistant', { preferenceOver: 'a2' }),
  ]
  const whole = await chat(...messages)
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(messages, { minLength: messages.length }), async shuffled => {
      return JSON.stringify(await chat(...shuffled)) === JSON.stringify(whole)
    }),
    { numRuns: 30 },
  )
})

t.test('a later version stands beside the first, and the talk goes on under it', async t => {
  const conversation = await chat(
    message('u1', 1, 'user'),
    message('a1', 2, 'assistant'),
    message('a1', 3, 'assistant', { version: 1, content: 'other' }),
    message('u2', 4, 'user'),
  )
  t.same(idsOn(conversation, 'main'), ['u1', 'a1#1', 'u2'])
  t.same(idsOn(conversation, 'a1'), ['a1'])
  t.equal(byId(conversation, 'a1').parent, 'u1')
})

t.test('what was preferred is the way on, whichever of the two was written first', async t => {
  for (const [winner, loser] of [
    [2, 3],
    [3, 2],
  ] as const) {
    const conversation = await chat(
      message('u1', 1, 'user'),
      message('lost', loser, 'assistant'),
      message('won', winner, 'assistant', { preferenceOver: 'lost' }),
      message('u2', 4, 'user'),
    )
    t.same(idsOn(conversation, 'main'), ['u1', 'won', 'u2'], String(winner))
    t.same(idsOn(conversation, 'lost'), ['lost'])
    t.equal(byId(conversation, 'lost').parent, 'u1')
  }
})

t.test('an edited question takes what follows it with it', async t => {
  const conversation = await chat(
    message('u1', 1, 'user'),
    message('a1', 2, 'assistant'),
    message('u1', 3, 'user', { version: 1, content: 'edited' }),
    message('a2', 4, 'assistant'),
  )
  t.same(idsOn(conversation, 'main'), ['u1#1', 'a2'])
  t.same(idsOn(conversation, 'u1'), ['u1', 'a1'])
})

t.test('chunks: results, thinking, inline pictures, what no reader knows', async t => {
  const conversation = await chat(
    message('a', 1, 'assistant', {
      content: 'said anyway',
      contentChunks: [
        { type: 'tool_call', name: 'run', publicArguments: { a: 1 }, publicResult: { b: 2 }, success: false },
        { type: 'thinking', thinking: 'hm' },
        {
          type: 'image_url',
          imageUrl: `data:image/png;base64,${Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')}`,
        },
        { type: 'custom_element', x: 1 },
        null,
      ],
      canvas: [{ content: 'let a', language: 'js' }, { odd: 1 }],
    }),
  )
  t.match(byId(conversation, 'a').parts, [
    { type: 'toolCall', input: '{"a":1}' },
    { type: 'toolResult', callId: 'call-1', output: '{"b":2}', isError: true },
    { type: 'thinking', text: 'hm' },
    { type: 'image', mime: 'image/png', missing: false },
    { type: 'unknown', raw: '{"type":"custom_element","x":1}' },
    { type: 'text', text: 'said anyway' },
    { type: 'code', text: 'let a', lang: 'js' },
    { type: 'unknown', raw: '{"odd":1}' },
  ])
})

t.test('bad messages cost themselves, twins are kept once, a file of two chats is two', async t => {
  const twin = message('u1', 1, 'user')
  const reading = await read(
    JSON.stringify([
      twin,
      null,
      { chatId: 7, role: 'user', content: 'x', createdAt: 1 },
      { role: 'user' },
      twin,
      message('u1', 1, 'user', { content: 'conflict' }),
    ]),
  )
  t.ok(addsUp(reading))
  t.match(reading.files, [{ conversations: 2, skipped: 3 }])
  t.match(
    reading.skipped.map(each => each.reason),
    [/not an object/, /names no chat/, /same id/],
  )
})

t.test(
  'the archive: a file a chat, empty ones counted, files found in their folder and not read as chats',
  async t => {
    const image = Buffer.from('89504e470d0a1a0a00', 'hex')
    const reading = await read(
      zip([
        { name: `chat-${CHAT}.json`, bytes: sample },
        { name: 'chat-c0000000-0000-4000-8000-000000000002.json', bytes: '[]' },
        { name: `chat-${CHAT}-files/tower.png`, bytes: image },
        { name: `chat-${CHAT}-files/conversations.json`, bytes: fixture('claude-ai/conversations.json') },
        { name: 'settings.json', bytes: '[]' },
      ]),
    )
    t.ok(addsUp(reading))
    t.match(reading.files, [
      { entry: `chat-${CHAT}.json`, read: 1, conversations: 1 },
      { entry: /000002/, read: 1, empty: 1, format: 'le-chat' },
    ])
    t.equal(reading.files.length, 2)
    t.match(byId(reading.conversations[0], 'l1').parts[1], { asset: sha256(image), missing: false })
  },
)

t.test('an empty file of a chat is an empty chat, also outside of an archive', async t => {
  t.match((await read('[]', { label: '/x/chat-c0000000-0000-4000-8000-000000000002.json' })).files, [
    { format: 'le-chat', read: 1, empty: 1 },
  ])
  await t.rejects(read('[]', { label: 'settings.json' }), { code: 'import/unreadable' })
})

t.test('a chat beyond the bound keeps what was within it', async t => {
  const many = Array.from({ length: 50 }, (_, i) => message(`m${i}`, i % 10, 'user'))
  const reading = await read(JSON.stringify(many), { limits: { sessionChars: 2000 } })
  t.equal(reading.conversations.length, 1)
  t.match(reading.skipped[0]?.reason, /more than 2000/)
  t.ok(addsUp(reading))
})
