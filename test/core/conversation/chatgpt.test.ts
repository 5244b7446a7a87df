/** ChatGPT exports: trees rebuilt from parents, what is hidden, tools, citations and their marks. */
import t from 'tap'
import { byId, fixture, idsOn, read } from './kit.ts'

type Node = readonly [id: string, parent: string | null, message?: unknown]

const said = (text: string, role = 'user', more: object = {}): object => ({
  author: { role },
  content: { content_type: 'text', parts: [text] },
  ...more,
})

const chat = (nodes: readonly Node[], more: object = {}): string => {
  const mapping = Object.fromEntries(
    nodes.map(([id, parent, message]) => [id, { id, parent, message: message ?? null }]),
  )
  return JSON.stringify([{ id: 'c', create_time: 1760000000, current_node: null, mapping, ...more }])
}

const one = async (nodes: readonly Node[], more: object = {}) =>
  (await read(chat(nodes, more))).conversations[0]

t.test('the sample: main path, other answers, and an orphan are all there', async t => {
  const [conversation] = (await read(fixture('chatgpt/2025-full/conversations.json'))).conversations
  t.same(idsOn(conversation, 'main'), ['c0', 'u1', 'a1b', 'x1', 'x2', 'w1', 'q1', 'r1', 'a2', 'u2', 'a3'])
  t.same(idsOn(conversation, 'a1'), ['a1'])
  t.equal(conversation?.createdAtMs, 1760000000250)
  t.equal(byId(conversation, 'a1').model, 'gpt-4o')
})

t.test('the profile of the user is a hidden system message, never a turn', async t => {
  const [conversation] = (await read(fixture('chatgpt/2025-full/conversations.json'))).conversations
  t.match(byId(conversation, 'c0'), { role: 'system', hidden: true })
  const flagged = { metadata: { is_visually_hidden_from_conversation: true } }
  const other = await one([
    ['a', null, said('hidden', 'user', flagged)],
    ['b', 'a', said('system', 'system', { weight: 1 })],
    ['c', 'b', said('output', 'tool', { weight: 0 })],
    ['d', 'c', { author: { role: 'critic' }, content: { content_type: 'text', parts: ['who'] } }],
  ])
  t.same(
    other?.messages.map(each => [each.id, each.role, each.hidden, each.author]),
    [
      ['a', 'user', true, null],
      ['b', 'system', true, null],
      ['c', 'tool', false, null],
      ['d', 'system', true, 'critic'],
    ],
  )
})

t.test('2026: without children, tools and metadata the tree stands on parents alone', async t => {
  const [conversation] = (await read(fixture('chatgpt/2026-sharded/conversations-000.json'))).conversations
  t.same(idsOn(conversation, 'main'), ['n2', 'n3'])
  t.same(idsOn(conversation, 'n2b'), ['n2b'])
  t.equal(byId(conversation, 'n3').model, 'gpt-5-6')
})

t.test('circles, selves, missing parents and leaves that are not there lose no message', async t => {
  const circle = await one([
    ['a', 'c', said('a')],
    ['b', 'a', said('b')],
    ['c', 'b', said('c')],
    ['self', 'self', said('self')],
  ])
  t.same(circle?.messages.map(each => each.id).sort(), ['a', 'b', 'c', 'self'])
  const edited = await one(
    [
      ['u', 'gone', said('u', 'user', { create_time: 1760000001 })],
      ['v', 'gone', said('v', 'user', { create_time: 1760000005 })],
      ['a', 'v', said('a', 'assistant', { create_time: 1760000006 })],
    ],
    { current_node: 'never' },
  )
  t.same(idsOn(edited, 'main'), ['v', 'a'])
  t.same(idsOn(edited, 'u'), ['u'])
  const cut = await one([
    ['u', null, said('u', 'user', { create_time: 1760000001 })],
    ['a', 'stripped', said('a', 'assistant', { create_time: 1760000002 })],
  ])
  t.same(idsOn(cut, 'main'), ['u', 'a'])
})

