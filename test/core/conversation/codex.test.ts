/** What only Codex CLI does: two tellings of one turn, replays of a parent, injected items, older shapes. */
import t from 'tap'
import { messageText } from '../../../src/core/model/conversation.ts'
import { fixture, idsOn, memoryShelf, read, zip } from './kit.ts'

const at = (second: number): string => `2026-05-03T08:00:${String(second).padStart(2, '0')}.000Z`
const line = (second: number, type: string, payload: object): string =>
  JSON.stringify({ timestamp: at(second), type, payload })
const meta = (second: number, id: string, more: object = {}): string =>
  line(second, 'session_meta', { id, timestamp: at(second), cwd: '/home/dev', ...more })
const said = (second: number, role: string, text: string): string =>
  line(second, 'response_item', { type: 'message', role, content: [{ type: 'input_text', text }] })
const event = (second: number, type: string, more: object): string =>
  line(second, 'event_msg', { type, ...more })
const file = (...lines: string[]): string => `${lines.join('\n')}\n`

const textsOf = (
  conversation: { messages: readonly { parts: Parameters<typeof messageText>[0] }[] } | undefined,
) => conversation?.messages.map(message => messageText(message.parts)) ?? []

t.test('a rollout is its transcript: events that repeat it, and a compaction, add nothing', async t => {
  const { conversations } = await read(fixture('codex/rollout.jsonl'))
  const [one] = conversations
  t.equal(one?.sourceId, '019e0000-0000-7000-8000-000000000001')
  t.equal(one?.title, 'List files')
  t.equal(one?.model, 'gpt-5.5')
  t.same(
    one?.messages.map(({ role, hidden, parts }) => [role, hidden, parts[0]?.type]),
    [
      ['user', true, 'text'],
      ['user', false, 'text'],
      ['assistant', false, 'thinking'],
      ['assistant', false, 'toolCall'],
      ['tool', false, 'toolResult'],
      ['assistant', false, 'toolCall'],
      ['tool', false, 'toolResult'],
      ['assistant', false, 'text'],
    ],
  )
  const thinking = one?.messages[2]?.parts[0]
  t.match(thinking, { summary: '**Listing**', opaque: true, text: '' })
  t.same(one?.messages[5]?.parts[0], {
    type: 'toolCall',
    callId: 'call_2',
    name: 'apply_patch',
    input: '"*** Begin Patch\\n*** End Patch"',
  })
  t.notMatch(JSON.stringify(one), /ghp_EXAMPLEONLY|You are Codex|gAAAA/)
})

t.test('a packed rollout gives the same conversation', async t => {
  const plain = await read(fixture('codex/rollout.jsonl'))
  t.same((await read(fixture('codex/rollout.jsonl.zst'))).conversations, plain.conversations)
})

t.test('packed rollouts are read inside a zip too', async t => {
  const packed = zip([
    { name: '.codex/archived_sessions/rollout.jsonl.zst', bytes: fixture('codex/rollout.jsonl.zst') },
  ])
  t.same((await read(packed)).conversations, (await read(fixture('codex/rollout.jsonl'))).conversations)
})

t.test('a file of events alone is read from them, what the program wrote hidden', async t => {
  const { conversations } = await read(fixture('codex/events.jsonl'))
  t.same(
    conversations[0]?.messages.map(({ role, hidden, parts }) => [role, hidden, parts[0]?.type]),
    [
      ['user', true, 'text'],
      ['user', false, 'text'],
      ['assistant', false, 'thinking'],
      ['assistant', false, 'toolCall'],
      ['tool', false, 'toolResult'],
      ['assistant', false, 'text'],
    ],
  )
  t.equal(conversations[0]?.title, 'Which leaves for oolong?')
})

t.test('a turn that only events tell stands among turns that items tell', async t => {
  const { conversations } = await read(
    file(
      meta(0, 's'),
      event(1, 'user_message', { message: 'first' }),
      event(2, 'agent_message', { message: 'one' }),
      said(3, 'user', 'second'),
      event(3, 'user_message', { message: 'second' }),
      event(4, 'agent_message', { message: 'two' }),
      said(4, 'assistant', 'two'),
    ),
  )
  t.same(textsOf(conversations[0]), ['first', 'one', 'second', 'two'])
})

t.test('an event that tells an item in other words is not told again', async t => {
  const { conversations } = await read(
    file(
      meta(0, 's'),
      said(1, 'user', 'look at [image]\nplease'),
      event(1, 'user_message', { message: 'look please' }),
    ),
  )
  t.same(textsOf(conversations[0]), ['look at [image]\nplease'])
})

