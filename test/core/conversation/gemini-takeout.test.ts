/** Gemini activity of Takeout: one row one conversation, in any language, as JSON and as a page of any size. */
import fc from 'fast-check'
import t from 'tap'
import { Part } from '../../../src/core/model/conversation.ts'
import { addsUp, fixture, read, sha256, zip } from './kit.ts'

const page = fixture('gemini-takeout/MyActivity.html')

const row = (title: string, more: object = {}): object => ({
  header: 'Gemini Apps',
  title,
  time: '2026-04-01T12:00:05.123Z',
  products: ['Gemini Apps'],
  ...more,
})

const rows = async (...values: object[]) => read(JSON.stringify(values))

const cell = (
  title: string,
  when = 'Apr 1, 2026, 12:00:05\u202fPM UTC',
  answer = '',
  header = 'Gemini Apps',
) =>
  `<div class="outer-cell mdl-cell"><div class="mdl-grid"><div class="header-cell"><p>${header}<br></p></div>` +
  `<div class="content-cell mdl-typography--body-1">${title}<br>${when}<br>${answer}</div></div></div>`

const cells = async (...each: string[]) => read(`<html><body>${each.join('')}</body></html>`)

const textOf = (parts: readonly Part[] | undefined): string | undefined =>
  parts?.flatMap(part => (part.type === 'text' ? [part.text] : [])).join('|')

t.test('the sample: a question with its file, an answer as Markdown, a row that says nothing', async t => {
  const reading = await read(fixture('gemini-takeout/MyActivity.json'))
  t.equal(reading.empty, 1)
  t.equal(reading.skipped.length, 0)
  const [moons, bonjour] = reading.conversations
  t.match(moons, { title: 'Name three moons', createdAtMs: Date.parse('2026-04-01T12:00:05.123Z') })
  t.match(moons?.messages[0]?.parts, [
    { type: 'text', text: 'Name three moons' },
    { type: 'image', alt: 'sky.jpg', missing: true },
  ])
  t.match(moons?.messages[1]?.parts, [
    { text: 'Io, **Europa**, Titan & more' },
    { type: 'image', missing: true },
  ])
  t.equal(textOf(bonjour?.messages[0]?.parts), 'Bonjour')
})

t.test('what stands before the question goes, in every language that was seen', async t => {
  for (const [title, text] of [
    ['Prompted Hello', 'Hello'],
    ['Prompted\u00a0Hello', 'Hello'],
    ['Live Prompt Hello', 'Hello'],
    ['Asked Hello', 'Hello'],
    ['Asked Bard: Hello', 'Hello'],
    ['Prompted with: Hello', 'Hello'],
    ['Prompted :) is a face', ':) is a face'],
    ['Eingegebener Prompt: Hallo', 'Hallo'],
    ['Prompt\u00a0: Bonjour\u00a0?', 'Bonjour\u00a0?'],
    ['Prompt :\u00a0Bonjour', 'Bonjour'],
    ['提示：你好', '你好'],
    ['プロンプト: こんにちは', 'こんにちは'],
    ['Poslali ste poziv:\u00a0Zdravo', 'Zdravo'],
    ['Note: this has no label', 'Note: this has no label'],
    ['Prompted Used Gemini Apps', 'Used Gemini Apps'],
    ['Prompted two\nlines', 'two\nlines'],
  ] as const) {
    const { conversations } = await rows(row(title))
    t.equal(textOf(conversations[0]?.messages[0]?.parts), text, title)
    t.equal(conversations[0]?.messages[0]?.role, 'user', title)
  }
})

t.test('what was done besides asking is empty, unless it made something', async t => {
  const reading = await rows(
    row('Used Gemini Apps'),
    row('Gave feedback: Bad response'),
    row('Gemini-Apps verwendet', { header: 'Gemini-Apps' }),
    row('Prompted'),
    row('Created Gemini Canvas titled Quiz', { subtitles: [{ name: 'print(1)' }] }),
  )
  t.equal(reading.empty, 4)
  t.ok(addsUp(reading))
  t.match(reading.conversations, [
    {
      title: 'Created Gemini Canvas titled Quiz',
      messages: [{ role: 'assistant', parts: [{ text: 'print(1)' }] }],
    },
  ])
})

