/** OpenAI messages and ShareGPT: lists of turns without ids, as data sets and scripts write them. */
import t from 'tap'
import { fixture, read } from './kit.ts'

const lines = (...values: readonly unknown[]): string => values.map(value => JSON.stringify(value)).join('\n')
const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })

t.test('a fine-tuning file keeps system prompts hidden and a weight of 0 visible', async t => {
  const { conversations } = await read(fixture('openai-messages/finetune.jsonl'))
  const [first, second, third, fourth] = conversations
  t.same(
    first?.messages.map(message => [message.role, message.hidden]),
    [
      ['system', true],
      ['user', false],
      ['assistant', false],
      ['user', false],
      ['assistant', false],
    ],
  )
  t.same(second?.meta, { tools: 'look' })
  t.match(second?.messages[0]?.parts[1], {
    type: 'image',
    mime: 'image/png',
    missing: false,
    asset: /^[0-9a-f]{64}$/,
  })
  t.match(second?.messages[1]?.parts, [
    { type: 'toolCall', callId: 'call_1', name: 'look', input: '{"x":1}' },
  ])
  t.match(second?.messages[2], {
    role: 'tool',
    parts: [{ type: 'toolResult', callId: 'call_1', output: 'a cat' }],
  })
  t.match(third?.messages[1]?.parts, [{ type: 'toolCall', callId: 'call-1', name: 'f' }])
  t.match(third?.messages[2], { role: 'tool', author: 'f', parts: [{ callId: 'call-1', output: '1' }] })
  t.same(
    fourth?.messages.map(({ branch, parts }) => [
      branch === 'main',
      parts[0]?.type === 'text' && parts[0].text,
    ]),
    [
      [true, 'prefer?'],
      [true, 'A'],
      [false, 'B'],
    ],
  )
  t.equal(fourth?.messages[2]?.parent, fourth?.messages[0]?.id)
})

t.test(
  'messages come as an array of rows, one object, a bare list, a list of lists, and a turn a line',
  async t => {
    const turns = [user('Hi'), assistant('Hello')]
    const shapes: readonly (readonly [string, number])[] = [
      [JSON.stringify([{ messages: turns }, { messages: turns }]), 2],
      [JSON.stringify({ messages: turns }, null, 2), 1],
      [JSON.stringify({ messages: turns }), 1],
      [JSON.stringify(turns, null, 2), 1],
      [JSON.stringify(turns), 1],
      [JSON.stringify([turns, turns]), 2],
      [lines(turns, turns), 2],
      [lines(...turns), 1],
      [JSON.stringify({ conversations: [{ messages: turns }] }), 1],
    ]
    for (const [text, count] of shapes) {
      const reading = await read(text)
      t.equal(reading.files[0]?.format, 'openai-messages', text)
      t.equal(reading.conversations.length, count, text)
      for (const { messages } of reading.conversations) t.equal(messages.length, 2, text)
      t.equal(new Set(reading.conversations.map(each => each.sourceId)).size, count)
    }
  },
)

t.test('a list that has grown is the same conversation with more messages', async t => {
  const turns = [user('Hi'), assistant('Hello'), user('Tea?'), assistant('Yes')]
  const before = (await read(JSON.stringify(turns))).conversations[0]
  const after = (await read(JSON.stringify([...turns, user('Hi')]))).conversations[0]
  t.equal(after?.sourceId, before?.sourceId)
  t.same(after?.messages.slice(0, 4), before?.messages)
  t.equal(new Set(after?.messages.map(message => message.id)).size, 5)
  const other = (await read(JSON.stringify([...turns.slice(0, 2), user('Coffee?')]))).conversations[0]
  t.not(other?.sourceId, before?.sourceId)
})

t.test('rows that begin alike in two files are two conversations', async t => {
  const system = { role: 'system', content: 'Classify.' }
  const one = await read(lines({ messages: [system, user('a'), assistant('1')] }))
  const other = await read(lines({ messages: [system, user('a'), assistant('2')] }))
  t.not(one.conversations[0]?.sourceId, other.conversations[0]?.sourceId)
  const twice = await read(lines({ id: 1, messages: [user('a')] }, { id: 2, messages: [user('a')] }))
  t.not(twice.conversations[0]?.sourceId, twice.conversations[1]?.sourceId)
})

