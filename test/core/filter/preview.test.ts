import fc from 'fast-check'
import t from 'tap'
import { ruleSetHash } from '../../../src/core/filter/inspection.ts'
import { prepareShare, refuseBlocked, type ShareInput } from '../../../src/core/filter/preview.ts'
import type { ScopeMessage } from '../../../src/core/filter/scope.ts'
import { systemClock } from '../../../src/core/kernel/env.ts'
import { codeOf } from '../../../src/core/kernel/errors.ts'
import type { Part } from '../../../src/core/model/conversation.ts'
import { Did } from '../../../src/core/model/id.ts'
import { digest, parsePlaintext } from '../../../src/core/pipeline/plaintext.ts'

const alice = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')
const githubToken = `ghp_${'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'.slice(0, 36)}`

const text = (value: string): Part => ({ type: 'text', text: value, format: 'md' })
let count = 0
const says = (...parts: (Part | string)[]): ScopeMessage => ({
  index: ++count,
  role: 'user',
  createdAtMs: 1_700_000_000_000 + count,
  hidden: false,
  branch: 'main',
  parts: parts.map(part => (typeof part === 'string' ? text(part) : part)),
})
const conversation = (...messages: (string | Part)[][]): ShareInput => {
  count = 0
  return {
    conversation: { title: 'Tea notes', messages: messages.map(parts => says(...parts)) },
    owner: alice,
    include: [],
  }
}
const ports = {
  clock: { nowMs: () => 0 },
  assets: { size: async () => 3, read: async () => Uint8Array.of(0xff, 0, 1) },
}

t.test('a plain conversation leaves as it is, and twice with the same digest', async t => {
  const input = conversation(['How long does green tea take?'], ['Two minutes at 80 °C.'])
  const first = await prepareShare(input, ports)
  t.equal(first.blocked, false)
  t.same(first.findings, [])
  t.same(parsePlaintext(first.plaintext).messages, first.messages)
  t.equal(first.digest, digest(first.plaintext))
  t.equal((await prepareShare(input, ports)).digest, first.digest)
})

t.test('what was redacted has nothing more to redact', async t => {
  const input = conversation([
    `db.test:5432:app:eva:Tk4mQ9xZ and ${githubToken}`,
    { type: 'toolResult', callId: '1', output: '{"out":"db.test:5432:app:eva:Wk7nB3xL"}', isError: false },
    { type: 'toolResult', callId: '2', output: '{"out":"name,password\\neva,Pn5hC8vR"}', isError: false },
  ])
  const once = await prepareShare({ ...input, include: ['tools'], onFindings: 'redact' }, ports)
  t.notMatch(JSON.stringify(once.messages), /Tk4mQ9xZ|Wk7nB3xL|Pn5hC8vR/)
  const again = await prepareShare(
    {
      ...input,
      conversation: { title: null, messages: once.messages.map(({ parts }) => says(...parts)) },
      include: ['tools'],
    },
    ports,
  )
  t.same(again.findings, [])
})

t.test('a secret blocks unless the owner decides otherwise', async t => {
  const input = conversation([`my token is ${githubToken}, keep it`], [`so ${githubToken} it is`])
  const blocked = await prepareShare(input, ports)
  t.equal(blocked.blocked, true)
  t.same(
    blocked.findings.map(({ rule, severity, messageIndex, replacement }) => [
      rule,
      severity,
      messageIndex,
      replacement,
    ]),
    [
      ['github-token', 'secret', 1, '[secret:github-token#1]'],
      ['github-token', 'secret', 2, '[secret:github-token#1]'],
    ],
  )
  t.notMatch(JSON.stringify(blocked.findings), githubToken.slice(4))
  try {
    refuseBlocked(blocked)
    t.fail('it was let through')
  } catch (error) {
    t.equal(codeOf(error), 'filter/findings')
  }
  const redacted = await prepareShare({ ...input, onFindings: 'redact' }, ports)
  t.equal(redacted.blocked, false)
  t.equal(redacted.digest, blocked.digest, 'a blocked preview shows what redact would send')
  t.same(redacted.messages[0]?.parts, [text('my token is [secret:github-token#1], keep it')])
  t.same(redacted.redaction?.counts, { 'github-token': 2 })
  const allowed = await prepareShare({ ...input, onFindings: 'allow' }, ports)
  t.equal(allowed.blocked, false)
  t.match(JSON.stringify(allowed.messages), githubToken)
  t.equal(allowed.redaction, null)
})

t.test('no comment in the text switches the scan off', async t => {
  for (const comment of [
    '<!-- secretlint-disable -->',
    '# secretlint-disable',
    '// secretlint-disable-line',
    'secretlint-disable-next-line',
  ]) {
    const prepared = await prepareShare(conversation([`${comment}\n${githubToken} ${comment}`]), ports)
    t.equal(prepared.blocked, true, comment)
  }
})

