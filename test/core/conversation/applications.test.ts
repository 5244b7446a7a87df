/** LibreChat, LM Studio, Jan and Chatbot UI: trees, versions, and files without ids. */
import t from 'tap'
import { byId, fixture, idsOn, read } from './kit.ts'

t.test(
  'a tree of LibreChat has its instructions hidden, its tools paired and its other answer on a branch',
  async t => {
    const { conversations } = await read(fixture('librechat/tea-recursive.json'))
    const tea = conversations[0]
    t.match(tea, { sourceId: '5b3f1f6e-0000-4000-8000-000000000001', title: 'Tea', model: 'gpt-5' })
    t.same(idsOn(tea, 'main'), ['promptPrefix', 'm1', 'm3', 'm4'])
    t.same(idsOn(tea, 'm2'), ['m2'])
    t.equal(byId(tea, 'promptPrefix').hidden, true)
    t.same(
      byId(tea, 'm1').parts.map(part => part.type),
      ['text', 'image', 'attachment'],
    )
    t.match(byId(tea, 'm1').parts[2], { text: 'half oxidised', missing: false })
    t.same(
      byId(tea, 'm3').parts.map(part => part.type),
      ['thinking', 'toolCall', 'toolResult', 'text', 'unknown', 'citation'],
    )
    t.equal(tea?.createdAtMs, Date.parse('2026-05-01T09:00:00.000Z'))
  },
)

t.test('a flat list and a tree of the same messages are the same conversation', async t => {
  const flat = [
    { messageId: 'a', parentMessageId: null, isCreatedByUser: true, text: 'Hi' },
    { messageId: 'b', parentMessageId: 'a', isCreatedByUser: false, text: 'Hello' },
    { messageId: 'c', parentMessageId: 'a', isCreatedByUser: false, text: 'Hey' },
  ]
  const tree = [{ ...flat[0], children: [{ ...flat[1], children: [] }, { ...flat[2] }] }]
  const one = await read(JSON.stringify({ conversationId: 'x', messages: flat }))
  const other = await read(JSON.stringify({ conversationId: 'x', recursive: true, messages: tree }))
  t.same(one.conversations, other.conversations)
  t.same(idsOn(one.conversations[0], 'b'), ['b'])
})

t.test('a tree of a thousand replies is read whole', async t => {
  let message: object = { messageId: 'm1000', isCreatedByUser: true, text: 'end' }
  for (let i = 999; i >= 1; i--)
    message = { messageId: `m${i}`, isCreatedByUser: i % 2 === 1, text: `n ${i}`, children: [message] }
  const { conversations } = await read(JSON.stringify({ conversationId: 'x', messages: [message] }))
  t.equal(conversations[0]?.messages.length, 1000)
  t.ok(conversations[0]?.messages.every(each => each.branch === 'main'))
})

const said = (text: string) => ({ type: 'singleStep', role: 'user', content: [{ type: 'text', text }] })

t.test('LM Studio: the selected version is the active branch, the other stands beside it', async t => {
  const { conversations } = await read(fixture('lm-studio/1777000000000.conversation.json'))
  const poem = conversations[0]
  const main = poem?.messages.filter(message => message.branch === 'main') ?? []
  t.same(
    main.map(message => message.role),
    ['system', 'user', 'assistant'],
  )
  t.equal(main[0]?.hidden, true)
  t.match(main[2]?.parts, [
    { type: 'thinking', text: 'rhyme with sea', summary: 'Thought for 1s' },
    { type: 'text', text: 'Tea by the sea' },
    { type: 'toolCall', callId: '9', name: 'save', input: '{"f":"p.txt"}' },
    { type: 'toolResult', callId: '9', output: 'saved' },
  ])
  t.equal(main[2]?.model, 'qwen3-8b')
  const other = poem?.messages.filter(message => message.branch !== 'main') ?? []
  t.equal(other.length, 1)
  t.equal(other[0]?.parent, main[1]?.id)
  t.match(other[0]?.parts, [{ type: 'text', text: 'First try' }])
})

t.test('LM Studio: a conversation that was renamed and went on is the same with more messages', async t => {
  const file = (name: string, messages: object[]) =>
    JSON.stringify({ name, createdAt: 1777000000000, messages })
  const first = { currentlySelected: 0, versions: [said('Hi')] }
  const before = (await read(file('A', [first]))).conversations[0]
  const grown = [
    { currentlySelected: 1, versions: [said('Hi'), said('Hi there')] },
    { versions: [said('More')] },
  ]
  const after = (await read(file('B', grown))).conversations[0]
  t.equal(after?.sourceId, before?.sourceId)
  t.ok(after?.messages.some(message => message.id === before?.messages[0]?.id))
  const other = (await read(file('A', [{ versions: [said('Bye')] }]))).conversations[0]
  t.not(other?.sourceId, before?.sourceId)
})

t.test(
  'LM Studio: nothing but a prompt is empty, and selections that do not exist choose the first',
  async t => {
    const empty = await read(
      '{"name":"x","createdAt":1777000000000,"systemPrompt":"S","lastUsedModel":null,"messages":[]}',
    )
    t.equal(empty.empty, 1)
    const odd = await read(
      JSON.stringify({
        messages: [{ currentlySelected: 7, versions: [said('a'), said('b')] }, null, { versions: 'x' }],
      }),
    )
    t.same(
      odd.conversations[0]?.messages.map(message => message.branch === 'main'),
      [true, false],
    )
  },
)

t.test('LM Studio: a step whose kind is no text is kept as it is', async t => {
  const steps = [
    { type: { toString: 0 } },
    { type: 'contentBlock', content: [{ type: 'text', text: 'said' }] },
    { type: 'status' },
  ]
  const messages = [{ versions: [{ type: 'multiStep', role: 'assistant', steps }], currentlySelected: 0 }]
  const { conversations } = await read(JSON.stringify({ createdAt: 1_777_000_000_000, messages }))
  t.match(conversations[0]?.messages[0]?.parts, [
    { type: 'unknown', raw: '{"type":{"toString":0}}' },
    { type: 'text', text: 'said' },
  ])
})

t.test('a thread of Jan has its thoughts, calls and times in seconds or milliseconds', async t => {
  const { conversations } = await read(fixture('jan/messages.jsonl'))
  t.match(conversations[0], { sourceId: 't1', title: null, model: 'qwen3-8b', createdAtMs: 1777000000000 })
  t.match(byId(conversations[0], 'j1').parts, [{ type: 'text' }, { type: 'attachment', name: 'notes.txt' }])
  t.match(byId(conversations[0], 'j2'), {
    parent: 'j1',
    createdAtMs: 1777000002000,
    parts: [
      { type: 'thinking', text: 'short' },
      { type: 'text', text: 'A tea.' },
      { type: 'toolCall', callId: 'c1', name: 'search' },
      { type: 'toolResult', callId: 'c1', output: 'found', isError: false },
    ],
  })
})

t.test('the history of Chatbot UI is as many conversations as it holds', async t => {
  const reading = await read(fixture('chatbot-ui/chatbot_ui_history.json'))
  t.equal(reading.empty, 1)
  t.match(reading.conversations, [
    { sourceId: '0b1c2d3e-0000-4000-8000-000000000001', title: 'Tea', model: 'gpt-4' },
  ])
  t.same(
    reading.conversations[0]?.messages.map(message => [message.role, message.hidden]),
    [
      ['system', true],
      ['user', false],
      ['assistant', false],
    ],
  )
})
