import { readFileSync } from 'node:fs'
import { lintSource } from '@secretlint/core'
import { rules as presetRules } from '@secretlint/secretlint-rule-preset-recommend'
import fc from 'fast-check'
import t from 'tap'
import { makeEngine } from '../../../src/core/filter/engine.ts'
import { ownDetectors } from '../../../src/core/filter/rules/all.ts'
import { secretlintDetectors } from '../../../src/core/filter/secretlint.ts'

const engine = makeEngine(ownDetectors)
const secretlint = makeEngine(secretlintDetectors)
const found = (text: string): string[] =>
  engine.scan(text).map(({ rule, start, end }) => `${rule} ${text.slice(start, end)}`)

/** Made up from an alphabet, so that no scanner of repositories takes this file for a leak. */
const filler = (length: number, alphabet = 'aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY'): string =>
  Array.from({ length }, (_, at) => alphabet[(at * 7 + (at >> 3)) % alphabet.length]).join('')
const hex = (length: number): string => filler(length, '0a1b2c3d4e5f6789')
const base64 = (text: string): string => Buffer.from(text).toString('base64url')
const pem = (kind: string, length: number, newline = '\n'): string =>
  [`-----BEGIN ${kind}-----`, ...(filler(length).match(/.{1,64}/g) ?? []), `-----END ${kind}-----`].join(
    newline,
  )

const secrets: Record<string, string[]> = {
  'github-token': [`gh${'p'}_${filler(36)}`, `github_pat_${filler(22)}_${filler(59)}`],
  'gitlab-token': [`glpat-${filler(20)}`],
  'stripe-key': [`sk_${'live'}_${filler(24)}`, `rk_test_${filler(30)}`, `whsec_${filler(32)}`],
  'google-key': [`AI${'za'}${filler(35)}`, `GOCSPX-${filler(28)}`],
  'huggingface-token': [`hf_${filler(34)}`],
  'groq-key': [`gsk_${filler(52)}`],
  'xai-key': [`xai-${filler(80)}`],
  'anthropic-key': [`sk-ant-api03-${filler(93)}AA`],
  'deepseek-key': [`sk-${hex(32)}`],
  'openai-key': [`sk-proj-${filler(74)}T3BlbkFJ${filler(74)}`, `sk-${filler(48)}`],
  'slack-token': [`xoxb-${filler(12, '1234567890')}-${filler(24)}`],
  'npm-token': [`npm_${filler(36)}`],
  'telegram-token': [`${filler(10, '1234567890')}:AA${filler(33)}`],
  jwt: [`${base64('{"alg":"HS256","typ":"JWT"}')}.${base64('{"sub":"12345"}')}.${filler(43)}`],
  'private-key': [
    pem('OPENSSH PRIVATE KEY', 360),
    pem('PRIVATE KEY', 64),
    pem('RSA PRIVATE KEY', 1600),
    pem('EC PRIVATE KEY', 160, '\\n'),
    pem('PGP PRIVATE KEY BLOCK', 900),
  ],
}

for (const [rule, values] of Object.entries(secrets))
  t.test(`${rule} is found in prose, code, quotes and between letters of other scripts`, async t => {
    for (const value of values)
      for (const text of [value, `use ${value} for it`, `x = "${value}";`, `密钥${value}。`, `(${value})`])
        t.ok(found(text).includes(`${rule} ${value}`), text.slice(0, 60))
  })

t.test('a private key that was cut off is found as far as it goes', async t => {
  const cut = pem('RSA PRIVATE KEY', 640).slice(0, 500)
  t.same(found(`${cut}`), [`private-key ${cut}`])
})

t.test('a value is secret when its name says so', async t => {
  const cases: [string, string][] = [
    ['DB_PASSWORD=hunter2hunter', 'hunter2hunter'],
    ['export STRIPE_CLIENT_SECRET=abcdefgh', 'abcdefgh'],
    ['password: "hunter2"', 'hunter2'],
    ['{"apiKey": "k9-x8-w7"}', 'k9-x8-w7'],
    ['{\\"api_key\\":\\"k9x8w7v6\\"}', 'k9x8w7v6'],
    ["token => 'a1b2c3d4'", 'a1b2c3d4'],
    ['mysql --password s3cr3t-one -u root', 's3cr3t-one'],
    ['my password is Tr0ub4dor&3.', 'Tr0ub4dor&3'],
    ['secret_key_base: 8d7f9a0b1c2d3e4f', '8d7f9a0b1c2d3e4f'],
  ]
  for (const [text, value] of cases) t.same(found(text), [`assigned-secret ${value}`], text)
})