t.test('a secret is found wherever it stands', async t => {
  const places: [string, ShareInput][] = [
    ['title', { ...conversation(['x']), title: `about ${githubToken}` }],
    ['note', { ...conversation(['x']), note: `with ${githubToken}` }],
    ['code', conversation([{ type: 'code', lang: 'sh', text: `export T=${githubToken}` }])],
    ['zero width', conversation([`${githubToken.slice(0, 9)}\u200b\u2060${githubToken.slice(9)}`])],
    ['full width', conversation([`ｇｈｐ${githubToken.slice(3)}`])],
    ['colour', conversation([`\u001b[32m${githubToken}\u001b[0m`])],
    [
      'citation',
      conversation([
        {
          type: 'citation',
          url: `https://example.org/?t=${githubToken}`,
          title: null,
          start: null,
          end: null,
          snippet: null,
        },
      ]),
    ],
    [
      'tool input',
      {
        ...conversation([
          {
            type: 'toolCall',
            callId: 'c1',
            name: 'run',
            input: JSON.stringify({ env: { deep: [`a\n${githubToken}`] }, n: 1.5 }).replace('_', '\\u005f'),
          },
        ]),
        include: ['tools'],
      },
    ],
    [
      'attachment',
      {
        ...conversation([
          {
            type: 'attachment',
            name: `${githubToken}.txt`,
            mime: null,
            size: 1,
            text: null,
            asset: null,
            missing: true,
          },
        ]),
        include: ['attachments'],
      },
    ],
  ]
  for (const [name, input] of places) {
    const prepared = await prepareShare(input, ports)
    t.equal(prepared.blocked, true, name)
    const left = Buffer.from(prepared.plaintext).toString('utf8')
    t.notMatch(left, githubToken.slice(9), name)
    t.match(left, '[secret:github-token#1]', name)
  }
})

t.test('a tool input stays JSON when a value in it is redacted', async t => {
  const input = `{ "a": 1.50, "token": "${githubToken}", "b": [true, null, "x"] }`
  const prepared = await prepareShare(
    { ...conversation([{ type: 'toolCall', callId: null, name: 'run', input }]), include: ['tools'] },
    ports,
  )
  const [part] = prepared.messages[0]?.parts ?? []
  t.equal(
    part?.type === 'toolCall' && part.input,
    '{ "a": 1.50, "token": "[secret:github-token#1]", "b": [true, null, "x"] }',
  )
})

t.test('secrets in a long text are found at every place, also across the seams of chunks', async t => {
  const filler = 'lorem ipsum dolor sit amet '.repeat(40)
  for (const at of [0, 100, 400]) {
    const long = `${filler.repeat(at)}${githubToken} ${filler.repeat(500 - at)}`
    const prepared = await prepareShare(conversation([long]), ports)
    t.equal(prepared.findings.length, 1, `after ${at} fillers`)
    t.same(prepared.messages[0]?.parts, [text(long.replace(githubToken, '[secret:github-token#1]'))])
  }
})

t.test('what breaks or takes too long lets nothing out', async t => {
  const broken = {
    versions: ['x/1'],
    scan: () => {
      throw new Error(githubToken)
    },
  }
  await t.rejects(prepareShare(conversation(['x']), ports, broken), { code: 'filter/failed' })
  let nowMs = 0
  const slow = { ...ports, clock: { nowMs: () => (nowMs += 60_000) } }
  await t.rejects(prepareShare(conversation(['x']), slow), { code: 'filter/failed' })
})

t.test('a secret that its name gave away once is found wherever else it stands', async t => {
  const input = conversation(['PASSWORD=correcthorse9'], ['is it "correcthorse9" or correct horse 9?'])
  const { messages, findings } = await prepareShare({ ...input, title: 'correcthorse9' }, ports)
  t.same(
    findings.map(({ messageIndex, replacement }) => [messageIndex, replacement]),
    [0, 1, 2].map(index => [index, '[secret:assigned-secret#1]']),
  )
  t.same(messages[1]?.parts, [text('is it "[secret:assigned-secret#1]" or correct horse 9?')])
})

t.test('the key of a JSON value tells that it is secret', async t => {
  const input = JSON.stringify({
    user: 'ann',
    password: 'hunter2x',
    note: 'call +4915112345678',
    n: 4111111111111111,
  })
  const prepared = await prepareShare(
    {
      ...conversation([{ type: 'toolResult', callId: null, output: input, isError: false }]),
      include: ['tools'],
    },
    ports,
  )
  const [part] = prepared.messages[0]?.parts ?? []
  t.same(JSON.parse(part?.type === 'toolResult' ? part.output : ''), {
    user: 'ann',
    password: '[secret:assigned-secret#1]',
    note: 'call [personal:phone#1]',
    n: '[personal:card#1]',
  })
})

t.test('pairs of name and value, headers and text in JSON are read as what they are', async t => {
  const input = JSON.stringify({
    env: [{ name: 'DB_PASSWORD', value: 'hunterhunter' }],
    headers: { Cookie: 'session=abcdef1234567890' },
    body: JSON.stringify({ client_secret: 'zX9zX9zX9w' }),
    lat: 52.520008,
  })
  const prepared = await prepareShare(
    { ...conversation([{ type: 'toolCall', callId: null, name: 'run', input }]), include: ['tools'] },
    ports,
  )
  const [part] = prepared.messages[0]?.parts ?? []
  t.same(JSON.parse(part?.type === 'toolCall' ? part.input : ''), {
    env: [{ name: 'DB_PASSWORD', value: '[secret:assigned-secret#1]' }],
    headers: { Cookie: '[secret:cookie#1]' },
    body: '{"client_secret":"[secret:assigned-secret#2]"}',
    lat: '[personal:coordinates#1]',
  })
})