t.test('rows of other products are skipped and counted, also when they come first', async t => {
  const other = { header: 'YouTube', title: 'Watched x', time: '2026-04-01T12:00:00Z', products: ['YouTube'] }
  const reading = await rows(...Array(120).fill(other), row('Prompted Hi'), other)
  t.match(reading.files, [{ read: 122, conversations: 1, skipped: 121 }])
  t.match(reading.skipped[0]?.reason, /another product/)
  t.ok(addsUp(reading))
  await t.rejects(rows(other, other), { code: 'import/unreadable' })
  const archive = await read(
    zip([
      { name: 'Takeout/My Activity/YouTube/MyActivity.json', bytes: JSON.stringify([other, other]) },
      {
        name: 'Takeout/My Activity/Gemini Apps/MyActivity.json',
        bytes: JSON.stringify([row('Prompted Hi')]),
      },
    ]),
  )
  t.match(archive.files, [{ read: 1, skipped: 0 }])
  t.equal(archive.skipped.length, 0)
})

t.test('ids come of second and question, not of place, answer, export or form', async t => {
  const a = await rows(row('Prompted A'), row('Prompted B'))
  const b = await rows(row('Prompted B', { safeHtmlItem: [{ html: 'x' }] }), row('Prompted A'))
  const ids = (reading: typeof a): string[] => reading.conversations.map(each => each.sourceId)
  t.same(ids(a), ids(b).reverse())
  t.same(ids(await cells(cell('Prompted\u00a0A'), cell('Prompted\u00a0B'))), ids(a))
  t.same(ids(await rows(row('Prompted A', { header: 'Gemini-Apps' }))), ids(a).slice(0, 1))
})

t.test('a time that cannot be read is no time, and rows are still told apart', async t => {
  const reading = await rows(row('Prompted A', { time: 'gestern' }), row('Prompted A', { time: null }))
  t.match(reading.conversations, [
    { createdAtMs: null, meta: { time: 'gestern' } },
    { createdAtMs: null, meta: {} },
  ])
  t.not(reading.conversations[0]?.sourceId, reading.conversations[1]?.sourceId)
})

t.test('where somebody was is not kept, the thread at Google is', async t => {
  const { conversations } = await rows(
    row('Prompted Hi', {
      locationInfos: [{ name: 'At home', url: 'https://maps.example/52.1,5.3' }],
      activityControls: ['x'],
      titleUrl: 'https://gemini.google.com/app/abc123',
    }),
  )
  t.notMatch(JSON.stringify(conversations), /At home|52\.1/)
  t.match(conversations[0]?.meta, { threadId: 'abc123' })
})

t.test('rows of any type do no harm', async t => {
  const reading = await read(
    JSON.stringify([
      row('Prompted A', {
        safeHtmlItem: { html: '<p>x</p>' },
        subtitles: 7,
        attachedFiles: [{}, null, 'a.pdf'],
      }),
      row('Prompted \ud800B', { safeHtmlItem: [null, 7, { html: null }], products: null }),
      { ...row('x'), title: null },
      { products: ['Gemini Apps'] },
      null,
    ]),
  )
  t.ok(addsUp(reading))
  t.match(reading.files, [{ read: 5, conversations: 2, empty: 1, skipped: 2 }])
  t.ok(JSON.stringify(reading.conversations).isWellFormed())
})

