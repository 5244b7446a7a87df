import fc from 'fast-check'
import t from 'tap'
import { type Finding, ruleSetHash } from '../../../src/core/filter/inspection.ts'
import { DENY_RULE, type FilterLists, withLists } from '../../../src/core/filter/lists.ts'
import { prepareShare } from '../../../src/core/filter/preview.ts'
import type { Part } from '../../../src/core/model/conversation.ts'
import { Did } from '../../../src/core/model/id.ts'

const alice = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')
const token = `ghp_${'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'.slice(0, 36)}`
const salt = new Uint8Array(32).fill(7)
const lists = (deny: string[], allow: string[] = []): FilterLists => ({
  deny: deny.map(text => ({ text, severity: 'personal' })),
  allow,
  salt,
})
const nothing = { versions: ['none/1'], scan: () => [] }

/** What a deny list finds in a text. */
const denied = (text: string, ...deny: string[]): string[] =>
  withLists(nothing, lists(deny))
    .scan(text)
    .map(({ start, end }) => text.slice(start, end))

const prepared = (text: string, own: FilterLists, parts: Part[] = []) =>
  prepareShare(
    {
      conversation: {
        title: text.slice(0, 100),
        messages: [
          {
            index: 1,
            role: 'user',
            createdAtMs: null,
            hidden: false,
            branch: 'main',
            parts: [{ type: 'text', text, format: 'plain' }, ...parts],
          },
        ],
      },
      owner: alice,
      include: ['tools'],
      note: text,
    },
    { clock: { nowMs: () => 0 }, assets: { size: async () => null, read: async () => null }, lists: own },
  )
const rules = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ rule }) => rule))]

t.test('a denied word is found in any case, as a word of its own', async t => {
  t.same(denied('Falcon, FALCON; (falcon) falcon_db x-falcon.', 'Falcon'), [
    'Falcon',
    'FALCON',
    'falcon',
    'falcon',
    'falcon',
  ])
  t.same(denied('STRASSE Strasse straße', 'Straße'), ['STRASSE', 'Strasse', 'straße'])
  t.same(denied('falcons afalcon falcon2 éfalcon falconé', 'falcon'), [])
  t.same(denied('Project\n    Falcon and project  falcon', 'project falcon'), [
    'Project\n    Falcon',
    'project  falcon',
  ])
  t.same(denied('ΟΔΟΣ οδος Οδος', 'οδός'), [], 'accents tell words apart')
  t.same(denied('ΟΔΟΣ οδος', 'οδος'), ['ΟΔΟΣ', 'οδος'], 'a sigma at the end of a word is a sigma')
  t.same(denied('İstanbul falcon', 'falcon'), ['falcon'], 'letters that grow in lower case move nothing')
  t.same(denied('ab abc abcd', 'ab', 'abc', 'abcdef'), ['ab', 'abc'], 'words that begin alike')
  t.same(denied('#1234-B, 12345', '#1234-B'), ['#1234-B'])
  t.same(
    denied('プロジェクト隼は秘密、프로젝트매는', '隼', '프로젝트매'),
    ['프로젝트매'],
    'one unit is too short',
  )
  t.same(denied('計画隼号は秘密', '隼号'), ['隼号'], 'scripts without blanks have no borders')
  t.same(
    denied('我们ACME公司 ACME는 xACME', 'acme'),
    ['ACME', 'ACME'],
    'nor has a word that stands between them',
  )
  t.same(denied('x [secret:github-token#1] token', 'github-token', 'token'), ['token'])
  t.same(denied('a𐌰𐌱c 𐌰𐌱c', '𐌰𐌱c'), ['𐌰𐌱c'])
})