t.test('personal data is redacted and does not block, unless findings are to', async t => {
  const input = conversation(['write to ann@example.org or ANN@example.org'], ['ann@example.org it is'])
  const prepared = await prepareShare(input, ports)
  t.equal(prepared.blocked, false)
  t.same(prepared.messages[0]?.parts, [text('write to [personal:email#1] or [personal:email#2]')])
  t.same(prepared.messages[1]?.parts, [text('[personal:email#1] it is')])
  t.same(prepared.redaction?.counts, { email: 3 })
  t.equal((await prepareShare({ ...input, onFindings: 'block' }, ports)).blocked, true)
})

t.test(
  'files leave only when asked for, are named once, and are said not to have been looked into',
  async t => {
    const image = (asset: string): Part => ({
      type: 'image',
      asset,
      mime: 'image/png',
      width: 1,
      height: 1,
      alt: null,
      missing: false,
    })
    const [here, gone] = ['ab'.repeat(32), 'cd'.repeat(32)]
    const input = conversation(['look', image(here), image(here), image(gone)])
    t.same((await prepareShare(input, ports)).assetsNeeded, [])
    const some = {
      ...ports,
      assets: { ...ports.assets, size: async (sha: string) => (sha === here ? 3 : null) },
    }
    const prepared = await prepareShare({ ...input, include: ['attachments'] }, some)
    t.same(prepared.assetsNeeded, [{ sha256: here, mime: 'image/png', bytes: 3 }])
    t.same(prepared.unscanned, [{ messageIndex: 1, name: null, mime: 'image/png', bytes: 3 }])
    t.same(prepared.messages[0]?.parts[3], { ...image(gone), asset: null, missing: true })
  },
)

t.test(
  'a receipt tells also that nothing was found, and is missing only where findings were let out',
  async t => {
    const clean = await prepareShare(conversation(['tea']), ports)
    t.same(clean.redaction, { rules: ruleSetHash(), counts: {} })
    t.same(parsePlaintext(clean.plaintext).redaction, clean.redaction)
    const found = conversation(['ann@example.org'])
    t.equal((await prepareShare({ ...found, onFindings: 'allow' }, ports)).redaction, null)
    t.same((await prepareShare(found, ports)).redaction, { rules: ruleSetHash(), counts: { email: 1 } })
    const allowed = await prepareShare({ ...conversation(['tea']), onFindings: 'allow' }, ports)
    t.equal(allowed.digest, clean.digest)
  },
)

t.test('a placeholder that stands in the text already keeps its number', async t => {
  const input = conversation(['was [personal:email#4] and [secret:x#2]'], ['write to ann@example.org'])
  const { messages } = await prepareShare(input, ports)
  t.same(messages[1]?.parts, [text('write to [personal:email#5]')])
})

t.test('law: what was redacted once holds nothing more to redact, and no value that was found', async t => {
  const values = [
    githubToken,
    'ann@example.org',
    'DB_PASSWORD=hunter2hunter',
    '4111 1111 1111 1111',
    '/home/annlee/x',
  ]
  const words = fc.array(
    fc.constantFrom(...values, 'tea', '中', '\u200b', '"', '\n', 'password: ', '[', 'é', '…'),
    {
      maxLength: 12,
    },
  )
  await fc.assert(
    fc.asyncProperty(words, async parts => {
      const once = await prepareShare(
        { ...conversation([`x ${parts.join(' ')}`]), onFindings: 'redact' },
        ports,
      )
      const [part] = once.messages[0]?.parts ?? []
      const left = part?.type === 'text' ? part.text : ''
      const again = await prepareShare({ ...conversation([left]), onFindings: 'redact' }, ports)
      t.same(again.findings, [], left)
    }),
    { numRuns: 300 },
  )
})

t.test('hostile text of any kind takes steps in proportion to its length', async t => {
  const units = [
    '@',
    'a@',
    '://a:',
    'eyJ',
    '-----BEGIN PRIVATE KEY-----',
    'password=',
    'sk-',
    'ghs_1_a',
    '1 ',
    '+1',
    '1.',
    'AA00',
  ]
  for (const unit of [
    ...units,
    'Cookie: a=',
    'xoxb-',
    'https://',
    '/home/',
    '\u0301',
    '{"a":',
    'ops_ey',
    'postgres://a:',
  ]) {
    const long = unit.repeat(Math.ceil(100_000 / unit.length))
    const input = { ...conversation([{ type: 'unknown', raw: long }, long]), include: ['tools' as const] }
    const outcome = await prepareShare(input, { ...ports, clock: systemClock }).then(() => 'done', codeOf)
    t.match(outcome, /^(done|filter\/failed)$/, unit)
  }
})