t.test('the page: cells are rows, answers Markdown, what runs is gone', async t => {
  const reading = await read(page)
  t.match(reading.files, [{ read: 4, conversations: 2, empty: 1, skipped: 1 }])
  t.ok(addsUp(reading))
  const [moons, mond] = reading.conversations
  t.equal(moons?.createdAtMs, Date.parse('2026-04-01T12:00:05Z'))
  t.match(moons?.messages[0]?.parts, [{ text: 'Name three moons' }, { type: 'image', alt: 'sky.jpg' }])
  t.equal(moons?.messages[0]?.parts.length, 2)
  t.equal(
    textOf(moons?.messages[1]?.parts),
    'Io, **Europa**, Titan & more\n\n- one\n- two\n  3. three\n\n```js\nif (a < b) {\n  go()\n}\n```\n\n' +
      'See [this](https://example.org/a_%28b%29) or that.',
  )
  t.match(moons?.meta, { threadId: 'abc123' })
  t.notMatch(JSON.stringify(reading.conversations), /steal|onclick|At home|52\.1/)
  t.equal(mond?.createdAtMs, Date.parse('2026-04-18T15:38:51Z'))
  t.equal(textOf(mond?.messages[0]?.parts), 'Wie heißt der Mond?\nZweite Zeile')
})

t.test('the page is the same however its bytes are cut, packed or begun', async t => {
  const whole = await read(page)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }),
      async sizes => JSON.stringify((await read(page, { sizes })).events) === JSON.stringify(whole.events),
    ),
    { numRuns: 25 },
  )
  t.same((await read(page, { sizes: [1] })).events, whole.events)
  const bom = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), page])
  t.same((await read(bom)).conversations, whole.conversations)
  const archive = zip([
    { name: 'Takeout/archive_browser.html', bytes: '<html>index</html>' },
    { name: 'Takeout/Meine Aktivitäten/Gemini-Apps/MeineAktivitäten.html', bytes: page },
  ])
  const zipped = await read(archive)
  t.same(zipped.conversations, whole.conversations)
  t.equal(zipped.skipped.length, 1)
})

t.test('a text that speaks of such pages is none', async t => {
  const text = '<!-- Notes -->\n\n_**User**_\n\nParse `<div class="outer-cell">` and `content-cell`.\n'
  await t.rejects(read(text), { code: 'import/unreadable' })
  await t.rejects(read('<p>outer-cell and content-cell</p>'), { code: 'import/unreadable', message: /HTML/ })
})

t.test('offsets of cells count bytes', async t => {
  const { skipped } = await read(page)
  const at = Number(/byte (\d+)/.exec(skipped[0]?.where ?? '')?.[1])
  t.match(skipped[0]?.where, /^cell 3, byte/)
  t.match(page.subarray(at, at + 30).toString(), '<div class="outer-cell')
})

t.test('a torn page, a cell without its ends and one that is too long cost themselves only', async t => {
  const torn = await read(page.subarray(0, page.indexOf('Used Gemini')))
  t.equal(torn.conversations.length, 2)
  t.match(torn.skipped.at(-1), { where: /^cell 4/, reason: /ends in the middle/ })
  const open = await cells(cell('Prompted A').replace(/(<\/div>)+$/, ''), cell('Prompted B'))
  t.same(
    open.conversations.map(each => each.title),
    ['A', 'B'],
  )
  const long = await read(
    `<html>${cell('Prompted A')}${cell(`Prompted ${'x'.repeat(5000)}`)}${cell('Prompted C')}`,
    {
      limits: { recordBytes: 2000 },
      sizes: [100],
    },
  )
  t.match(long.skipped, [{ reason: 'it is longer than 2000 bytes' }])
  t.equal(long.conversations.length, 2)
  t.ok(addsUp(long))
})

