/** What only Copilot does: a log of changes to one object, responses in many kinds of parts, events of the CLI. */
import t from 'tap'
import { messageText } from '../../../src/core/model/conversation.ts'
import { fixture, read } from './kit.ts'

const log = (...values: unknown[]): string => `${values.map(value => JSON.stringify(value)).join('\n')}\n`
const BEGIN = {
  kind: 0,
  v: { version: 3, sessionId: 's', creationDate: 1777000000000, requests: [] as unknown[] },
}
const request = (requestId: string, text: string, response: unknown[] = []) => ({
  requestId,
  message: { text },
  response,
})

t.test('a log of changes is replayed: what was cut off is gone, what was pushed stands', async t => {
  const [one] = (await read(fixture('copilot-chat/session.jsonl'))).conversations
  t.equal(one?.title, 'Explain a.ts')
  t.equal(one?.createdAtMs, 1777000000000)
  t.same(
    one?.messages.map(message => message.role),
    ['user', 'assistant'],
  )
  t.same(
    one?.messages[1]?.parts.map(part => part.type),
    ['thinking', 'text', 'toolCall', 'text'],
  )
  t.notMatch(JSON.stringify(one), /\/home\/dev|It adds"/)
})

t.test('paths that lead to a prototype are refused, and the rest of the log is read', async t => {
  const polluting = [
    { kind: 1, k: ['__proto__', 'polluted'], v: 1 },
    { kind: 1, k: ['constructor', 'prototype', 'polluted'], v: 1 },
    { kind: 2, k: ['requests', '__proto__'], v: [1] },
    { kind: 1, k: ['requests', 5_000_000_000, 'x'], v: 1 },
    { kind: 1, k: ['requests', 4_000_000_000], v: 1 },
    { kind: 1, k: [], v: {} },
    { kind: 3, k: ['toString', 'x'] },
  ]
  const reading = await read(log(BEGIN, ...polluting, { kind: 2, k: ['requests'], v: [request('r', 'Hi')] }))
  t.equal(reading.conversations[0]?.messages.length, 1)
  t.equal(reading.skipped.length, polluting.length)
  t.notOk('polluted' in {})
})

t.test('a log that begins anew counts as it is written last', async t => {
  const { conversations } = await read(
    log(
      BEGIN,
      { kind: 2, k: ['requests'], v: [request('r1', 'one')] },
      { ...BEGIN, v: { ...BEGIN.v, requests: [request('r1', 'one'), request('r2', 'two')] } },
    ),
  )
  t.same(
    conversations.map(each => each.messages.map(message => messageText(message.parts))),
    [['one', 'two']],
  )
})

t.test(
  'an export: markdown in one piece with its references, edits as calls, new kinds kept, context left out',
  async t => {
    const [one] = (await read(fixture('copilot-chat/export.json'))).conversations
    const [prompt, answer] = one?.messages ?? []
    t.same(
      prompt?.parts.map(part => part.type),
      ['text', 'attachment'],
    )
    t.same(
      answer?.parts.map(part => part.type),
      ['text', 'toolCall', 'unknown', 'text'],
    )
    t.equal(answer?.parts[0]?.type === 'text' && answer.parts[0].text, 'See `a.ts`: it adds.')
    t.notMatch(JSON.stringify(one), /whole context|\/home\/dev|somebody/)
  },
)

t.test('a stored session has the id of its log', async t => {
  const [one] = (await read(fixture('copilot-chat/session.json'))).conversations
  t.equal(one?.sourceId, '0f000000-0000-4000-8000-000000000002')
  t.equal(one?.title, 'Two cups')
  t.equal(one?.updatedAtMs, 1768000005000)
})

t.test('a log may say no more than its requests; what VS Code itself sends is hidden', async t => {
  const bare = { kind: 0, v: { requests: [] } }
  const own = { ...request('r', 'a command has ended', [{ value: 'Good.' }]), isSystemInitiated: true }
  const [one] = (await read(log(bare, { kind: 2, k: ['requests'], v: [own] }))).conversations
  t.same(
    one?.messages.map(({ role, hidden }) => [role, hidden]),
    [
      ['user', true],
      ['assistant', false],
    ],
  )
})

t.test('a chat without requests is empty', async t => {
  t.equal((await read(log(BEGIN, { kind: 1, k: ['customTitle'], v: 'x' }))).empty, 1)
})

t.test('the CLI: calls and results by id, the sub-agent apart, notices hidden', async t => {
  const { conversations } = await read(fixture('copilot-cli/events.jsonl'))
  const [main, agent] = conversations
  t.equal(conversations.length, 2)
  t.same(
    main?.messages.map(({ id, role, hidden }) => [id, role, hidden]),
    [
      ['e2', 'system', true],
      ['e3', 'user', false],
      ['e5', 'assistant', false],
      ['e8', 'tool', false],
      ['e9', 'tool', false],
      ['e10', 'assistant', false],
    ],
  )
  t.equal(main?.model, 'claude-sonnet-4.5')
  t.equal(main?.title, 'List the teas')
  t.match(main?.messages[4]?.parts[0], {
    type: 'toolResult',
    callId: 't2',
    output: 'it broke off',
    isError: true,
  })
  t.equal(agent?.sourceId, 'cc000000-0000-4000-8000-000000000001/t2')
  t.match(agent?.meta, { parentSession: 'cc000000-0000-4000-8000-000000000001', parentCall: 't2' })
  t.notMatch(JSON.stringify(conversations), /current_datetime|\/home\/dev\/tea\/list/)
})
