/** Grok exports: wrapped and flat rows, Mongo times, cards and artifacts, assets without names. */
import t from 'tap'
import { addsUp, byId, fixture, idsOn, read, sha256, zip } from './kit.ts'

const backend = fixture('grok/prod-grok-backend.json')

const one = async (responses: readonly unknown[], conversation: object = {}) =>
  (
    await read(
      JSON.stringify({
        conversations: [{ conversation: { id: 'c', title: 'T', ...conversation }, responses }],
      }),
    )
  ).conversations[0]

const said = (id: string, sender: string, message: string, more: object = {}): object => ({
  response: { _id: id, sender, message, ...more },
})

t.test('the sample: a tree by parents, thinking, a citation through its card', async t => {
  const reading = await read(backend)
  t.match(reading.files, [{ read: 1, conversations: 1, empty: 0, skipped: 0 }])
  const [bread] = reading.conversations
  t.same(idsOn(bread, 'main'), ['r1', 'r3'])
  t.same(idsOn(bread, 'r2'), ['r2'])
  t.match(byId(bread, 'r2'), { role: 'assistant', createdAtMs: 1770026402000, model: 'grok-4' })
  t.match(byId(bread, 'r2').parts, [
    { type: 'thinking', text: 'think about gluten' },
    { type: 'text', text: 'Knead it.' },
    { type: 'citation', url: 'https://example.org/bread', title: 'Bread', snippet: '...' },
  ])
  t.match(byId(bread, 'r1'), { role: 'user', model: null })
})

t.test(
  'flat rows without ids: time, then the question first; what else the file lists is not counted',
  async t => {
    const reading = await read(fixture('grok/flat.json'))
    t.match(reading.files, [{ read: 2, conversations: 1, empty: 1, skipped: 0 }])
    const [rye] = reading.conversations
    t.same(
      rye?.messages.map(each => [each.role, each.branch]),
      [
        ['user', 'main'],
        ['assistant', 'main'],
        ['user', 'main'],
      ],
    )
    t.equal(new Set(rye?.messages.map(each => each.id)).size, 3)
  },
)

t.test('rows of one time take turns, rows without any stay as written', async t => {
  const texts = async (times: readonly (string | null)[]): Promise<string> => {
    const rows = times.map((time, i) => ({
      sender: i % 2 ? 'human' : 'assistant',
      message: `${i}`,
      create_time: time,
    }))
    const conversation = await one(rows)
    return (conversation?.messages ?? []).map(each => JSON.stringify(each.parts).match(/\d/)?.[0]).join('')
  }
  const time = '2026-01-01T00:00:00Z'
  t.equal(await texts([time, time, time, time]), '1032')
  t.equal(await texts([null, null, null]), '012')
})

t.test('a row more does not change the ids of those before it', async t => {
  const rows = [1, 2, 3, 4].map(n => ({
    sender: n % 2 ? 'human' : 'assistant',
    message: `m${n}`,
    create_time: `2026-01-0${n}T00:00:00Z`,
  }))
  const ids = async (count: number): Promise<string[]> =>
    (await one(rows.slice(0, count).reverse()))?.messages.map(each => each.id) ?? []
  t.same((await ids(4)).slice(0, 3), await ids(3))
})

t.test('projects, tasks and media before or after the conversations are no records', async t => {
  const { conversations } = JSON.parse(backend.toString()) as { conversations: unknown[] }
  const media = Array.from({ length: 50 }, (_, id) => ({ id, original_prompt: 'x', responses: [] }))
  const reading = await read(
    JSON.stringify({ media_posts: media, projects: media, conversations, tasks: media }),
  )
  t.match(reading.files, [{ read: 1, conversations: 1, empty: 0, skipped: 0 }])
  await t.rejects(read('{"conversations":[],"projects":[{"id":1}],"tasks":[],"media_posts":[]}'), {
    code: 'import/unreadable',
  })
})