t.test('a chain of 20,000 messages, in any order of keys, is one branch', async t => {
  const nodes: Node[] = [['n0', null]]
  for (let i = 1; i <= 20_000; i++) nodes.push([`n${i}`, `n${i - 1}`, said(`${i}`)])
  const conversation = await one(nodes.reverse(), { current_node: 'n20000' })
  t.equal(conversation?.messages.length, 20_000)
  t.ok(conversation?.messages.every((each, i) => each.branch === 'main' && each.id === `n${i + 1}`))
})

t.test('a fan of 20,000 answers and as many results of one call take no time that grows squared', async t => {
  const call = {
    author: { role: 'assistant' },
    recipient: 'python',
    content: { content_type: 'code', text: '1' },
  }
  const result = { author: { role: 'tool' }, content: { content_type: 'execution_output', text: '1' } }
  const nodes: Node[] = [['call', null, call]]
  for (let i = 0; i < 20_000; i++) nodes.push([`r${i}`, i === 0 ? 'call' : `r${i - 1}`, result])
  for (let i = 0; i < 20_000; i++) nodes.push([`a${i}`, 'call', said('x', 'assistant')])
  const conversation = await one(nodes)
  t.match(byId(conversation, 'r19999').parts, [{ type: 'toolResult', callId: 'call' }])
})

t.test('calls and results are paired by the node of the call', async t => {
  const [conversation] = (await read(fixture('chatgpt/2025-full/conversations.json'))).conversations
  t.match(byId(conversation, 'x1').parts, [
    { type: 'toolCall', callId: 'x1', name: 'python', input: '"sum([12,30,8])"' },
  ])
  t.match(byId(conversation, 'x2').parts, [
    { type: 'toolResult', callId: 'x1', output: '50', isError: false },
  ])
  t.equal(byId(conversation, 'q1').hidden, true)
  t.match(byId(conversation, 'q1').parts, [{ type: 'citation' }, { type: 'toolResult', callId: 'w1' }])
})

t.test('a canvas document is a call and its text', async t => {
  const text = JSON.stringify({ name: 'plan', type: 'code/python', content: 'print(1)' })
  const conversation = await one([
    ['a', null, said(text, 'assistant', { recipient: 'canmore.create_textdoc' })],
  ])
  t.match(conversation?.messages[0]?.parts, [
    { type: 'toolCall', name: 'canmore.create_textdoc', input: text },
    { type: 'code', text: 'print(1)', lang: 'python' },
  ])
})

t.test('marks are taken out for display, words in them stay, citations are parts', async t => {
  const text =
    'Tea is free\ue200cite\ue202turn0search0\ue201 at \ue200entity\ue202["shop","Leaf & Co"]\ue201【12†source】.\ue202'
  const metadata = {
    citations: [
      { start_ix: 3, end_ix: 9, metadata: { title: 'T', url: 'https://example.org/t', text: 'quote' } },
    ],
    content_references: [
      { start_idx: 11, end_idx: 30, items: [{ url: 'https://example.org/v', title: 'V' }] },
      { start_idx: 11, end_idx: 30, type: 'webpage', url: 'https://example.org/w' },
      { type: 'hidden' },
      null,
    ],
    search_result_groups: [
      { entries: [{ url: 'https://example.org/v' }, { url: 'https://example.org/s', title: 'S' }] },
    ],
  }
  const conversation = await one([
    ['u', null, said('mine 【1†x】 stays')],
    ['a', 'u', said(text, 'assistant', { metadata })],
  ])
  t.match(byId(conversation, 'u').parts, [{ text: 'mine 【1†x】 stays' }])
  t.match(byId(conversation, 'a').parts, [
    { type: 'text', text: 'Tea is free at Leaf & Co.' },
    { type: 'citation', url: 'https://example.org/v', start: 11, end: 30 },
    { type: 'citation', url: 'https://example.org/w' },
    { type: 'citation', url: 'https://example.org/t', start: 3, end: 9, snippet: 'quote' },
    { type: 'citation', url: 'https://example.org/s', start: null },
  ])
})