t.test('headers, cookies and URLs that carry a secret give up that part only', async t => {
  const bearer = filler(40)
  t.same(found(`curl -H "Authorization: Bearer ${bearer}"`), [`bearer-token ${bearer}`])
  t.same(found('Cookie: session=abcdef123456; theme=dark'), ['cookie session=abcdef123456; theme=dark'])
  t.same(found('redis://:p4ssw0rdX@cache.example.org/0'), ['url-credentials :p4ssw0rdX'])
  t.same(found('git clone https://bob:s3cr3tpw@git.example.org/x.git'), ['url-credentials bob:s3cr3tpw'])
})

t.test('personal data is found by its form', async t => {
  const cases: [string, string][] = [
    ['write to ann.lee+tea@mail.example.org, please', 'email ann.lee+tea@mail.example.org'],
    ['邮箱li@example.cn。', 'email 邮箱li@example.cn'],
    ['IBAN DE89 3704 0044 0532 0130 00.', 'iban DE89 3704 0044 0532 0130 00'],
    ['GB82WEST12345698765432', 'iban GB82WEST12345698765432'],
    ['card 4111 1111 1111 1111, 12/30', 'card 4111 1111 1111 1111'],
    ['378282246310005', 'card 378282246310005'],
    ['call +49 (30) 901820-17 now', 'phone +49 (30) 901820-17'],
    ['+14155552671', 'phone +14155552671'],
    ['in /home/annlee/src/tea', 'home-path annlee'],
    ['C:\\Users\\Ann\\tea', 'home-path Ann'],
    ['"C:\\\\Users\\\\Ann\\\\tea"', 'home-path Ann'],
    ['from 93.184.216.34:443', 'ipv4 93.184.216.34'],
  ]
  for (const [text, expected] of cases) t.same(found(text), [expected], text)
})

t.test('what only looks like it is left alone', async t => {
  for (const text of [
    'export GITHUB_TOKEN=<your token>',
    'password = getPassword()',
    'const token = await fetchToken(user)',
    'token: string; password?: string',
    'API_KEY=$API_KEY',
    'api_key = os.environ["OPENAI_API_KEY"]',
    'password: must have at least eight characters',
    "fetch(url, { credentials: 'include' })",
    'readonly secret: Uint8Array',
    'token = https://example.org/a/b?c=d1',
    'max_tokens: 4096, next_page_token: abc123def456',
    'the sk-learn library and a task-1234567890abcdef',
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    '-----BEGIN PRIVATE KEY----- is how such a file begins',
    'PWD=/srv/data/build1',
    'git@github.com:someone/repo.git and @scope/package@1.2.3',
    '550e8400-e29b-41d4-a716-446655440000',
    'commit 4f2a9c8b7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a',
    '1700000000000 and 1234567890123456',
    'version 10.4.2.1 listens on 127.0.0.1, 192.168.1.20 and 203.0.113.9',
    '/home/user/project, /Users/runner/work, /home/$USER',
    'https://user:password@example.org and http://localhost:8080/a@b',
    'DE00 1234 5678 9012 3456 78',
    'diff: +1 234 -5',
    'x = y + 15551234567890123456',
  ])
    t.same(found(text), [], text)
})

/** What a rule finds in a placeholder or next to one would be redacted again and again. */
t.test('every rule stands in docs/filter.md', async t => {
  const said = readFileSync('docs/filter.md', 'utf8')
  const ids = ownDetectors.flatMap(({ versions }) => versions.map(version => version.split('/')[0] ?? ''))
  t.ok(new Set(ids).size > 200)
  t.same(
    ids.filter(id => !said.includes(`\`${id}\``)),
    [],
  )
})

