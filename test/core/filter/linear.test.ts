import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Meter, makeEngine } from '../../../src/core/filter/engine.ts'
import { NUMBER } from '../../../src/core/filter/rule.ts'
import { ownDetectors } from '../../../src/core/filter/rules/all.ts'
import { scanLeaves } from '../../../src/core/filter/scan.ts'
import { secretlintDetectors } from '../../../src/core/filter/secretlint.ts'
import { regexesIn, trouble } from '../../kit/filter/regexes.ts'

const detectors = [...ownDetectors, ...secretlintDetectors]
const budget = { clock: { nowMs: () => 0 }, baseMs: 1, perMillionMs: 1 }

/** Characters that any engine was handed, views and windows included, and places at which rules were asked. A text with too many
 *  findings is refused: what was done until then counts. */
async function stepsOf(text: string): Promise<number> {
  const meter: Meter = { characters: 0, places: 0 }
  const leaf = { messageIndex: 1, where: 'text', before: '', text, put: () => {} }
  await scanLeaves([leaf], makeEngine(detectors, meter), budget).catch(() => {})
  return meter.characters + meter.places
}

const LENGTH = 1_200
/** A text may be looked at as it is and through each of its views; of views of views there are few. */
const MOST_STEPS = 16

const fill = (unit: string, length: number): string =>
  unit.repeat(Math.ceil(length / unit.length)).slice(0, length)

const NESTED = [
  ...[
    '\\"',
    '\\\\',
    '\\\\\\"',
    '%25',
    '%2525',
    '&amp;',
    '&amp;amp;',
    '=\n',
    '=3D',
    'a1\n',
    'aB3dE5fG7hJ9kL1mN3\n',
    '\\u005c"',
  ],
  ...[
    'a',
    '0',
    ' ',
    '\n',
    '@',
    '.',
    ':',
    '-',
    '/',
    '=',
    '"',
    '\u0301',
    '\u200b',
    '中',
    'ﬁ',
    '1 ',
    '1.',
    'A1 ',
    'YWFh',
    'YWFh\n',
  ],
  ...[
    '{"a":',
    '[[[',
    'password=',
    '{"password":"',
    'https://a:b',
    '://a:',
    'eyJhbGci.',
    '1.1.1.1 ',
    'aa:bb:',
    '2001:db8:',
  ],
]

t.test('twice as much of anything takes twice as many steps at most', async t => {
  const literals = detectors.flatMap(({ needs }) => needs).filter(literal => literal !== NUMBER)
  const units = new Set([...NESTED, ...literals, ...literals.map(literal => `${literal}aB3 `)])
  const tooMany: string[] = []
  for (const unit of units) {
    const once = await stepsOf(fill(unit, LENGTH))
    const twice = await stepsOf(fill(unit, 2 * LENGTH))
    if (twice > 2.1 * once + 200 || twice > MOST_STEPS * 2 * LENGTH)
      tooMany.push(`${JSON.stringify(unit)}: ${once}, then ${twice}`)
  }
  t.same(tooMany, [])
})

t.test('a line of five million characters is looked at once for each way to read it', async t => {
  t.ok((await stepsOf(fill('a', 5_000_000))) < MOST_STEPS * 5_000_000)
  for (const unit of ['\\"', 'password=a1 ', 'aB3+']) {
    const once = await stepsOf(fill(unit, 300_000))
    const twice = await stepsOf(fill(unit, 600_000))
    t.ok(twice < 2.1 * once, `${unit}: ${once}, then ${twice}`)
  }
})

t.test('what is nested deeper than anybody writes it takes no more steps for it', async t => {
  let text = 'say hello to everybody who reads this, and to all others as well'
  for (let depth = 0; depth < 12; depth++) text = Buffer.from(text).toString('base64')
  t.ok((await stepsOf(text)) < MOST_STEPS * text.length)
  let json = 'x'
  for (let depth = 0; depth < 12; depth++) json = JSON.stringify(json)
  t.ok((await stepsOf(json)) < MOST_STEPS * json.length)
})

t.test('no regular expression of ours can take more than linear time', async t => {
  const root = join(import.meta.dirname, '../../../../src/core/filter')
  const folder = import.meta.dirname.includes('/build/')
    ? root
    : join(import.meta.dirname, '../../../src/core/filter')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    file.endsWith('.ts'),
  )
  t.ok(files.length > 20, folder)
  const found: string[] = []
  let count = 0
  for (const file of files)
    for (const source of regexesIn(readFileSync(join(folder, file), 'utf8'))) {
      count++
      const what = trouble(source)
      if (what) found.push(`${file}: ${what} in /${source}/`)
    }
  t.ok(count > 200, `${count} regular expressions`)
  t.same(found, [])
})

t.test('the check of regular expressions knows what is wrong', async t => {
  for (const bad of [
    '(?:a+)+',
    '(?:a{1,9})*b',
    'a+a+',
    '\\s*\\w*\\s+',
    '(?:[a-z]+|b)*',
    '[a-z]+[0-9]*[a-z]+',
    '.*.*x',
  ])
    t.ok(trouble(bad), bad)
  for (const good of [
    'a+b+',
    '(?:a{1,9}){1,9}',
    '[a-z]+\\d+',
    '^\\s*$',
    'a{1,4000}',
    '(?:ab?){2,3}',
    '[^"]+"',
  ])
    t.equal(trouble(good), null, good)
})
