/** DeepSeek exports: fragments, the older content, and what the web API answers with. */
import t from 'tap'
import { byId, fixture, idsOn, read } from './kit.ts'

const one = async (mapping: object, more: object = {}) =>
  (
    await read(
      JSON.stringify([{ id: 'c', title: 'T', inserted_at: '2026-01-05T09:00:00+08:00', mapping, ...more }]),
    )
  ).conversations[0]

t.test('the sample: roles from fragments, an edited question as a second root, the newest leaf', async t => {
  const reading = await read(fixture('deepseek/conversations.json'))
  const [rice] = reading.conversations
  t.equal(rice?.createdAtMs, Date.parse('2026-01-05T01:00:00.505Z'))
  t.same(idsOn(rice, 'main'), ['4'])
  t.same(idsOn(rice, '1'), ['1', '2', '3'])
  t.match(byId(rice, '2').parts, [
    { type: 'citation', url: 'https://example.org/rice', snippet: 'rinse' },
    { type: 'thinking', text: 'starch' },
    { type: 'text', text: 'Yes [citation:1]' },
  ])
  t.match(byId(rice, '4').parts, [
    { text: 'Edited: rinse basmati?' },
    { type: 'attachment', name: 'a.pdf', size: 9, missing: true },
  ])
  t.match(byId(rice, '1'), { role: 'user', model: null })
  t.match(byId(rice, '2'), { role: 'assistant', model: 'deepseek-reasoner' })
})

t.test('the answer of the web API is the same kind of conversation', async t => {
  const reading = await read(fixture('deepseek/api.json'))
  const [barley] = reading.conversations
  t.match(barley, { provider: 'deepseek', title: 'Barley', createdAtMs: 1767600000505 })
  t.same(idsOn(barley, 'main'), ['3', '4'])
  t.same(idsOn(barley, '1'), ['1', '2'])
  t.match(byId(barley, '2').parts, [
    { type: 'citation', url: 'https://example.org/barley' },
    { type: 'thinking', text: 'hulls' },
    { type: 'text', text: 'For an hour [citation:1].' },
  ])
  const { data } = JSON.parse(fixture('deepseek/api.json').toString()) as { data: { biz_data: object } }
  t.same((await read(JSON.stringify(data.biz_data))).conversations, reading.conversations)
  t.same((await read(JSON.stringify([{ data }, { data }]))).conversations.length, 2)
})

t.test('older exports have content and reasoning instead of fragments', async t => {
  const conversation = await one({
    root: { id: 'root', parent: null, message: null },
    1: { id: '1', parent: 'root', message: { role: 'USER', content: 'Hi', files: [] } },
    2: {
      id: '2',
      parent: '1',
      message: { content: 'Hello', reasoning_content: 'greet', model: 'deepseek-chat' },
    },
  })
  t.match(conversation?.messages, [
    { id: '1', role: 'user', parts: [{ text: 'Hi' }] },
    { id: '2', role: 'assistant', parts: [{ type: 'thinking', text: 'greet' }, { text: 'Hello' }] },
  ])
})

t.test('fragments that no reader knows are kept, files are named once', async t => {
  const conversation = await one({
    1: {
      parent: null,
      message: {
        files: [{ file_name: 'a.pdf' }],
        fragments: [
          { type: 'FILE', files: [{ file_name: 'a.pdf' }, { id: 7 }] },
          { type: 'REQUEST', content: 'Read' },
        ],
      },
    },
    2: {
      parent: '1',
      message: { fragments: [{ type: 'DANCE', content: 'x' }, null, { type: 'RESPONSE', content: null }] },
    },
    3: { parent: '2', message: { fragments: [{ type: 'RESPONSE', content: '' }] } },
  })
  t.match(byId(conversation, '1').parts, [{ name: 'a.pdf' }, { name: '7' }, { text: 'Read' }])
  t.match(byId(conversation, '2').parts, [
    { type: 'unknown', raw: '{"type":"DANCE","content":"x"}' },
    { type: 'unknown' },
  ])
  t.same(idsOn(conversation, 'main'), ['1', '2'])
})

t.test('an empty chat is empty, what is none is skipped, and the numbers add up', async t => {
  const reading = await read(
    JSON.stringify([
      { id: 'a', inserted_at: 'x', mapping: { root: { message: null } } },
      { id: 'b', inserted_at: null, mapping: {} },
      { id: 'c', inserted_at: 1 },
      null,
    ]),
  )
  t.match(reading.files, [{ read: 4, conversations: 0, empty: 2, skipped: 2 }])
})

t.test('the archive: what says who somebody is is passed over', async t => {
  const reading = await read(fixture('zips/deepseek.zip'))
  t.match(reading.files, [{ entry: 'conversations.json', format: 'deepseek', read: 1, skipped: 0 }])
  t.equal(reading.skipped.length, 0)
})
