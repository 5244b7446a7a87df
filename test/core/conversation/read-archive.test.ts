/** Archives as people have them and as nobody should: eras of assets, shards, links, slips, bombs, zips in zips. */
import t from 'tap'
import { addsUp, byId, fixture, read, sha256, zip } from './kit.ts'

const conversations = fixture('chatgpt/2025-full/conversations.json')
const shard = fixture('chatgpt/2026-sharded/conversations-000.json')

const chat = (text: string) => ({
  u: {
    id: 'u',
    parent: null,
    message: { author: { role: 'user' }, content: { content_type: 'text', parts: [text] } },
  },
})

t.test('the sample archives are read, siblings without conversations are passed over', async t => {
  for (const [name, count, entries] of [
    ['chatgpt-flat', 1, ['conversations.json']],
    ['chatgpt-nested-folder', 1, ['ab12-2026-05-01/conversations.json']],
    ['chatgpt-2026-sharded', 3, ['conversations-000.json', 'conversations-001.json']],
    ['claude-2025', 1, ['conversations.json']],
    ['claude-2026-conversations-only', 1, ['conversations.json']],
  ] as const) {
    const reading = await read(fixture(`zips/${name}.zip`))
    t.equal(reading.conversations.length, count, name)
    t.equal(reading.skipped.length, 0, name)
    t.same(
      reading.files.map(file => file.entry),
      entries,
      name,
    )
    t.ok(addsUp(reading))
  }
})

t.test('names that lead out of the archive are refused, entries of one name are each read', async t => {
  const reading = await read(fixture('zips/hostile-zipslip-duplicate.zip'))
  t.equal(reading.conversations.length, 3)
  t.same(
    reading.skipped.map(each => each.where),
    ['../../evil.json', 'C:\\evil.json'],
  )
  t.ok(addsUp(reading))
})

t.test(
  'links, absolute names, backslashes and encrypted entries are refused, each with its reason',
  async t => {
    const reading = await read(
      zip([
        { name: 'conversations.json', bytes: conversations },
        { name: 'link.json', bytes: '/etc/passwd', mode: 0o120777 },
        { name: '/etc/x.json', bytes: conversations },
        { name: 'a\\..\\..\\x.json', bytes: conversations },
        { name: 'secret.json', bytes: conversations, flags: 1 },
        { name: '__MACOSX/._conversations.json', bytes: conversations },
        { name: '._conversations.json', bytes: conversations },
      ]),
    )
    t.equal(reading.conversations.length, 1)
    t.match(
      reading.skipped.map(each => each.reason),
      [/symbolic link/, /absolute/, /leads out/, /encrypted/],
    )
    t.ok(addsUp(reading))
  },
)

t.test('a zip of zips is refused with a hint, a zip beside conversations is named', async t => {
  const inner = zip([{ name: 'conversations.json', bytes: conversations }])
  await t.rejects(read(zip([{ name: 'part-1.zip', bytes: inner }])), {
    code: 'import/unreadable',
    message: /unpack it and import those/,
  })
  const reading = await read(
    zip([
      { name: 'conversations.json', bytes: conversations },
      { name: 'part-2.zip', bytes: inner },
      { name: 'file-AbC123-homework.zip', bytes: inner },
    ]),
  )
  t.equal(reading.conversations.length, 1)
  t.match(reading.skipped, [{ where: 'part-2.zip', reason: /unpack it/ }])
})

