/** Claude.ai exports: trees or lists, content over text, artifacts, attachments that are the whole message. */
import t from 'tap'
import { addsUp, byId, fixture, idsOn, read } from './kit.ts'

const one = async (messages: readonly object[], more: object = {}) =>
  (
    await read(
      JSON.stringify([
        { uuid: 'c', name: 'N', created_at: '2026-05-01T09:00:00Z', chat_messages: messages, ...more },
      ]),
    )
  ).conversations[0]

t.test('the sample: retries are branches, text is told once, blocks keep their kind', async t => {
  const reading = await read(fixture('claude-ai/conversations.json'))
  const [conversation] = reading.conversations
  t.equal(reading.empty, 1)
  t.same(idsOn(conversation, 'main'), ['m1', 'm2b', 'm3', 'm4'])
  t.same(idsOn(conversation, 'm2'), ['m2'])
  t.match(byId(conversation, 'm1').parts, [
    { type: 'attachment', text: 'pasted text: north bed is shaded', missing: false },
  ])
  t.match(
    byId(conversation, 'm2b').parts.map(part => part.type),
    ['text', 'toolCall', 'toolResult', 'citation', 'text', 'citation', 'unknown'],
  )
  t.match(byId(conversation, 'm4').parts, [
    { type: 'toolCall', callId: 'call-1', name: 'artifacts' },
    { type: 'code', text: '<svg/>', lang: 'html' },
    { type: 'toolResult', callId: 'call-1', output: 'OK' },
    { type: 'text', text: 'Done.' },
  ])
  t.equal(conversation?.model, null)
  t.equal(conversation?.createdAtMs, Date.parse('2026-05-01T09:00:00.123Z'))
})

t.test('old files name no parents: the list is the conversation', async t => {
  const conversation = await one([
    { uuid: 'a', sender: 'human', text: 'Hi', content: null },
    { uuid: 'b', sender: 'assistant', text: 'Hello' },
    { uuid: 'c', sender: 'human', text: 'Bye', content: [] },
  ])
  t.same(
    conversation?.messages.map(each => [each.id, each.parent, each.role]),
    [
      ['a', null, 'user'],
      ['b', 'a', 'assistant'],
      ['c', 'b', 'user'],
    ],
  )
})

t.test('results without ids pair by order within their message only', async t => {
  const conversation = await one([
    {
      uuid: 'a',
      sender: 'assistant',
      content: [
        { type: 'tool_use', name: 'x', input: {} },
        { type: 'tool_use', id: null, name: 'y', input: {} },
        { type: 'tool_result', name: 'x', content: 'one' },
        {
          type: 'tool_result',
          content: [
            { type: 'text', text: 'two' },
            { type: 'local_resource', path: '/x' },
          ],
        },
        { type: 'tool_result', content: null },
      ],
    },
  ])
  t.match(byId(conversation, 'a').parts, [
    { type: 'toolCall', callId: 'call-1' },
    { type: 'toolCall', callId: 'call-2' },
    { type: 'toolResult', callId: 'call-1', output: 'one' },
    { type: 'toolResult', callId: 'call-2', output: 'two\n{"type":"local_resource","path":"/x"}' },
    { type: 'toolResult', callId: null, output: '' },
  ])
})

t.test('a name in attachments and files is one file; nameless and misshapen ones do no harm', async t => {
  const conversation = await one([
    {
      uuid: 'a',
      sender: 'human',
      text: '',
      attachments: [{ file_name: 'a.txt', file_size: 3, extracted_content: 'abc' }, null, { file_name: '' }],
      files: [{ file_name: 'a.txt' }, { file_uuid: 'f1' }, 7, { file_name: 'b.jpg' }],
    },
  ])
  t.match(byId(conversation, 'a').parts, [
    { name: 'a.txt', text: 'abc', missing: false },
    { name: 'f1', missing: true },
    { name: 'b.jpg', missing: true },
  ])
})

t.test('duplicate ids, missing parents and a declared leaf', async t => {
  const conversation = await one(
    [
      { uuid: 'a', sender: 'human', text: '1', parent_message_uuid: '00000000-0000-4000-8000-000000000000' },
      { uuid: 'b', sender: 'assistant', text: '2', parent_message_uuid: 'a' },
      { uuid: 'b', sender: 'assistant', text: 'again', parent_message_uuid: 'a' },
      { uuid: 'd', sender: 'human', text: '3', parent_message_uuid: 'lost' },
      { uuid: 'e', sender: 'assistant', text: 'other', parent_message_uuid: 'a' },
    ],
    { current_leaf_message_uuid: 'd' },
  )
  t.same(idsOn(conversation, 'main'), ['a', 'b', 'd'])
  t.same(idsOn(conversation, 'e'), ['e'])
  t.match(byId(conversation, 'b').parts, [{ text: '2' }])
})

t.test('a citation whose place cannot lie in the text keeps no place', async t => {
  const citations = [
    { start_index: 0, end_index: 2, details: { url: 'https://example.org/a' } },
    { start_index: 5, end_index: 900, details: { url: 'https://example.org/b' } },
  ]
  const conversation = await one([
    { uuid: 'a', sender: 'assistant', content: [{ type: 'text', text: 'abc', citations }] },
  ])
  t.match(byId(conversation, 'a').parts, [{}, { start: 0, end: 2 }, { start: null, end: null }])
})

t.test('of two messages with one uuid the first counts, and another content is reported', async t => {
  const twin = (uuid: string, text: string) => ({ uuid, sender: 'human', text, content: [] })
  const reading = await read(
    JSON.stringify([
      {
        uuid: 'c',
        name: 'N',
        chat_messages: [twin('a', 'One'), twin('a', 'Two'), twin('b', 'Three'), twin('b', 'Three')],
      },
    ]),
  )
  t.equal(byId(reading.conversations[0], 'a').parts.length, 1)
  t.match(byId(reading.conversations[0], 'a').parts, [{ text: 'One' }])
  t.match(reading.skipped, [{ reason: /message 2 has the uuid of another one/ }])
  t.ok(addsUp(reading))
})
