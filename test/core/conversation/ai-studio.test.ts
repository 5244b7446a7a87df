/** AI Studio: titles are names of files, chunks of one speaker are a turn, files and runs of code keep their kind. */
import t from 'tap'
import { addsUp, fixture, read, zip } from './kit.ts'

const sample = fixture('ai-studio/Moon facts')

const prompt = (chunks: readonly unknown[], more: object = {}): string =>
  JSON.stringify({ runSettings: { model: 'models/gemini-2.5-pro' }, chunkedPrompt: { chunks }, ...more })

const one = async (chunks: readonly unknown[], more: object = {}) =>
  (await read(prompt(chunks, more))).conversations[0]

t.test('the sample: turns, thoughts, code that ran, sources, the instruction hidden', async t => {
  const [moon] = (await read(sample)).conversations
  t.match(moon, { model: 'gemini-2.5-pro', createdAtMs: Date.parse('2026-03-03T10:00:00Z') })
  t.same(
    moon?.messages.map(each => [each.role, each.hidden, each.parts.map(part => part.type)]),
    [
      ['system', true, ['text']],
      ['user', false, ['text', 'image']],
      ['assistant', false, ['thinking', 'text', 'citation']],
      ['user', false, ['attachment']],
      ['assistant', false, ['toolCall', 'toolResult', 'unknown']],
    ],
  )
  t.match(moon?.messages[2]?.parts, [{ text: 'Looking at the picture...' }, { text: 'A full moon.' }])
  t.match(moon?.messages[4]?.parts, [{ callId: 'code-1' }, { callId: 'code-1', output: '1', isError: false }])
  t.match(moon?.messages[3]?.parts, [{ mime: 'text/plain', size: 2, text: 'hi', missing: false }])
})

t.test('the title is the name of the file, also in an archive and with dots in it', async t => {
  const reading = await read(
    zip([
      { name: 'Google AI Studio/Moon facts', bytes: sample },
      { name: 'Google AI Studio/Plans v2.0 (draft)', bytes: sample },
      { name: 'Google AI Studio/Saved.json', bytes: sample },
      { name: 'Google AI Studio/photo.png', bytes: '89504e' },
    ]),
  )
  t.ok(addsUp(reading))
  t.same(
    reading.conversations.map(each => each.title),
    ['Moon facts', 'Plans v2.0 (draft)', 'Saved'],
  )
  t.equal(new Set(reading.conversations.map(each => each.sourceId)).size, 3)
  t.equal(reading.skipped.length, 0)
})

t.test('a prompt that went on is the same prompt with more turns', async t => {
  const chunks = [
    { role: 'user', text: 'Hi' },
    { role: 'model', text: 'Hello' },
    { role: 'user', text: 'Bye' },
  ]
  const before = await one(chunks.slice(0, 2))
  const after = await one(chunks)
  t.equal(after?.sourceId, before?.sourceId)
  t.same(after?.messages.slice(0, 2), before?.messages)
})

t.test(
  'files on Drive have no bytes, those in the prompt do, and what pieces repeat is told once',
  async t => {
    const image = { mimeType: 'image/png', data: Buffer.from('89504e470d0a1a0a', 'hex').toString('base64') }
    const conversation = await one([
      { role: 'user', driveDocument: { id: 'd1' } },
      { role: 'user', driveVideo: { id: 'v1' } },
      { role: 'user', youtubeVideo: { id: 'yt' } },
      { role: 'user', inlineImage: image, parts: [{ inlineData: image }] },
      { role: 'user', text: 'whole', parts: [{ text: 'wh' }, { text: 'ole' }] },
      {
        role: 'model',
        parts: [
          { text: 'hm', thought: true },
          { text: 'yes', thoughtSignature: 'blob' },
        ],
        text: 'yes',
      },
      { role: 'model', newThing: { x: 1 } },
    ])
    t.match(conversation?.messages[0]?.parts, [
      { type: 'attachment', name: 'd1', missing: true },
      { type: 'attachment', name: 'v1', missing: true },
      { type: 'citation', url: 'https://www.youtube.com/watch?v=yt' },
      { type: 'image', missing: false },
      {},
      { text: 'whole' },
    ])
    t.match(conversation?.messages[1]?.parts, [
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: 'yes' },
      { type: 'unknown', raw: '{"newThing":{"x":1}}' },
    ])
    t.notMatch(JSON.stringify(conversation), /blob/)
  },
)

t.test('instructions come as text, as parts, or not at all; nothing said is empty', async t => {
  const first = async (systemInstruction: unknown) =>
    (await one([{ role: 'user', text: 'Hi' }], { systemInstruction }))?.messages[0]
  t.match(await first({ parts: [{ text: 'a' }, { text: 'b' }] }), { role: 'system', parts: [{ text: 'ab' }] })
  t.match(await first({}), { role: 'user' })
  t.match(await first(null), { role: 'user' })
  const reading = await read(prompt([], { systemInstruction: { text: 'Be brief' } }))
  t.match(reading.files, [{ read: 1, empty: 1 }])
  const other = await read('{"runSettings":{"model":"models/x"},"textPrompt":{"value":"Hi"}}')
  t.match(other.skipped, [{ reason: /not a prompt of the chat kind/ }])
})