t.test('what inflates beyond all bounds is stopped, whatever its header says', async t => {
  const bomb = Buffer.concat([Buffer.from('[{"mapping":{},"current_node":1},'), Buffer.alloc(8_000_000, ' ')])
  const limits = { ratioFromBytes: 1_000_000 }
  await t.rejects(read(zip([{ name: 'a.json', bytes: bomb }]), { limits }), { code: 'import/limit' })
  await t.rejects(read(zip([{ name: 'a.json', bytes: bomb }]), { limits: { inflatedBytes: 1_000_000 } }), {
    code: 'import/limit',
  })
  const lying = await read(zip([{ name: 'a.json', bytes: conversations, claims: 4000 }])).catch(
    error => error,
  )
  t.ok(lying.code === 'import/unreadable' || addsUp(lying))
  const many = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.json`, bytes: conversations }))
  await t.rejects(read(zip(many), { limits: { entries: 10 } }), { code: 'import/limit' })
})

t.test('a damaged entry costs itself, not the others', async t => {
  const parts = [
    { name: 'conversations-000.json', bytes: shard },
    { name: 'conversations-001.json', bytes: conversations },
  ]
  const bytes = zip(parts)
  bytes.fill(0xff, 120, 300)
  const reading = await read(bytes)
  t.ok(reading.conversations.some(each => each.title === 'Tea shop ledger'))
  t.ok(reading.skipped.length >= 1)
  t.ok(addsUp(reading))
})

t.test('a zip cut anywhere gives a code', async t => {
  const bytes = fixture('zips/chatgpt-flat.zip')
  for (const length of [4, 30, 500, bytes.length - 30, bytes.length - 1])
    await t.rejects(read(bytes.subarray(0, length)), { code: 'import/unreadable' })
})

t.test('assets are found by their ids in all eras of names, and handed over once each place', async t => {
  const image = Buffer.from('89504e470d0a1a0a00', 'hex')
  for (const name of [
    'file_0000000000000000000000000000aa01-8a7b.png',
    'user-abc/file_0000000000000000000000000000aa01-12ab34cd-0000-4000-8000-000000000000.png',
    'file_0000000000000000000000000000aa01.dat',
    'dalle-generations/file-0000000000000000000000000000aa01-x.webp',
  ]) {
    const reading = await read(
      zip([
        { name: 'conversations.json', bytes: conversations },
        { name, bytes: image },
      ]),
    )
    const [part] = byId(reading.conversations[0], 'u1').parts
    t.match(part, { type: 'image', asset: sha256(image), mime: 'image/png', missing: false }, name)
    t.same(reading.assets.get(sha256(image)), { bytes: image, mime: 'image/png' })
  }
})

t.test('2026: attachments get bytes from .dat entries, and the library joins files to messages', async t => {
  const reading = await read(fixture('zips/chatgpt-2026-sharded.zip'))
  const [first] = reading.conversations
  const note = byId(first, 'n2').parts.find(part => part.type === 'attachment')
  t.match(note, { name: 'note.txt', mime: 'text/plain', missing: false })
  t.match(byId(first, 'n3').parts.at(-1), { type: 'attachment', name: 'plan.docx', missing: true })
})

t.test('an asset over the limit stays missing', async t => {
  const reading = await read(
    zip([
      { name: 'conversations.json', bytes: conversations },
      { name: 'file_0000000000000000000000000000aa01.dat', bytes: Buffer.alloc(5000) },
    ]),
    { limits: { assetBytes: 1000 } },
  )
  t.match(byId(reading.conversations[0], 'u1').parts[0], { type: 'image', asset: null, missing: true })
})

t.test('a zip of Claude Code projects holds a session a file', async t => {
  const session = fixture('claude-code/11111111-2222-4333-8444-555555555555.jsonl')
  const reading = await read(
    zip([
      { name: '.claude/projects/-home-dev-app/1.jsonl', bytes: session },
      { name: '.claude/settings.json', bytes: '{"theme":"dark"}' },
      { name: '.claude/history.jsonl', bytes: '{"display":"hi","pastedContents":{}}\n{"display":"ho"}' },
    ]),
  )
  t.equal(reading.files.length, 1)
  t.equal(reading.conversations.length, 2)
})

t.test('an archive whose bytes were changed keeps what can be read and says that it was changed', async t => {
  const good = JSON.stringify([{ mapping: chat('Hello, Bob'), id: 'a', current_node: 'u', create_time: 1 }])
  const reading = await read(
    zip([{ name: 'conversations.json', bytes: good.replace('Hello', 'Jello'), original: good }]),
  )
  t.equal(reading.conversations.length, 1)
  t.match(reading.skipped, [{ where: 'conversations.json: end', reason: /checksum/ }])
  t.ok(addsUp(reading))
})

t.test('an archive of which nothing may be read says why', async t => {
  await t.rejects(read(zip([{ name: 'conversations.json', bytes: conversations, flags: 1 }])), {
    code: 'import/unreadable',
    message: /conversations\.json was not read: it is encrypted/,
  })
})

t.test(
  'a zip of VIVIM documents brings its images back by their hashes, and only the bytes they name',
  async t => {
    const [good, wrong] = [sha256(Buffer.from('good')), sha256(Buffer.from('wrong'))]
    const image = (asset: string) => ({
      type: 'image',
      asset,
      mime: 'image/png',
      width: null,
      height: null,
      alt: null,
      missing: false,
    })
    const document = {
      vivim: 1,
      provider: 'chatgpt',
      sourceId: 'x',
      messages: [{ id: 'm', role: 'user', hidden: false, parts: [image(good), image(wrong)] }],
    }
    const reading = await read(
      zip([
        { name: 'tea.json', bytes: JSON.stringify(document) },
        { name: `files/${good}.png`, bytes: 'good' },
        { name: `files/${wrong}.png`, bytes: 'forged' },
      ]),
    )
    t.same([...reading.assets.keys()], [good])
    t.match(reading.conversations[0]?.messages[0]?.parts, [{ asset: good }, { asset: wrong }])
  },
)

t.test('transcripts in a zip are read, a README beside them is passed over', async t => {
  const reading = await read(
    zip([
      { name: 'README.md', bytes: '# Export\n\nMade by hand.\n' },
      { name: 'chats/tea.md', bytes: '**User:** Hi\n\n**Assistant:** Hello\n' },
    ]),
  )
  t.equal(reading.conversations.length, 1)
  t.equal(reading.skipped.length, 0)
})