t.test('times of pages are read in the languages they are written in, or not at all', async t => {
  for (const [when, iso] of [
    ['Apr 1, 2026, 12:00:05 AM UTC', '2026-04-01T00:00:05Z'],
    ['Apr 1, 2026, 1:34:47\u202fPM PDT', '2026-04-01T20:34:47Z'],
    ['5. nov. 2025, 01:34:47 CET', '2025-11-05T00:34:47Z'],
    ['1 avr. 2026, 12:00:05 UTC+2', '2026-04-01T10:00:05Z'],
    ['1 de abr. de 2026, 12:00:05 BRT', '2026-04-01T15:00:05Z'],
    ['2026/04/01 12:00:05 JST', '2026-04-01T03:00:05Z'],
    ['2026年4月1日 下午1:00:05 GMT+8', '2026-04-01T05:00:05Z'],
    ['2026. 4. 1. 오후 1:00:05 KST', '2026-04-01T04:00:05Z'],
    ['1 апр. 2026 г., 12:00:05 MSK', '2026-04-01T09:00:05Z'],
    ['2026-04-01T12:00:05Z', '2026-04-01T12:00:05Z'],
    ['31 Feb 2026, 12:00:05 UTC', null],
    ['Apr 1, 2026, 12:00:05 PM XYZ', null],
    ['03/04/2026, 12:00:05 UTC', null],
    ['1 lis 2026, 12:00:05 CET', null],
  ] as const) {
    const { conversations } = await cells(cell('Prompted\u00a0Hi', when, '<p>Yes</p>'))
    t.equal(conversations[0]?.createdAtMs ?? null, iso === null ? null : Date.parse(iso), when)
    t.equal(textOf(conversations[0]?.messages[0]?.parts), 'Hi', when)
    t.equal(textOf(conversations[0]?.messages[1]?.parts), 'Yes', when)
  }
})

t.test('a question and an answer that speak of times are parted at the right one', async t => {
  const { conversations } = await cells(
    cell('Prompted\u00a0Meet me<br>Apr 3, 2026 at 10:30', undefined, 'Noted<br>Apr 3, 2026, 10:30:00 AM UTC'),
  )
  t.equal(textOf(conversations[0]?.messages[0]?.parts), 'Meet me\nApr 3, 2026 at 10:30')
  t.equal(textOf(conversations[0]?.messages[1]?.parts), 'Noted\nApr 3, 2026, 10:30:00 AM UTC')
})

t.test('files beside the activity get their bytes from the archive', async t => {
  const image = Buffer.from('89504e470d0a1a0a00', 'hex')
  const archive = zip([
    { name: 'Takeout/My Activity/Gemini Apps/My Activity.html', bytes: page },
    { name: 'Takeout/My Activity/Gemini Apps/sky-52785bee.jpg', bytes: image },
  ])
  const { conversations } = await read(archive)
  t.match(conversations[0]?.messages[0]?.parts[1], {
    asset: sha256(image),
    missing: false,
    mime: 'image/png',
  })
})

t.test('an answer shows pictures of the archive and nothing else in it', async t => {
  const image = Buffer.from('89504e470d0a1a0a00', 'hex')
  const html = ['user.json', 'made', 'made.png', 'https://x.example/made.png', '../made.png']
    .map(src => `<img src="${src}">`)
    .join('')
  const archive = zip([
    {
      name: 'Takeout/Gemini Apps/MyActivity.json',
      bytes: JSON.stringify([row('Prompted Hi', { safeHtmlItem: [{ html }, { odd: 1 }] })]),
    },
    { name: 'Takeout/Gemini Apps/user.json', bytes: '{"email":"x"}' },
    { name: 'Takeout/Gemini Apps/made', bytes: image },
  ])
  const { conversations } = await read(archive)
  t.match(conversations[0]?.messages[1]?.parts, [
    { missing: true },
    { missing: true },
    { missing: false, asset: sha256(image) },
    { missing: true },
    { missing: false },
    { type: 'unknown', raw: '{"odd":1}' },
  ])
})

t.test('pages with bytes changed at random give parts of the model or a code', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(page.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
      fc.nat(page.length),
      async (changes, end) => {
        const bytes = Buffer.from(page)
        for (const [at, byte] of changes) bytes[at] = byte
        const reading = await read(bytes.subarray(0, end), { sizes: [777] }).catch(error => error)
        if ('code' in reading) return reading.code === 'import/unreadable'
        for (const { messages } of reading.conversations)
          for (const { parts } of messages) for (const part of parts) Part.parse(part)
        return addsUp(reading)
      },
    ),
    { numRuns: 100 },
  )
})
