/** Perplexity in its three shapes, which tell the same thread in the same messages. */
import t from 'tap'
import { addsUp, fixture, read } from './kit.ts'

const official = fixture('perplexity/conversations-20260401_101010-abcdef12.json')
const older = fixture('perplexity/perplexity_thread.json')
const newer = fixture('perplexity/perplexity_quasar.json')

t.test('the official export: an entry is a question and an answer, times are UTC and say so', async t => {
  const reading = await read(official)
  t.match(reading.files, [{ read: 1, conversations: 1, skipped: 0 }])
  t.match(reading.conversations, [
    {
      sourceId: 'e0000000-0000-4000-8000-000000000001',
      title: 'What is a quasar? in short',
      createdAtMs: Date.parse('2026-04-01T10:00:00Z'),
      meta: { timeZone: 'UTC assumed' },
      messages: [
        { role: 'user', parent: null, parts: [{ text: 'What is a quasar?\nin short', format: 'plain' }] },
        { role: 'assistant', parts: [{ text: 'A bright nucleus[1][2].', format: 'md' }] },
      ],
    },
  ])
})

t.test(
  'the older extension: all turns of a file are one thread, named by the object around them',
  async t => {
    const reading = await read(older)
    t.match(reading.files, [{ read: 1, conversations: 1 }])
    t.match(reading.conversations[0], {
      sourceId: 'e0000000-0000-4000-8000-000000000001',
      model: 'sonar',
      updatedAtMs: Date.parse('2026-04-01T10:05:00Z'),
    })
    t.equal(reading.conversations[0]?.messages.length, 4)
    t.match(reading.conversations[0]?.messages[1]?.parts, [
      { type: 'text' },
      { type: 'citation', url: 'https://example.org/quasar' },
    ])
  },
)

t.test('the newer extension: blocks, chunks, sources; unknown blocks stay', async t => {
  const value = JSON.parse(newer.toString()) as { entries: { blocks: object[] }[] }
  value.entries[0]?.blocks.push(
    { intended_usage: 'ask_text_0_markdown', markdown_block: { answer: 'A bright nucleus.' } },
    {
      intended_usage: 'web_results',
      web_result_block: { web_results: [{ name: 'Q', url: 'https://q.example', snippet: 's' }] },
    },
    { intended_usage: 'plan', plan_block: { steps: [] } },
  )
  const { conversations } = await read(JSON.stringify(value))
  t.match(conversations[0], {
    title: 'Quasar',
    model: 'pplx_pro',
    sourceId: 'e0000000-0000-4000-8000-000000000001',
  })
  t.match(conversations[0]?.messages[1]?.parts, [
    { type: 'text', text: 'A bright nucleus.' },
    { type: 'citation', url: 'https://q.example', title: 'Q', snippet: 's' },
    { type: 'unknown' },
  ])
  t.equal(conversations[0]?.messages[1]?.parts.length, 3)
})

t.test('two shapes of one thread give the same ids, question by question', async t => {
  const [a] = (await read(official)).conversations
  const [b] = (await read(older)).conversations
  t.same(
    a?.messages.map(each => each.id),
    b?.messages.slice(0, 2).map(each => each.id),
  )
})

t.test(
  'a question asked twice is two questions, an unanswered one stands alone, an empty thread is empty',
  async t => {
    const entry = (query: string | null, answer: unknown) => ({
      entry_uuid: 'same',
      query,
      answer,
      created_at: '2026-04-01T10:00:00Z',
    })
    const reading = await read(
      JSON.stringify({
        conversations: [
          {
            context_uuid: 'a',
            context_title: null,
            updated_at: '2026-03-01T00:00:00',
            entries: [
              entry('Why?', 'So.'),
              entry('why? ', null),
              entry(null, '{"answer":"Since","web_results":[{"url":"https://x.example"}]}'),
            ],
          },
          { context_uuid: 'b', entries: [] },
          { context_uuid: 'c', entries: [null, {}] },
          { context_uuid: 'd' },
        ],
      }),
    )
    t.ok(addsUp(reading))
    t.match(reading.files, [{ read: 4, conversations: 1, empty: 2, skipped: 1 }])
    const [conversation] = reading.conversations
    t.same(
      conversation?.messages.map(each => each.role),
      ['user', 'assistant', 'user', 'assistant'],
    )
    t.equal(new Set(conversation?.messages.map(each => each.id)).size, 4)
    t.equal(conversation?.updatedAtMs, Date.parse('2026-04-01T10:00:00Z'))
    t.match(conversation?.messages[3]?.parts, [{ text: 'Since' }, { url: 'https://x.example' }])
  },
)

t.test('turns without an object around them, and two threads in a row', async t => {
  const turn = (query: string) => ({ uuid: query, query, answer: 'Yes', timestamp: '2026-04-01T10:00:00Z' })
  t.equal((await read(JSON.stringify([turn('a'), turn('b')]))).conversations.length, 1)
  const file = (id: string) =>
    JSON.stringify({ metadata: { thread_id: id }, conversations: [turn('a'), turn('b')] })
  const reading = await read(`${file('1')}\n${file('2')}`)
  t.same(
    reading.conversations.map(each => each.sourceId),
    ['1', '2'],
  )
})

t.test('the archive of the official export', async t => {
  const reading = await read(fixture('zips/perplexity-official.zip'))
  t.match(reading.files, [{ format: 'perplexity', read: 1, skipped: 0 }])
})
