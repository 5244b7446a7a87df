/** Claude Code sessions: answers put together, chains mended, side lines as conversations, the program's words hidden. */
import t from 'tap'
import { addsUp, byId, fixture, idsOn, memoryShelf, read, sha256 } from './kit.ts'

const envelope = (uuid: string, parentUuid: string | null, more: object = {}): object => ({
  uuid,
  parentUuid,
  sessionId: 's1',
  timestamp: '2026-05-02T10:00:00.000Z',
  isSidechain: false,
  ...more,
})
const user = (uuid: string, parent: string | null, content: unknown, more: object = {}): object => ({
  type: 'user',
  ...envelope(uuid, parent, more),
  message: { role: 'user', content },
})
const answer = (
  uuid: string,
  parent: string | null,
  id: string,
  content: unknown,
  more: object = {},
): object => ({
  type: 'assistant',
  ...envelope(uuid, parent, more),
  message: { id, role: 'assistant', model: 'claude-opus-4-8', content },
})
const call = (id: string, name = 'Read', input: object = {}): object => ({
  type: 'tool_use',
  id,
  name,
  input,
})
const result = (id: string, content: unknown = 'ok'): object => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
})
const text = (value: string): object => ({ type: 'text', text: value })

const session = (...lines: readonly object[]) => read(lines.map(line => JSON.stringify(line)).join('\n'))
const one = async (...lines: readonly object[]) => (await session(...lines)).conversations[0]

t.test('the sample: one conversation, its agent, and the torn line', async t => {
  const reading = await read(fixture('claude-code/11111111-2222-4333-8444-555555555555.jsonl'))
  t.ok(addsUp(reading))
  const [main, agent] = reading.conversations
  t.equal(main?.title, 'Login test')
  t.same(idsOn(main, 'main'), ['u0', 'u1', 'a1', 'u2', 'a4', 'cb', 'cs', 'u3', 'a5'])
  t.match(
    byId(main, 'a1').parts.map(part => part.type),
    ['thinking', 'text', 'toolCall'],
  )
  t.equal(byId(main, 'u2').role, 'tool')
  for (const id of ['u0', 'cb', 'cs']) t.equal(byId(main, id).hidden, true, id)
  t.match(byId(main, 'u3').parts[0], { type: 'image', mime: 'image/png', missing: false })
  t.ok(reading.assets.has(sha256(Buffer.from('iVBORw0KGgo=', 'base64'))))
  t.match(byId(main, 'a5'), {
    model: null,
    author: 'claude-code',
    parts: [{ text: 'lone \ufffd surrogate' }],
  })
  t.match(agent, {
    sourceId: `${main?.sourceId}/agent-1`,
    meta: { parentSession: main?.sourceId, agent: 'agent-1' },
  })
  t.match(reading.skipped, [{ where: 'line 18, byte 6522' }])
})

t.test('results of calls made at once all lie on the way to what follows', async t => {
  const conversation = await one(
    user('u', null, 'go'),
    answer('a1', 'u', 'm', [call('t1')]),
    answer('a2', 'a1', 'm', [call('t2')]),
    user('r1', 'a1', [result('t1')]),
    user('r2', 'a2', [result('t2')]),
    answer('b', 'r2', 'n', [text('done')]),
  )
  t.same(idsOn(conversation, 'main'), ['u', 'a1', 'r1', 'r2', 'b'])
  t.equal(conversation?.messages.length, 5)
})

t.test(
  'a parent that was never written is the line before, links that are no talk are passed through',
  async t => {
    const conversation = await one(
      user('u', null, 'go'),
      { type: 'progress', ...envelope('p', 'u'), data: {} },
      { type: 'attachment', ...envelope('q', 'p'), attachment: {} },
      answer('a', 'q', 'm', [text('1')]),
      answer('b', 'phantom', 'n', [text('2')]),
      user('v', 'phantom-2', 'more'),
    )
    t.same(idsOn(conversation, 'main'), ['u', 'a', 'b', 'v'])
    t.equal(byId(conversation, 'a').parent, 'u')
  },
)