t.test('placeholders are left alone', async t => {
  for (const text of [
    'password=[secret:assigned-secret#1]',
    '"token": "[secret:github-token#12]"',
    'https://[secret:url-credentials#1]@example.org/home/[personal:home-path#1]/x',
    'Authorization: Bearer [secret:bearer-token#3] Cookie: [secret:cookie#1]',
    '[personal:email#1] [personal:card#2] [personal:iban#3] [personal:ipv4#4] [personal:phone#5]',
  ])
    t.same([...found(text), ...secretlint.scan(text)], [], text)
})

const pieces = [
  ...Object.values(secrets).flat(),
  ...['a@b.org ', '+4915112345678 ', '/home/ann/', '8.8.4.5 ', '\n', 'Cookie: a=b12345678; ', 'user'],
  ...['Authorization: Bearer abc123def456ghi789 ', 'https://ann:pw1x@example.org ', 'PASSWORD=', 'hunter22 '],
  ...[
    `AK${'IA'}QXRZ7TK2MVNB4CWD `,
    `aws_secret_access_key = ${filler(40)} `,
    `SG.${filler(22)}.${filler(43)} `,
  ],
  ...[
    `shpat_${hex(32)} `,
    `dapi${hex(32)} `,
    `_authToken=${filler(36)}\n`,
    'postgres://ann:pw12xy@db.example.org/x ',
  ],
  ...[`https://hooks.slack.com/services/T${filler(8)}/B${filler(8)}/${filler(24)} `, `hvs.${filler(95)} `],
  ...[
    `glsa_${filler(32)}_${hex(8)} `,
    `dckr_pat_${filler(27)} `,
    `figd_${filler(44)} `,
    `lin_api_${filler(40)} `,
  ],
  ...[`ntn_${filler(11, '1234567890')}${filler(35)} `, `vcp_${filler(24)} `, `cfut_${filler(40)}${hex(8)} `],
  ...[`tskey-auth-${filler(16)}-${filler(32)} `],
]
const mixture = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 6 })
  .map(all => all.join(''))

t.test(
  'law: a rule of secretlint finds nothing where none of the literals stands that it is said to need',
  async t => {
    fc.assert(
      fc.property(mixture, text =>
        secretlintDetectors.every(
          ({ needs, scan }) =>
            needs.length === 0 ||
            needs.some(literal => text.includes(literal)) ||
            scan(text, []).length === 0,
        ),
      ),
      { numRuns: 300 },
    )
    const detectors = [...ownDetectors, ...secretlintDetectors]
    t.same(
      makeEngine(detectors).scan(pieces.join('\n')).sort(byPlace),
      detectors.flatMap(detector => makeEngine([detector]).scan(pieces.join('\n'))).sort(byPlace),
    )
  },
)

const byPlace = (a: { start: number; rule: string }, b: { start: number; rule: string }) =>
  a.start - b.start || a.rule.localeCompare(b.rule)

t.test('secretlint itself, given its rules one by one, finds the same', async t => {
  const rules = presetRules.filter(({ meta }) => !/filter-comments|gcp/.test(meta.id))
  const config = {
    rules: rules.map(rule => ({ id: rule.meta.id, rule, options: { enableIDScanRule: true } })),
  }
  const places = (found: { start: number; end: number }[]) =>
    [...new Set(found.map(f => `${f.start}-${f.end}`))].sort()
  await fc.assert(
    fc.asyncProperty(mixture, async text => {
      const { messages } = await lintSource({
        source: { content: text, filePath: 'a.txt', ext: '.txt', contentType: 'text' },
        options: { config, noPhysicFilePath: true },
      })
      const theirs = messages.map(({ range: [start, end] }) => ({ start, end }))
      t.same(places(secretlint.scan(text)), places(theirs))
    }),
    { numRuns: 30 },
  )
  t.ok(secretlint.scan(pieces.join('\n')).length > 20)
})

t.test('every match lies within the text and is not empty', async t => {
  const odd = fc.string({ unit: fc.constantFrom(...'@:/=.-+ \\"\nsk_AZaz09é中😀'), maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(fc.oneof(odd, fc.string({ unit: 'binary' })), async text => {
      for (const { start, end } of [...engine.scan(text), ...secretlint.scan(text)])
        if (!(start >= 0 && start < end && end <= text.length)) return false
      return true
    }),
    { numRuns: 300 },
  )
  t.pass()
})