t.test('artifacts become code, cards go, unfinished tags stay text', async t => {
  const text =
    'A<xaiArtifact artifact_id="1" title="x" contentType="text/javascript">let a\n</xaiArtifact>B' +
    '<grok:render card_id="k"/>C <grok:render card_id="z"> D'
  const conversation = await one([
    said('a', 'assistant', text, {
      card_attachments_json: ['{"id":"k","url":"https://k.example"}', 'no json', 7],
    }),
  ])
  t.match(byId(conversation, 'a').parts, [
    { type: 'text', text: 'A' },
    { type: 'code', text: 'let a', lang: 'javascript' },
    { type: 'text', text: 'BC <grok:render card_id="z"> D' },
    { type: 'citation', url: 'https://k.example' },
  ])
  const many = await one([
    said('a', 'assistant', '<grok:render '.repeat(100_000)),
    said('b', 'assistant', '<xaiArtifact>'.repeat(100_000)),
  ])
  t.equal(many?.messages.length, 2)
})

t.test('steps that no reader knows are kept, an interrupted answer only holds the tree', async t => {
  const conversation = await one([
    said('a', 'human', 'Hi'),
    said('b', 'assistant', '', { parent_response_id: 'a' }),
    said('c', 'human', 'Again', { parent_response_id: 'b', steps: [{ tool: 'x' }, null] }),
  ])
  t.same(idsOn(conversation, 'main'), ['a', 'c'])
  t.equal(byId(conversation, 'c').parent, 'a')
  t.match(byId(conversation, 'c').parts, [{ type: 'unknown', raw: '{"tool":"x"}' }, { text: 'Again' }])
})

t.test(
  'the archive: doubled slashes, assets by id, no attachment and no account file is read as conversations',
  async t => {
    const image = Buffer.from('89504e470d0a1a0a00', 'hex')
    const asset = 'ttl/30d/export_data/u/prod-mc-asset-server//a0000000-0000-4000-8000-000000000009/content'
    const reading = await read(
      zip([
        {
          name: 'ttl/30d/export_data/u/prod-mc-auth-mgmt-api.json',
          bytes: '{"conversations":[{"conversation":{},"responses":[]}]}',
        },
        { name: 'ttl/30d/export_data/u/prod-mc-billing.json', bytes: '{"balance":' },
        { name: 'ttl/30d/export_data/u/prod-mc-asset-server//b/content', bytes: backend },
        { name: 'ttl/30d/export_data/u/prod-grok-backend.json', bytes: backend },
        { name: asset, bytes: image },
      ]),
    )
    t.match(reading.files, [{ entry: /prod-grok-backend/, read: 1, conversations: 1, skipped: 0 }])
    t.equal(reading.files.length, 1)
    const part = byId(reading.conversations[0], 'r1').parts[1]
    t.match(part, { type: 'attachment', asset: sha256(image), mime: 'image/png', missing: false })
  },
)

t.test('misshapen rows do no harm', async t => {
  const conversation = await one([
    null,
    7,
    {},
    { response: null },
    said('a', 'human', 'Hi \ud800', {
      create_time: { $date: { $numberLong: 'x' } },
      file_attachments: [null, 7, {}, { id: 'f', name: 'n' }],
    }),
    said('a', 'assistant', 'same id'),
    said('b', 'ASSISTANT', 'Hello', {
      parent_response_id: 'gone',
      card_attachments_json: {},
      web_search_results: [7, { url: 1 }],
    }),
  ])
  t.ok(JSON.stringify(conversation).isWellFormed())
  t.same(
    conversation?.messages.map(each => each.id),
    ['a', 'b'],
  )
  const odd = await read(
    '[{"conversation":{"id":"a"},"responses":[]},{"conversation":{"id":"b"}},{"conversation":1,"responses":1}]',
  )
  t.match(odd.files, [{ read: 3, empty: 1, skipped: 2 }])
  t.ok(addsUp(odd))
})