t.test('what a compaction kept stands after its boundary', async t => {
  const kept = { preservedMessages: { anchorUuid: 'sum', uuids: ['a', 'v'] } }
  const conversation = await one(
    user('u', null, 'go'),
    answer('a', 'u', 'm', [text('1')]),
    user('v', 'a', 'next'),
    {
      type: 'system',
      subtype: 'compact_boundary',
      ...envelope('cb', null, { logicalParentUuid: 'v', compactMetadata: kept }),
      content: 'Compacted',
    },
    user('sum', 'cb', 'summary', { isCompactSummary: true }),
    answer('b', 'v', 'n', [text('2')]),
  )
  t.same(idsOn(conversation, 'main'), ['u', 'cb', 'sum', 'a', 'v', 'b'])
  t.match(byId(conversation, 'sum'), { role: 'system', hidden: true })
})

t.test('what the program wrote into the line of a person is hidden beside it', async t => {
  const conversation = await one(
    user('u', null, 'real <system-reminder>secret</system-reminder>'),
    user('c', 'u', '<command-name>/model</command-name>'),
    user('w', 'c', [text('<system-reminder>x</system-reminder>'), text('also real')]),
    user('only', 'w', [text('<system-reminder>y</system-reminder>')]),
    user('open', 'only', 'about <system-reminder> itself'),
  )
  t.same(
    conversation?.messages.map(each => [each.id, each.role, each.hidden]),
    [
      ['u:injected', 'system', true],
      ['u', 'user', false],
      ['c', 'user', true],
      ['w:injected', 'system', true],
      ['w', 'user', false],
      ['only', 'user', true],
      ['open', 'user', false],
    ],
  )
  t.match(byId(conversation, 'u').parts, [{ text: 'real' }])
  t.equal(conversation?.title, 'real')
})

t.test('agents are conversations of their own, linked from the call that started them', async t => {
  const side = { isSidechain: true }
  const reading = await session(
    user('u', null, 'go'),
    answer('a', 'u', 'm', [
      call('t1', 'Task', { prompt: 'count files' }),
      call('t2', 'Agent', { prompt: 'other' }),
    ]),
    user('s1', null, 'count files', side),
    answer('s2', 's1', 'x', [text('3')], side),
    user('g1', null, 'reworded', { ...side, agentId: 'g' }),
    user('r', 'a', [result('t2')], { toolUseResult: { agentId: 'g' } }),
  )
  const [main, ...children] = reading.conversations
  t.same(idsOn(main, 'main'), ['u', 'a', 'r'])
  t.match(children, [
    {
      sourceId: 's1/s1',
      meta: { parentSession: 's1', parentCall: 't1' },
      messages: [{ id: 's1' }, { id: 's2' }],
    },
    { sourceId: 's1/g', meta: { parentSession: 's1', parentCall: 't2' } },
  ])
  t.ok(addsUp(reading))
})

t.test('a resumed session is one conversation under its last id, unrelated ones stay apart', async t => {
  const resumed = await session(
    user('u', null, 'go', { sessionId: 'old' }),
    answer('a', 'u', 'm', [text('1')], { sessionId: 'old' }),
    user('v', 'a', 'on', { sessionId: 'new' }),
  )
  t.match(resumed.conversations, [{ sourceId: 'new', messages: { length: 3 } }])
  const apart = await session(
    user('u', null, 'x', { sessionId: 'one' }),
    user('v', null, 'y', { sessionId: 'two' }),
  )
  t.match(apart.conversations, [{ sourceId: 'one' }, { sourceId: 'two' }])
})

t.test('one uuid twice: the same is nothing, another content is reported, the first stays', async t => {
  const reading = await session(user('u', null, 'first'), user('u', null, 'first'), user('u', null, 'second'))
  t.equal(reading.conversations[0]?.messages.length, 1)
  t.match(reading.skipped, [{ where: /line 3/, reason: /same uuid/ }])
  t.ok(addsUp(reading))
})

t.test('two empty thinking blocks of one moment are two', async t => {
  const block = { type: 'thinking', thinking: '', signature: 'c2ln' }
  const conversation = await one(
    user('u', null, 'x'),
    answer('a', 'u', 'm', [block]),
    answer('b', 'a', 'm', [block]),
  )
  t.match(byId(conversation, 'a').parts, [{ opaque: true }, { opaque: true }])
})