t.test('parts of any kind: nulls and empty strings vanish, unknown ones are kept whole', async t => {
  const conversation = await one([
    [
      'u',
      null,
      {
        author: { role: 'user' },
        content: {
          content_type: 'multimodal_text',
          parts: [
            null,
            '',
            { content_type: 'audio_transcription', text: 'spoken' },
            {
              content_type: 'audio_asset_pointer',
              asset_pointer: 'sediment://file_a1#p_0.wav',
              format: 'wav',
              size_bytes: 9,
            },
            { content_type: 'hologram', x: 1 },
            7,
            'typed',
          ],
        },
      },
    ],
    ['e', 'u', { author: { role: 'assistant' }, content: { content_type: 'text', parts: [''] } }],
    ['n', 'e', { author: { role: 'assistant' }, content: { content_type: 'brain_wave', hz: 8 } }],
  ])
  t.match(byId(conversation, 'u').parts, [
    { type: 'text', text: 'spoken' },
    { type: 'attachment', name: 'file_a1', mime: 'audio/wav', size: 9, missing: true },
    { type: 'unknown', raw: '{"content_type":"hologram","x":1}' },
    { type: 'unknown', raw: '7' },
    { type: 'text', text: 'typed' },
  ])
  t.same(byId(conversation, 'n').parts, [{ type: 'unknown', raw: '{"content_type":"brain_wave","hz":8}' }])
  t.equal(byId(conversation, 'n').parent, 'u')
})

t.test('lone surrogates reach no id, title, text or JSON', async t => {
  const text = chat([['n\ud83d', null, said('x\ud83d', 'user')]], { title: '\udc00t', id: 'c\ud800' })
  const conversation = (await read(text.replaceAll('\\\\', '\\'))).conversations[0]
  t.ok(JSON.stringify(conversation).isWellFormed())
  t.notMatch(JSON.stringify(conversation), /\\ud/)
  t.equal(conversation?.title, '\ufffdt')
})

t.test('missing mapping is skipped, an empty one is empty, missing times and ids invent nothing', async t => {
  const good = JSON.parse(chat([['u', null, said('Hi')]]))[0]
  const { id: _, create_time: __, ...bare } = good
  const text = JSON.stringify([
    { title: 'x' },
    { ...good, mapping: {} },
    null,
    bare,
    { ...good, create_time: 0 },
  ])
  const reading = await read(text)
  t.same(
    reading.skipped.map(each => each.reason),
    ['it has no mapping', 'it is not an object'],
  )
  t.equal(reading.empty, 1)
  const [first, second] = reading.conversations
  t.equal(first?.createdAtMs, null)
  t.match(first?.sourceId, /^[0-9a-f]{64}$/)
  t.equal((await read(JSON.stringify([bare]))).conversations[0]?.sourceId, first?.sourceId)
  t.equal(second?.createdAtMs, null)
})

t.test('a single chat and a wrapped list are read too, with flags as meta', async t => {
  const [value] = JSON.parse(
    chat([['u', null, said('Hi')]], { is_do_not_remember: true, is_archived: false }),
  )
  for (const text of [
    JSON.stringify(value, null, 2),
    JSON.stringify(value),
    JSON.stringify({ conversations: [value] }),
  ]) {
    const reading = await read(text)
    t.equal(reading.conversations.length, 1)
    t.same(reading.conversations[0]?.meta, { doNotRemember: 'true' })
  }
})

t.test('a text that stands where a list of texts belongs is kept', async t => {
  const reading = await read(
    JSON.stringify([
      {
        id: 'c',
        current_node: 'u',
        mapping: {
          u: {
            parent: null,
            message: { author: { role: 'user' }, content: { content_type: 'text', parts: 'Hi' } },
          },
        },
      },
    ]),
  )
  t.match(reading.conversations[0]?.messages[0]?.parts, [{ type: 'text', text: 'Hi' }])
})
