import fc from 'fast-check'
import t from 'tap'
import { ANY } from '../../../src/core/filter/view.ts'
import { viewsOf } from '../../../src/core/filter/views.ts'
import { leavesOf } from '../../kit/filter/corpus.ts'
import { makeDice, withCrc } from '../../kit/filter/dice.ts'

const key = withCrc(`gh${'p'}_`, makeDice('views'))
const place = '[secret:github-token#1]'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const views = (text: string) => viewsOf(text, ANY, new Set(), new Set())

t.test('a secret is seen through what it is written in, and taken out with as little as can be', async t => {
  const cases: [string, string, string][] = [
    [
      'JSON in JSON',
      JSON.stringify(JSON.stringify({ a: key })),
      JSON.stringify(JSON.stringify({ a: place })),
    ],
    ['unicode escapes', `"${key.replace('_', '\\u005f')}"`, `"${place}"`],
    [
      'percent',
      `next=${encodeURIComponent(`https://x.test/?a=${key}`)}`,
      `next=https%3A%2F%2Fx.test%2F%3Fa%3D${place}`,
    ],
    [
      'percent, after another script',
      encodeURIComponent(`私は${key}です`),
      `${encodeURIComponent('私は')}${place}${encodeURIComponent('です')}`,
    ],
    ['quoted, after another script', `=E3=81=AF${key}=E3=81=A7`, `=E3=81=AF${place}=E3=81=A7`],
    ['percent, after a line break', `a%0A${key}%0D%0A`, `a%0A${place}%0D%0A`],
    ['percent, twice', `a%253D${key}`, `a%253D${place}`],
    ['entities', `&quot;${key.replace('_', '&#95;')}&quot;`, `&quot;${place}&quot;`],
    ['soft breaks', `${key.slice(0, 20)}=\r\n${key.slice(20)} end`, `${place} end`],
    ['base64', `x ${base64(`TOKEN=${key}\n`)} y`, `x ${place} y`],
    ['base64 in base64', `x ${base64(`a ${base64(`TOKEN=${key}\n`)} b`)} y`, `x ${place} y`],
    [
      'base64url in a URL',
      `https://x.test/d/${Buffer.from(`{"a":"${key}"}`).toString('base64url')}`,
      `https://x.test/d/${place}`,
    ],
    ['UTF-16 in base64', Buffer.from(`$a='${key}'`, 'utf16le').toString('base64'), place],
    ['hexadecimal', Buffer.from(key).toString('hex'), place],
    [
      'a terminal line',
      `$ cat token and something to fill the line ${key.slice(0, 19)}\n    ${key.slice(19)}\n$ ls`,
      `$ cat token and something to fill the line ${place}\n$ ls`,
    ],
    ['a backslash', `export A=${key.slice(0, 10)}\\\n${key.slice(10)}\nls`, `export A=${place}\nls`],
    ['a box', `│ ${key.slice(0, 30)} │\n│ ${key.slice(30)} │`, `│ ${place} │`],
    ['octal digits', [...key].map(c => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`).join(''), place],
    ['colours written out', `\\x1b[31m${key.slice(0, 9)}\\033[0m${key.slice(9)}`, `\\x1b[31m${place}`],
    ['colours in carets', `^[[31m${key.slice(0, 9)}^[[0m${key.slice(9)}`, `^[[31m${place}`],
    ['two strings', `a = "${key.slice(0, 9)}" + '${key.slice(9)}'`, `a = "${place}'`],
    ['colours', `\u001b[31m${key.slice(0, 9)}\u001b[0m${key.slice(9)}`, `\u001b[31m${place}`],
  ]
  for (const [name, text, expected] of cases) t.equal((await leavesOf(text)).left, expected, name)
})

t.test('what is encoded twice is taken out twice, however it is written the second time', async t => {
  const run = base64(`{"token":"${key}","to":"??>>??>>"}`)
  t.match(run, /\//)
  const mail = base64('please write to anna.keller@posteo.de soon')
  const cases: [string, string][] = [
    [`a ${run} b ${run}\nc ${run}`, `a ${place} b ${place}\nc ${place}`],
    [`a ${run} b {"x":"${run.replaceAll('/', '\\/')}"}`, `a ${place} b {"x":"${place}"}`],
    [`a ${mail} b ${mail}`, 'a [personal:email#1] b [personal:email#1]'],
    [base64(`a ${run} b ${run}`), place],
  ]
  for (const [text, expected] of cases) t.equal((await leavesOf(text)).left, expected)
})

t.test('lines that only follow each other are not taken for one', async t => {
  for (const next of [
    'AWS_REGION=eu-west-1',
    'and then it worked',
    'host: db1.acme.test',
    '{ "a": 1 }',
    '',
  ]) {
    const { left } = await leavesOf(`export GITHUB_TOKEN=${key}\n${next}`)
    t.equal(left, `export GITHUB_TOKEN=${place}\n${next}`)
  }
})

t.test('a secret that was found is taken out wherever it stands, also encoded', async t => {
  const word = 'correcthorse9'
  const { left } = await leavesOf(
    `PASSWORD=${word} or ${base64(`say ${word} aloud`)} or ${encodeURIComponent(`?${word}`)} or ${word}`,
  )
  t.notMatch(left, word)
  t.notMatch(left, base64(`say ${word} aloud`))
})

t.test('pictures and other bytes in base64 are left as they are', async t => {
  const bytes = makeDice('picture').bytes(3_000).toString('base64')
  const text = `![](data:image/png;base64,iVBORw0KGgo${bytes})`
  t.equal((await leavesOf(text)).left, text)
})

t.test('law: whatever a view finds leads back into the text', async t => {
  const odd = fc.string({
    unit: fc.constantFrom(
      '\\"',
      '%41',
      '&quot;',
      '=\n',
      '=3D',
      'aB3dE5fG7h',
      '\n',
      ' ',
      '\\',
      'aGVsbG8gd29ybGQhISE',
      '中',
      '\\u0041',
      '│',
    ),
    maxLength: 40,
  })
  fc.assert(
    fc.property(odd, fc.nat(), fc.nat(), (text, a, b) =>
      views(text).every(view => {
        if (view.text.length === 0) return true
        const start = a % view.text.length
        const end = start + 1 + (b % (view.text.length - start))
        const range = view.back(start, end)
        return range === null || (range.start >= 0 && range.start <= range.end && range.end <= text.length)
      }),
    ),
    { numRuns: 2_000 },
  )
  t.pass()
})