t.test('titles: custom, then the model’s, then a summary of this session, then the first prompt', async t => {
  const lines = [user('u', null, 'First prompt\nmore'), answer('a', 'u', 'm', [text('1')])]
  const foreign = { type: 'summary', summary: 'Other', leafUuid: 'elsewhere' }
  const own = { type: 'summary', summary: 'Mine', leafUuid: 'a' }
  const ai = { type: 'ai-title', sessionId: 's1', aiTitle: 'AI' }
  const custom = { type: 'custom-title', sessionId: 's1', customTitle: 'Custom' }
  t.equal((await one(...lines, foreign))?.title, 'First prompt')
  t.equal((await one(own, foreign, ...lines))?.title, 'Mine')
  t.equal((await one(own, ...lines, ai))?.title, 'AI')
  t.equal((await one(...lines, custom, ai))?.title, 'Custom')
})

t.test('scalars, lists and misspelt lines are named; a file of summaries only is empty', async t => {
  const lines = [user('u', null, 'x'), { type: 'future-type', sessionId: 's1', what: 1 }]
  const reading = await read(
    `${lines.map(line => JSON.stringify(line)).join('\n')}\n7\n[1]\n"x"\n{"tpye":"user"}\n`,
  )
  t.same(
    reading.skipped.map(each => each.reason),
    ['it is not an object', 'it is not an object', 'it is not an object'],
  )
  t.equal(reading.conversations.length, 1)
  const summaries = await session({ type: 'summary', summary: 'x', leafUuid: 'y' })
  t.equal(summaries.empty, 1)
  t.ok(addsUp(summaries))
})

t.test('the web shape, two events a line, and a session over the limit', async t => {
  const events = [user('u', null, 'x'), answer('a', 'u', 'm', [text('1')])]
  t.equal((await read(JSON.stringify({ loglines: events }))).conversations[0]?.messages.length, 2)
  t.equal(
    (await read(`${events.map(line => JSON.stringify(line)).join('')}\n{}`)).conversations[0]?.messages
      .length,
    2,
  )
  const long = [...events, user('v', 'a', 'y'.repeat(100))].map(line => JSON.stringify(line)).join('\n')
  const reading = await read(long, { limits: { sessionChars: 50 } })
  t.equal(reading.conversations[0]?.messages.length, 2)
  t.match(reading.skipped, [{ reason: /more than 50 characters/ }])
})

t.test('a session that begins with many snapshots is known by them', async t => {
  const snapshot = { type: 'file-history-snapshot', messageId: 'u', snapshot: {}, isSnapshotUpdate: false }
  const conversation = await one(...Array.from({ length: 60 }, () => snapshot), user('u', null, 'x'))
  t.equal(conversation?.messages.length, 1)
})

t.test('20,000 lines in one chain, and circles, are read', async t => {
  const lines = Array.from({ length: 20_000 }, (_, i) => user(`u${i}`, i === 0 ? null : `u${i - 1}`, `${i}`))
  t.equal(idsOn(await one(...lines), 'main').length, 20_000)
  const circle = await one(user('a', 'c', '1'), user('b', 'a', '2'), user('c', 'b', '3'))
  t.equal(circle?.messages.length, 3)
})

t.test(
  'a session longer than memory should hold is the same from the shelf, with every part of it',
  async t => {
    const said = (at: number) => `${at} ${'word '.repeat(200)}`
    const line = (at: number, type: 'user' | 'assistant', message: object) =>
      JSON.stringify({
        type,
        uuid: `u${at}`,
        parentUuid: at === 0 ? null : `u${at - 1}`,
        sessionId: 's',
        timestamp: '2026-05-02T10:00:00.000Z',
        message: { role: type, ...message },
      })
    const lines = Array.from({ length: 60 }, (_, at) =>
      at % 3 === 0
        ? line(at, 'user', { content: said(at) })
        : line(at, 'assistant', {
            id: `m${Math.floor(at / 3)}`,
            content: [{ type: 'text', text: at % 2 === 0 ? said(at) : `short ${at}` }],
          }),
    )
    const whole = await read(lines.join('\n'))
    const shelf = memoryShelf()
    const shelved = await read(lines.join('\n'), { shelf, limits: { heldChars: 3000, sessionChars: 12_000 } })
    t.equal(whole.conversations[0]?.messages.length, 40)
    t.ok(shelf.bytes > 30_000)
    t.same(shelved.skipped, [])
    t.same(shelved.conversations, whole.conversations)
  },
)