t.test('the same words said twice are two messages', async t => {
  const { conversations } = await read(
    file(
      meta(0, 's'),
      said(1, 'user', 'go on'),
      event(1, 'user_message', { message: 'go on' }),
      said(2, 'assistant', 'done'),
      said(3, 'user', 'go on'),
      event(3, 'user_message', { message: 'go on' }),
    ),
  )
  t.same(textsOf(conversations[0]), ['go on', 'done', 'go on'])
})

t.test(
  'a session that grows keeps the ids of what it had, also where the event came before its item',
  async t => {
    const lines = [
      meta(0, 's'),
      event(1, 'user_message', { message: 'Hi' }),
      said(1, 'user', 'Hi'),
      said(2, 'assistant', 'Yes'),
    ]
    const ids = async (count: number) =>
      (await read(file(...lines.slice(0, count)))).conversations[0]?.messages.map(message => message.id) ?? []
    const [two, three, four] = [await ids(2), await ids(3), await ids(4)]
    t.equal(two.length, 1)
    t.same(three, two)
    t.same(four.slice(0, 1), three)
  },
)

t.test('a fork leaves the items of its parent to the parent', async t => {
  const parent = [meta(1, 'parent'), said(2, 'user', 'old question'), said(3, 'assistant', 'old answer')]
  const own = (more: object) => meta(10, 'child', more)
  const after = [said(11, 'user', 'new question'), said(12, 'assistant', 'new answer')]
  for (const [name, lines] of [
    ['named as parent', [own({ forked_from_id: 'parent' }), ...parent, ...after]],
    ['not named', [own({}), ...parent, ...after]],
    ['its header last', [...parent, own({ forked_from_id: 'parent' }), ...after]],
    [
      'a sub-agent',
      [own({ source: { subagent: { thread_spawn: { parent_thread_id: 'parent' } } } }), ...parent, ...after],
    ],
  ] as const) {
    const { conversations } = await read(file(...lines))
    t.equal(conversations.length, 1, name)
    t.equal(conversations[0]?.sourceId, 'child', name)
    t.same(textsOf(conversations[0]), ['new question', 'new answer'], name)
  }
})

t.test("a fork that gave its parent's items new times knows its own turns by when they began", async t => {
  const started = (second: number, startedAt: string) =>
    event(second, 'task_started', { started_at: Date.parse(startedAt) / 1000 })
  const copied = [
    meta(10, 'parent'),
    started(10, '2026-05-02T08:00:00Z'),
    said(10, 'user', 'old question'),
    event(10, 'thread_name_updated', { thread_name: 'Name of the parent' }),
    said(10, 'assistant', 'old answer'),
  ]
  const own = [started(12, at(12)), said(12, 'user', 'new question'), said(13, 'assistant', 'new answer')]
  const header = meta(10, 'child', { forked_from_id: 'parent' })
  const whole = (await read(file(header, ...copied, ...own))).conversations[0]
  t.same(textsOf(whole), ['new question', 'new answer'])
  t.equal(whole?.title, 'new question')
  const unused = await read(file(header, ...copied))
  t.equal(unused.empty, 1, 'a fork in which nothing was said yet')
  const agent = (await read(file(header, meta(10, 'parent'), said(10, 'developer', 'rules'), ...own)))
    .conversations[0]
  t.same(
    textsOf(agent),
    ['rules', 'new question', 'new answer'],
    'a header of the parent alone repeats nothing',
  )
  const turn = (ms: number) =>
    `${ms
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`
  const byId = (
    await read(
      file(
        header,
        meta(10, 'parent'),
        line(10, 'turn_context', { turn_id: turn(Date.parse('2026-05-01T08:00:00Z')), model: 'm' }),
        said(10, 'user', 'old question'),
        line(12, 'turn_context', { turn_id: turn(Date.parse(at(12))), model: 'm' }),
        said(12, 'user', 'new question'),
      ),
    )
  ).conversations[0]
  t.same(textsOf(byId), ['new question'])
})

t.test('two sessions in one file are two conversations', async t => {
  const { conversations } = await read(
    file(
      meta(1, 'a'),
      said(2, 'user', 'one'),
      meta(3, 'b'),
      said(4, 'user', 'two'),
      meta(5, 'b'),
      said(6, 'user', 'three'),
    ),
  )
  t.same(
    conversations.map(each => [each.sourceId, textsOf(each)]),
    [
      ['a', ['one']],
      ['b', ['two', 'three']],
    ],
  )
})

t.test('what Codex writes in the name of the user is hidden, also beside own words', async t => {
  const mixed = line(3, 'response_item', {
    type: 'message',
    role: 'user',
    content: [
      { type: 'input_text', text: '<user_instructions>\nsecret habits\n</user_instructions>' },
      { type: 'input_text', text: 'my words' },
    ],
  })
  const { conversations } = await read(
    file(
      meta(0, 's'),
      said(1, 'user', '# AGENTS.md instructions for /home/dev\n\nbe kind'),
      said(2, 'developer', 'sandbox'),
      mixed,
      said(4, 'user', '<turn_aborted>\n</turn_aborted>'),
    ),
  )
  const messages = conversations[0]?.messages ?? []
  t.same(
    messages.filter(message => !message.hidden).map(message => messageText(message.parts)),
    ['my words'],
  )
  t.equal(messages.length, 5)
})

