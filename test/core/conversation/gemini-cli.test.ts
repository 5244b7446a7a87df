/** What only Gemini CLI does: a log of operations that is replayed, whole objects, saved chats. */
import t from 'tap'
import { messageText } from '../../../src/core/model/conversation.ts'
import { fixture, idsOn, read } from './kit.ts'

const META = {
  sessionId: 's1',
  projectHash: 'h',
  startTime: '2026-05-04T09:00:00.000Z',
  lastUpdated: '2026-05-04T09:00:00.000Z',
}
const user = (id: string, content: unknown, more: object = {}) => ({
  id,
  timestamp: '2026-05-04T09:00:01.000Z',
  type: 'user',
  content,
  ...more,
})
const gemini = (id: string, content: unknown, more: object = {}) => ({
  ...user(id, content, more),
  type: 'gemini',
  model: 'gemini-3-pro',
})
const log = (...values: unknown[]): string => `${values.map(value => JSON.stringify(value)).join('\n')}\n`

t.test('the sample: what was taken back is a branch, calls stand with their results', async t => {
  const [one] = (await read(fixture('gemini-cli/session.jsonl'))).conversations
  t.equal(one?.title, 'List files')
  t.same(idsOn(one, 'main'), ['g3', 'g4', 'g5'])
  t.same(idsOn(one, 'g1'), ['g1', 'g2'])
  t.same(
    one?.messages.find(message => message.id === 'g4')?.parts.map(part => part.type),
    ['thinking', 'toolCall', 'toolResult'],
  )
  t.match(
    one?.messages.find(message => message.id === 'g5'),
    { role: 'system', hidden: true },
  )
})

t.test('a message written three times counts once, as it was written last', async t => {
  const [one] = (
    await read(
      log(
        META,
        user('u', ['Hi']),
        gemini('g', ''),
        gemini('g', 'Hel'),
        gemini('g', 'Hello'),
        user('v', 'more'),
      ),
    )
  ).conversations
  t.same(
    one?.messages.map(message => messageText(message.parts)),
    ['Hi', 'Hello', 'more'],
  )
})

t.test('a compressed history stands in the place of the old one, which stays as a branch', async t => {
  const [one] = (
    await read(
      log(
        META,
        user('u1', 'a'),
        gemini('g1', 'A'),
        user('u2', 'b'),
        { $set: { messages: [user('sum', 'summary'), user('u2', 'b')] } },
        gemini('g2', 'B'),
      ),
    )
  ).conversations
  t.same(idsOn(one, 'main'), ['sum', 'u2', 'g2'])
  t.same(idsOn(one, 'u1'), ['u1', 'g1'])
})

t.test('an empty list sets nothing, and going back to what is not there takes everything back', async t => {
  const [one] = (
    await read(
      log(
        META,
        user('u1', 'a'),
        { $set: { messages: [], summary: 'Named' } },
        { $rewindTo: 'nobody' },
        user('u2', 'b'),
      ),
    )
  ).conversations
  t.equal(one?.title, 'Named')
  t.same(idsOn(one, 'main'), ['u2'])
  t.same(idsOn(one, 'u1'), ['u1'])
})

t.test('a whole object is read, errors of the program hidden', async t => {
  const { conversations } = await read(fixture('gemini-cli/session.json'))
  t.equal(conversations[0]?.sourceId, 'beef0000-0000-4000-8000-000000000001')
  t.same(
    conversations[0]?.messages.map(({ id, role, hidden }) => [id, role, hidden]),
    [
      ['m1', 'user', false],
      ['m2', 'assistant', false],
      ['m3', 'system', true],
    ],
  )
})

t.test(
  'a saved chat is one conversation, however it is wrapped; calls without ids find their answers',
  async t => {
    const plain = await read(fixture('gemini-cli/checkpoint.json'))
    const history = JSON.parse(fixture('gemini-cli/checkpoint.json').toString()) as unknown[]
    const wrapped = await read(JSON.stringify({ history, authType: 'oauth-personal' }))
    t.same(wrapped.conversations, plain.conversations)
    const [one] = plain.conversations
    t.same(
      one?.messages.map(message => message.role),
      ['user', 'assistant', 'tool'],
    )
    const call = one?.messages[1]?.parts.find(part => part.type === 'toolCall')
    const result = one?.messages[2]?.parts[0]
    t.ok(
      call?.type === 'toolCall' &&
        result?.type === 'toolResult' &&
        call.callId === result.callId &&
        call.callId !== null,
    )
    const grown = await read(JSON.stringify([...history, { role: 'model', parts: [{ text: 'One file.' }] }]))
    t.equal(grown.conversations[0]?.sourceId, one?.sourceId)
  },
)

t.test('a stub without turns is empty; a prompt shown otherwise than sent keeps both', async t => {
  t.equal((await read(log(META))).empty, 1)
  const [one] = (
    await read(
      log(
        META,
        user('u', [{ text: 'see @a.ts' }, { text: 'FILE CONTENT' }], { displayContent: 'see @a.ts' }),
      ),
    )
  ).conversations
  t.same(
    one?.messages.map(({ id, hidden, parts }) => [id, hidden, messageText(parts)]),
    [
      ['u:sent', true, 'see @a.ts\n\nFILE CONTENT'],
      ['u', false, 'see @a.ts'],
    ],
  )
})

t.test('a message of an unknown kind is kept, hidden', async t => {
  const [one] = (await read(log(META, user('u', 'Hi'), { ...user('n', 'news'), type: 'notice' })))
    .conversations
  t.match(one?.messages[1], { id: 'n', role: 'system', author: 'notice', hidden: true })
})

t.test('an array of sessions gives each of them', async t => {
  const sessions = ['a', 'b'].map(sessionId => ({
    ...META,
    sessionId,
    messages: [user(`${sessionId}1`, 'Hi')],
  }))
  t.same(
    (await read(JSON.stringify(sessions))).conversations.map(each => each.sourceId),
    ['a', 'b'],
  )
})
