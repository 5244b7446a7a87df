/** What only Open WebUI does: a tree by parent ids, blocks inside the text, seconds beside milliseconds. */
import t from 'tap'
import { messageText } from '../../../src/core/model/conversation.ts'
import { byId, fixture, idsOn, read } from './kit.ts'

const chat = (messages: object, more: object = {}) =>
  JSON.stringify([{ id: 'w', title: 'T', chat: { history: { messages, ...more } }, created_at: 1777000000 }])

t.test('the sample: branches by parent, reasoning set apart, files and sources', async t => {
  const [one] = (await read(fixture('open-webui/chats.json'))).conversations
  t.same(idsOn(one, 'main'), ['1', '3'])
  t.same(idsOn(one, '2'), ['2'])
  t.equal(one?.createdAtMs, 1777000000000)
  t.match(byId(one, '1').parts[1], { type: 'attachment', name: 'a.txt', text: 'hello', missing: false })
  t.same(
    byId(one, '3').parts.map(part => part.type),
    ['thinking', 'text', 'citation'],
  )
  t.equal(messageText(byId(one, '3').parts), 'Hey')
})

t.test('calls inside the text are calls; a block of the author stays text', async t => {
  const content = [
    'Before',
    '<details type="tool_calls" done="true" id="c1" name="search" arguments="&quot;{\\&quot;q\\&quot;: \\&quot;tea\\&quot;}&quot;" result="&quot;two hits&quot;">',
    '<summary>Tool Executed</summary>',
    '</details>',
    'After <details><summary>mine</summary>own</details>',
  ].join('\n')
  const output = [{ type: 'message', content: [{ type: 'output_text', text: 'again' }] }]
  const [one] = (await read(chat({ a: { id: 'a', role: 'assistant', content, output } }))).conversations
  t.same(one?.messages[0]?.parts, [
    { type: 'text', text: 'Before', format: 'md' },
    { type: 'toolCall', callId: 'c1', name: 'search', input: '{"q": "tea"}' },
    { type: 'toolResult', callId: 'c1', output: 'two hits', isError: false },
    { type: 'text', text: 'After <details><summary>mine</summary>own</details>', format: 'md' },
  ])
})

t.test('output counts where the text is empty, and an error is told', async t => {
  const output = [
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'from output' }] },
  ]
  const messages = {
    a: { id: 'a', role: 'assistant', content: '', output },
    b: { id: 'b', parentId: 'a', role: 'assistant', content: '', error: { content: 'no model' } },
  }
  const [one] = (await read(chat(messages))).conversations
  t.same(
    one?.messages.map(message => messageText(message.parts)),
    ['from output', 'no model'],
  )
})

t.test('messages without role, parent or id, and circles, neither stop nor lose the rest', async t => {
  const messages = {
    x: { content: 'orphan' },
    a: { id: 'a', parentId: 'b', role: 'user', content: 'A' },
    b: { id: 'b', parentId: 'a', role: 'assistant', content: 'B' },
    n: null,
    s: 'text',
  }
  const [one] = (await read(chat(messages, { currentId: 'nobody' }))).conversations
  t.equal(one?.messages.length, 3)
  t.match(byId(one, 'x'), { role: 'system', hidden: true })
})

t.test('a system prompt is hidden at the root; an empty chat is empty', async t => {
  const value = {
    id: 'w',
    chat: { params: { system: 'be a cat' }, history: { messages: { a: { role: 'user', content: 'Hi' } } } },
  }
  const [one] = (await read(JSON.stringify([value]))).conversations
  t.same(
    one?.messages.map(({ role, hidden }) => [role, hidden]),
    [
      ['system', true],
      ['user', false],
    ],
  )
  t.equal((await read(chat({}))).empty, 1)
})

t.test('many blocks that never end take no more than one look', async t => {
  const content = '<details type="reasoning" '.repeat(40_000)
  const [one] = (await read(chat({ a: { role: 'assistant', content } }))).conversations
  t.equal(messageText(one?.messages[0]?.parts ?? []), content)
})