t.test('turns that were taken back stay as a branch', async t => {
  const { conversations } = await read(
    file(
      meta(0, 's'),
      said(1, 'user', 'a'),
      said(2, 'assistant', 'A'),
      said(3, 'user', 'b'),
      said(4, 'assistant', 'B'),
      event(5, 'thread_rolled_back', { num_turns: 1 }),
      said(6, 'user', 'c'),
    ),
  )
  const main = conversations[0]?.messages.filter(message => message.branch === 'main')
  t.same(
    main?.map(message => messageText(message.parts)),
    ['a', 'A', 'c'],
  )
  t.equal(conversations[0]?.messages.length, 5)
})

t.test('the older shapes of lines are read', async t => {
  const direct = (await read(fixture('codex/2025.jsonl'))).conversations[0]
  t.equal(direct?.sourceId, '0198aaaa-0000-7000-8000-000000000001')
  t.equal(direct?.title, 'Count the cups')
  t.same(
    direct?.messages.map(message => message.role),
    ['user', 'user', 'assistant', 'assistant', 'tool', 'assistant'],
  )
  const oldest = (await read(fixture('codex/oldest.jsonl'))).conversations[0]
  t.same(textsOf(oldest), ['Name a green tea', 'Sencha.'])
  t.equal(oldest?.model, 'o4-mini')
  const whole = {
    session: { id: 'w', timestamp: at(0), instructions: '' },
    items: [{ role: 'user', type: 'message', content: [{ type: 'input_text', text: 'Hi' }] }],
  }
  t.same(textsOf((await read(JSON.stringify(whole, null, 2))).conversations[0]), ['Hi'])
})

t.test('a name given to the thread is its title; images become assets; unknown items are kept', async t => {
  const { conversations, assets } = await read(
    file(
      meta(0, 's'),
      line(1, 'response_item', {
        type: 'message',
        role: 'user',
        content: [
          {
            type: 'input_image',
            image_url: `data:image/png;base64,${Buffer.from('bytes').toString('base64')}`,
          },
        ],
      }),
      line(2, 'response_item', { type: 'brand_new', encrypted_content: 'SEALED', x: 1 }),
      event(3, 'thread_name_updated', { thread_name: 'Named' }),
    ),
  )
  t.equal(conversations[0]?.title, 'Named')
  t.equal(assets.size, 1)
  t.match(conversations[0]?.messages[1]?.parts[0], { type: 'unknown', raw: /brand_new/ })
  t.notMatch(JSON.stringify(conversations), /SEALED/)
  t.equal(idsOn(conversations[0], 'main').length, 2)
})

t.test('a session of which nothing was said is empty, and a long one is cut with a reason', async t => {
  t.equal((await read(file(meta(0, 's'), line(1, 'turn_context', { model: 'm' })))).empty, 1)
  const long = await read(file(meta(0, 's'), said(1, 'user', 'x'.repeat(500)), said(2, 'user', 'y')), {
    limits: { sessionChars: 300 },
  })
  t.equal(long.conversations[0]?.messages.length, 1)
  t.match(long.skipped[0]?.reason, /more than 300 characters/)
})

t.test(
  'a rollout longer than memory should hold is the same from the shelf, whoever tells a turn first',
  async t => {
    const said = (at: number) => `${at} ${'word '.repeat(200)}`
    const item = (role: 'user' | 'assistant', text: string) => ({
      type: 'message',
      role,
      content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }],
    })
    const lines = [
      { type: 'session_meta', payload: { id: 's', timestamp: '2026-05-03T08:00:00.000Z' } },
      ...turns(),
    ]
    function* turns() {
      for (let at = 0; at < 40; at++) {
        yield { type: 'response_item', payload: item('user', said(at)) }
        yield { type: 'event_msg', payload: { type: 'user_message', message: said(at) } }
        yield { type: 'event_msg', payload: { type: 'agent_message', message: said(-at) } }
        yield { type: 'response_item', payload: item('assistant', said(-at)) }
      }
    }
    const text = lines
      .map(line => JSON.stringify({ timestamp: '2026-05-03T08:00:01.000Z', ...line }))
      .join('\n')
    const whole = await read(text)
    const shelf = memoryShelf()
    const shelved = await read(text, { shelf, limits: { heldChars: 3000, sessionChars: 12_000 } })
    t.equal(whole.conversations[0]?.messages.length, 80)
    t.ok(shelf.bytes > 60_000)
    t.same(shelved.skipped, [])
    t.same(shelved.conversations, whole.conversations)
  },
)