t.test('blocks of all kinds become parts, and what is not known is kept', async t => {
  const content = [
    { type: 'input_text', text: 'a' },
    { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
    { type: 'input_audio', input_audio: { data: 'UklGRgAAAABXQVZF', format: 'wav' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
    { type: 'file', file: { file_id: 'file-1' } },
    { type: 'hologram', beam: 1 },
    'loose',
    null,
    7,
  ]
  const answer = {
    role: 'assistant',
    content: 'Hm.',
    reasoning_content: 'thinking',
    refusal: 'No.',
    annotations: [
      {
        type: 'url_citation',
        url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index: 2 },
      },
    ],
    tool_calls: [{ function: { name: 'f', arguments: 'no json' } }, null],
  }
  const reading = await read(lines({ messages: [user(content), answer, { role: 'wizard', content: 'hex' }] }))
  const [asked, answered, odd] = reading.conversations[0]?.messages ?? []
  t.same(
    asked?.parts.map(part => part.type),
    ['text', 'image', 'attachment', 'attachment', 'attachment', 'unknown', 'text', 'unknown'],
  )
  t.match(asked?.parts[1], { alt: 'https://example.org/a.png', missing: true })
  t.match(asked?.parts[2], { name: 'audio.wav', missing: false })
  t.match(asked?.parts[3], { name: 'a.pdf', mime: 'application/pdf', missing: false, size: 5 })
  t.match(asked?.parts[4], { name: 'file-1', missing: true })
  t.same(
    answered?.parts.map(part => part.type),
    ['thinking', 'text', 'text', 'toolCall', 'toolCall', 'citation'],
  )
  t.match(answered?.parts[3], { input: '"no json"' })
  t.match(odd, { role: 'system', author: 'wizard', hidden: true })
})

t.test(
  'of the address of a picture only what is on the web is kept, and none is too long to be looked at',
  async t => {
    const urls = ['/home/alice/a.png', 'file:///home/alice/a.png', `data:${';'.repeat(20_000_000)}`]
    const content = urls.map(url => ({ type: 'image_url', image_url: { url } }))
    const { conversations } = await read(lines({ messages: [user(content), assistant('Hm.')] }))
    const missing = { type: 'image', alt: null, mime: null, missing: true }
    t.match(conversations[0]?.messages[0]?.parts, [missing, missing, missing])
  },
)

t.test("blocks of Anthropic's API are parts as well", async t => {
  const reading = await read(
    lines({
      messages: [
        user([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }]),
        assistant([
          { type: 'thinking', thinking: 'hm', signature: 'x' },
          { type: 'tool_use', id: 't1', name: 'look', input: { a: 1 } },
        ]),
        user([
          {
            type: 'tool_result',
            tool_use_id: 't1',
            content: [{ type: 'text', text: 'seen' }],
            is_error: true,
          },
        ]),
      ],
    }),
  )
  t.match(
    reading.conversations[0]?.messages.map(message => message.parts),
    [
      [{ type: 'image', missing: false }],
      [{ type: 'thinking' }, { type: 'toolCall', callId: 't1', input: '{"a":1}' }],
      [{ type: 'toolResult', callId: 't1', output: 'seen', isError: true }],
    ],
  )
})

t.test('a turn without a speaker is kept, hidden', async t => {
  const turns = [{ from: 'human', value: 'Hi' }, { value: 'who?' }, { from: null, value: 'me' }]
  const messages = (await read(lines({ conversations: turns }))).conversations[0]?.messages ?? []
  t.same(
    messages.map(message => [message.role, message.author, message.hidden]),
    [
      ['user', null, false],
      ['system', 'unknown', true],
      ['system', 'unknown', true],
    ],
  )
})

t.test('a data set of ShareGPT has its speakers, calls and results', async t => {
  const { conversations } = await read(fixture('sharegpt/sharegpt.json'))
  t.equal(conversations.length, 3)
  t.same(
    conversations[0]?.messages.map(message => [message.role, message.hidden, message.parts[0]?.type]),
    [
      ['system', true, 'text'],
      ['user', false, 'text'],
      ['assistant', false, 'toolCall'],
      ['tool', false, 'toolResult'],
      ['assistant', false, 'text'],
    ],
  )
  const [, , call, result] = conversations[0]?.messages ?? []
  t.match(call?.parts[0], { name: 'w', input: '{"city":"Oslo"}', callId: 'call-1' })
  t.match(result?.parts[0], { callId: 'call-1', output: '{"t":3}' })
  t.same(
    conversations[1]?.messages.map(message => message.parts),
    [[{ type: 'text', text: 'starts with the model', format: 'md' }]],
  )
  t.same(
    conversations[2]?.messages.map(message => message.author),
    [null, 'chatgpt', 'bing'],
  )
})

t.test('ShareGPT comes as one object, as lines, as bare turns and with preferred answers', async t => {
  const turns = [
    { from: 'human', value: 'Hi' },
    { from: 'gpt', value: 'Hello' },
  ]
  for (const text of [
    JSON.stringify({ id: 'x', conversations: turns, system: 'S' }, null, 1),
    JSON.stringify({ id: 'x', conversations: turns, system: 'S' }),
    JSON.stringify({ system: 'S', items: turns }),
  ]) {
    const reading = await read(text)
    t.equal(reading.files[0]?.format, 'sharegpt', text)
    t.same(
      reading.conversations[0]?.messages.map(message => message.role),
      ['system', 'user', 'assistant'],
      text,
    )
  }
  t.equal((await read(JSON.stringify(turns))).conversations[0]?.messages.length, 2)
  const chosen = {
    conversations: turns.slice(0, 1),
    chosen: turns[1],
    rejected: { from: 'gpt', value: 'Go away' },
  }
  const messages = (await read(lines(chosen, chosen))).conversations[0]?.messages ?? []
  t.same(
    messages.map(message => message.branch),
    ['main', 'main', messages[2]?.id],
  )
})

t.test(
  'an answer saved as HTML becomes text in which nothing runs; HTML that somebody asks about stays',
  async t => {
    const html =
      '<div class="markdown prose"><h2>Tea &amp; milk</h2><p>One<br>two <code>x&lt;1</code></p><ol><li><p>a</p></li><li>b</li></ol>' +
      '<pre><div>js<button>Copy code</button></div><code>let a = 1\n\nb()</code></pre><script>alert(1)</script><img src=x onerror=alert(1)></div>'
    const asked = '<div class="markdown">why?</div>'
    const text = lines({
      conversations: [
        { from: 'human', value: asked },
        { from: 'gpt', value: html },
      ],
    })
    const [question, answer] = (await read(text)).conversations[0]?.messages ?? []
    t.same(question?.parts, [{ type: 'text', text: asked, format: 'plain' }])
    t.same(answer?.parts, [
      {
        type: 'text',
        text: '## Tea & milk\n\nOne\ntwo `x<1`\n\n1. a\n2. b\n\n```\njs\nlet a = 1\n\nb()\n```',
        format: 'md',
      },
    ])
  },
)

t.test('an answer of many tags or of blanks alone costs no more than its length', async t => {
  for (const inner of [
    '<b>x</b> '.repeat(300_000),
    `<pre>${' '.repeat(2_000_000)}</pre>`,
    '<ul><li>'.repeat(200_000),
  ]) {
    const turns = [
      { from: 'human', value: 'Q' },
      { from: 'gpt', value: `<p>${inner}</p>` },
    ]
    t.equal((await read(lines({ conversations: turns }))).conversations.length, 1)
  }
})

t.test('results without an id answer the oldest call that waits, however many there are', async t => {
  const count = 100_000
  const calls = Array.from({ length: count }, (_, i) => ({
    id: `c${i}`,
    function: { name: 'f', arguments: '{}' },
  }))
  const results = [
    { role: 'tool', tool_call_id: 'c1', content: 'b' },
    { role: 'tool', content: 'a' },
    ...Array.from({ length: count }, () => ({ role: 'tool', content: 'x' })),
  ]
  const messages = (await read(lines({ messages: [{ role: 'assistant', tool_calls: calls }, ...results] })))
    .conversations[0]?.messages
  const answered = messages
    ?.slice(1)
    .map(({ parts: [part] }) => (part?.type === 'toolResult' ? part.callId : ''))
  t.same(answered?.slice(0, 4), ['c1', 'c0', 'c2', 'c3'])
  t.same(answered?.slice(-3), [`c${count - 1}`, null, null])
})

t.test('records without turns are named, empty ones counted', async t => {
  const reading = await read(
    lines({ messages: [user('a')] }, { messages: [] }, { messages: [{ role: 'user' }] }, { prompt: 'x' }, []),
  )
  t.equal(reading.conversations.length, 1)
  t.equal(reading.empty, 2)
  t.same(
    reading.skipped.map(each => each.reason),
    ['none of its messages has a role and content', 'it has no messages'],
  )
})

t.test('a bare list over the limit keeps what fits', async t => {
  const reading = await read(lines(...Array.from({ length: 50 }, (_, i) => user(`question ${i}`))), {
    limits: { recordBytes: 1000 },
  })
  t.equal(reading.conversations.length, 1)
  t.ok(reading.skipped.length > 0)
  t.match(reading.skipped[0]?.reason, 'longer than 1000 bytes')
})