t.test('a denied word is found folded, and wherever a copy holds it, under one placeholder', async t => {
  const input = JSON.stringify({ note: 'ask FALCON', falcon: 1 })
  const { plaintext, findings, redaction, messages } = await prepared(
    'about f\u200bal\u2060con and ｆａｌｃｏｎ',
    lists(['Falcon']),
    [{ type: 'toolCall', callId: null, name: 'falcon', input }],
  )
  t.notMatch(Buffer.from(plaintext).toString(), /falcon/i)
  t.same(rules(findings), [DENY_RULE])
  t.same(new Set(findings.map(({ replacement }) => replacement)), new Set(['[personal:deny-list#1]']))
  t.same(
    findings.map(({ messageIndex, where, places }) => [messageIndex, where, places]),
    [
      [0, 'title', 2],
      [0, 'note', 2],
      [1, 'text', 2],
      [1, 'toolCall.name', 1],
      [1, 'toolCall.input', 2],
    ],
  )
  t.same(redaction?.counts, { 'deny-list': 9 })
  t.same(messages[0]?.parts[1], {
    type: 'toolCall',
    callId: null,
    name: '[personal:deny-list#1]',
    input: JSON.stringify({ note: 'ask [personal:deny-list#1]', '[personal:deny-list#1]': 1 }),
  })
})

t.test('the severity of an entry decides whether it blocks', async t => {
  const own: FilterLists = { deny: [{ text: 'falcon', severity: 'secret' }], allow: [], salt }
  t.equal((await prepared('falcon', own)).blocked, true)
  t.equal((await prepared('falcon', lists(['falcon']))).blocked, false)
})

t.test('the allow list silences exactly the value that it names', async t => {
  const text = `${token} and ${token.slice(0, -1)}Z, ann@example.org, bob@example.org`
  const { findings, plaintext } = await prepared(text, lists([], [token, ' ann@example.org ']))
  t.same(rules(findings), ['github-token', 'email'])
  const left = Buffer.from(plaintext).toString()
  t.ok(left.includes(token))
  t.notOk(left.includes(`${token.slice(0, -1)}Z`))
  t.ok(left.includes('ann@example.org'))
  t.notOk(left.includes('bob@example.org'))
  const half = await prepared(text, lists([], [token.slice(4), 'example.org']))
  t.equal(half.findings.filter(({ where }) => where === 'text').length, 4, 'a part of a value allows nothing')
})

t.test('a rule for personal data can be allowed as a whole, one for secrets cannot', async t => {
  const text = `${token} ann@example.org`
  t.same(rules((await prepared(text, lists([], ['rule:email']))).findings), ['github-token'])
  t.same(rules((await prepared(text, lists([], ['rule:github-token']))).findings), ['github-token', 'email'])
})

t.test('what both lists name is denied', async t => {
  t.same(
    rules((await prepared('ann@example.org', lists(['ann@example.org'], ['ann@example.org']))).findings),
    [DENY_RULE],
  )
})

t.test(
  'the lists are in the hash of the rule set, and nobody can guess at them without the salt',
  async t => {
    const plain = ruleSetHash()
    t.equal(ruleSetHash(lists([])), plain, 'empty lists change nothing')
    const hashes = [
      lists(['falcon']),
      lists(['hawk']),
      lists([], ['falcon']),
      lists(['falcon', 'hawk']),
      { ...lists(['falcon']), salt: new Uint8Array(32).fill(8) },
      { ...lists([]), deny: [{ text: 'falcon', severity: 'secret' as const }] },
    ].map(own => ruleSetHash(own))
    t.equal(new Set([plain, ...hashes]).size, 7)
    t.equal(ruleSetHash(lists(['hawk', 'falcon'])), ruleSetHash(lists(['falcon', 'hawk'])), 'in any order')
  },
)

t.test('law: a word between blanks is always found, and what is found is that word', async () => {
  const word = fc
    .stringMatching(/^[a-zà-þ0-9]{2,12}$/)
    .filter(text => text.normalize('NFKC') === text && text.length >= 2)
  await fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), fc.string(), (words, around) => {
      const [entry = ''] = words
      const text = `${around} ${words.join(' ')} ${around}`
      const found = denied(text, entry)
      return found.length > 0 && found.every(one => one.toLowerCase() === entry.toLowerCase())
    }),
  )
})
