/** Units of conversations: what is cut where, and the laws that hold for whatever anybody writes. */
import fc from 'fast-check'
import t from 'tap'
import {
  type AcuMessage,
  cutConversation,
  cutMessage,
  partsOfUnits,
} from '../../../src/core/conversation/acu.ts'
import { closedFences, cutBlocks, MAX_BLOCKS } from '../../../src/core/conversation/blocks.ts'
import { messageText, type Part, type Role } from '../../../src/core/model/conversation.ts'

const CONVERSATION = 'abcdefgh234567abcdefgh2345'
const md = (text: string): Part => ({ type: 'text', text, format: 'md' })
const says = (index: number | null, role: Role, ...parts: (Part | string)[]): AcuMessage => ({
  id: `m${index}`,
  index,
  role,
  parts: parts.map(part => (typeof part === 'string' ? md(part) : part)),
})
const cut = (text: string) => cutBlocks(text).map(({ kind, start, end }) => [kind, text.slice(start, end)])
const lines = (text: string): string[] => text.split('\n').filter(line => /\S/.test(line))

t.test('a message is cut into paragraphs, code, tables and lists', async t => {
  const text = [
    '# Tea\n\nGreen tea, shortly:\n\nsecond paragraph',
    '1. heat\n2. pour\n\n   - slowly\n\n3. drink',
    '```python title="x"\ndef tea():\n\n    return 80\n```',
    'a table\n| tea | °C |\n|:---|---:|\n| green | 80 |\n| black | 95 |',
    'the end',
  ].join('\n\n')
  t.same(cut(text), [
    ['paragraphs', '# Tea\n\nGreen tea, shortly:\n\nsecond paragraph'],
    ['list', '1. heat\n2. pour\n\n   - slowly\n\n3. drink'],
    ['code', '```python title="x"\ndef tea():\n\n    return 80\n```'],
    ['paragraphs', 'a table'],
    ['table', '| tea | °C |\n|:---|---:|\n| green | 80 |\n| black | 95 |'],
    ['paragraphs', 'the end'],
  ])
  t.equal(cutBlocks(text)[2]?.lang, 'python')
})

t.test('what only looks like a list, a table or a fence is none', async t => {
  for (const text of [
    'it was in\n1986. A good year',
    'a | b\nno rule below',
    'so ``` is not a fence',
    '``` also `not` ```',
    '* * *',
    '-5 °C is cold',
    '> quoted\n> ```\n> code\n>\n> ```\n> more',
  ])
    t.same(cut(text), [['paragraphs', text]], text)
})

t.test('a fence is never cut: in a list, behind an item, longer, of tildes, or left open', async t => {
  for (const [kind, text] of [
    ['list', '- do this:\n\n  ```sh\n  ls\n\n# not a heading\n  ```\n- then that'],
    ['list', '- ```js\n  a()\n\n  b()\n  ```\n- next'],
    ['code', '````md\n```\n\ninner\n```\n````'],
    ['code', '~~~\na\n\n```\n~~~'],
    ['code', '```\nnever closed\n\n- x\n\n| a | b |\n|---|---|'],
  ] as const)
    t.same(cut(text), [[kind, text]])
})

t.test('long paragraphs and lists are cut at lines and items, short ones stand together', async t => {
  const log = Array.from({ length: 300 }, (_, n) => `line ${n} of a log that somebody pasted`).join('\n')
  t.ok(cut(log).length > 1)
  t.ok(cut(log).every(([, text]) => (text?.length ?? 0) <= 4_000))
  const list = Array.from({ length: 300 }, (_, n) => `- item ${n} of a very long list\n  with more`).join(
    '\n',
  )
  t.ok(cut(list).length > 1)
  t.ok(cut(list).every(([kind, text]) => kind === 'list' && text?.startsWith('- item')))
  t.equal(cut('one\n\ntwo\n\nthree').length, 1)
  t.equal(cut(`# one\n\n${'x'.repeat(2_000)}`).length, 1, 'a heading stays with what it heads')
  t.equal(cut('one\n\n# two\n\nthree').length, 2)
})

const line = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '```',
    '````js',
    '~~~',
    '  ```',
    '- a',
    '  - b',
    '1. c',
    '7) d',
    '# h',
    '> q',
    '> ```',
  ),
  fc.constantFrom(
    '| a | b |',
    '|---|:-:|',
    'word',
    '\tindented',
    '---',
    '* * *',
    '\r',
    '\u2028',
    '- ```',
    '\ud800',
  ),
  fc.string({ maxLength: 12 }),
)
const texts = fc.array(line, { maxLength: 60 }).map(all => all.join('\n'))

t.test('law: nothing is lost but blank lines, whatever is written', async t => {
  fc.assert(
    fc.property(texts, text => {
      const blocks = cutBlocks(text)
      const all = blocks.flatMap(({ start, end }) => lines(text.slice(start, end)))
      t.strictSame(all, lines(text))
      let last = 0
      for (const { start, end } of blocks) {
        if (start < last || end <= start) return false
        last = end
      }
      return blocks.every(({ start, end }) => /\S/.test(text.slice(start, end)))
    }),
    { numRuns: 500 },
  )
})

t.test('law: a closed fence is closed, and closing again changes nothing', async () => {
  fc.assert(
    fc.property(texts, text => {
      const closed = closedFences(text)
      return closed.startsWith(text.replace(/\n$/, '')) && closedFences(closed) === closed
    }),
  )
})

t.test('law: units are the same each time, and their ids differ', async t => {
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 6 }), all => {
      const messages = all.map((text, i) => says(i + 1, i % 2 ? 'assistant' : 'user', text))
      const acus = cutConversation(CONVERSATION, messages)
      t.strictSame(cutConversation(CONVERSATION, messages), acus)
      return new Set(acus.map(({ id }) => id)).size === acus.length
    }),
  )
})

t.test('a message that grows keeps the units it had', async t => {
  const short = cutMessage(
    CONVERSATION,
    says(1, 'assistant', '# A\n\none\n\n```js\na()\n```\n\nsame\n\n```js\na()\n```'),
  )
  const long = cutMessage(
    CONVERSATION,
    says(
      4,
      'assistant',
      '# A\n\none\n\n```js\na()\n```\n\nsame\n\n```js\na()\n```\n\n- new\n\nmore',
      ' and a part',
    ),
  )
  t.equal(short.length, 4)
  t.not(short[1]?.id, short[3]?.id, 'the same code twice is two units')
  const other = { ...says(4, 'assistant', ''), id: 'm1' }
  const grown = cutMessage(CONVERSATION, {
    ...other,
    parts: [
      md('# A\n\none\n\n```js\na()\n```\n\nsame\n\n```js\na()\n```\n\n- new\n\nmore'),
      md('and a part'),
    ],
  })
  t.same(
    grown.slice(0, 4).map(({ id }) => id),
    short.map(({ id }) => id),
  )
  t.not(long[0]?.id, short[0]?.id, 'of another message it is another unit')
})

t.test('law: whatever is written behind a blank line changes no unit but the last', async t => {
  fc.assert(
    fc.property(texts, texts, (text, more) => {
      const before = cut(text).slice(0, -1)
      t.strictSame(cut(`${text}\n\n${more}`).slice(0, before.length), before)
    }),
  )
})

t.test('units know their neighbours, and an answer goes with its question', async t => {
  const acus = cutConversation(CONVERSATION, [
    says(1, 'user', 'How hot?'),
    says(null, 'user', 'edited away'),
    says(2, 'assistant', '80 °C.\n\n- or less', {
      type: 'thinking',
      text: 'hm',
      summary: null,
      opaque: false,
    }),
    says(3, 'tool', 'printed'),
    says(4, 'assistant', { type: 'code', text: 'boil()', lang: 'js' }),
    says(5, 'user', 'And black?'),
    says(6, 'assistant', 'x'.repeat(9_000)),
  ])
  t.same(
    acus.map(({ kind, messageIndex }) => [kind, messageIndex]),
    [
      ['paragraphs', 1],
      ['exchange', 1],
      ['paragraphs', 2],
      ['list', 2],
      ['paragraphs', 3],
      ['code', 4],
      ['paragraphs', 5],
      ['paragraphs', 6],
    ],
  )
  const [question, exchange, answer] = acus
  t.equal(exchange?.text, 'How hot?\n\n80 °C.\n\n- or less\n\n```js\nboil()\n```')
  t.equal(question?.next, answer?.id)
  t.equal(answer?.previous, question?.id)
  t.equal(exchange?.previous, null)
  t.ok(acus.every(({ id }) => id.startsWith(CONVERSATION.slice(0, 8))))
})

t.test('what leaves of chosen units is that and nothing else', async t => {
  const messages = [
    says(1, 'user', 'How hot?'),
    says(2, 'assistant', 'first\n\n```js\nboil()\n```\n\nlast', { type: 'code', text: 'x = 1', lang: 'py' }),
    says(3, 'user', 'thanks'),
  ]
  const acus = cutConversation(CONVERSATION, messages)
  const unit = (text: string) => acus.filter(acu => acu.text.includes(text) && acu.kind !== 'exchange')
  t.same(
    [...partsOfUnits([...unit('last'), ...unit('boil')], messages)],
    [[2, [md('```js\nboil()\n```'), md('last')]]],
  )
  t.same([...partsOfUnits(unit('x = 1'), messages)], [[2, [{ type: 'code', text: 'x = 1', lang: 'py' }]]])
  const exchange = acus.filter(({ kind }) => kind === 'exchange')
  const whole = messages.slice(0, 2).map(({ index, parts }) => [index, parts])
  t.same(
    [...partsOfUnits([...unit('boil'), ...exchange], messages)],
    whole,
    'a unit within an exchange leaves once',
  )
})

t.test('the units of a text part are its text, those of a code part its fenced code', async t => {
  const message = says(1, 'user', 'a\n\n\nb', { type: 'code', text: '```\nx', lang: 'md' })
  t.same(
    cutMessage(CONVERSATION, message).flatMap(({ text }) => lines(text)),
    lines(messageText(message.parts)),
  )
})

t.test('hostile texts are cut in one pass into a bounded number of units', async t => {
  for (const text of [
    '```\n```\n'.repeat(50_000),
    '- a\n\n\n'.repeat(50_000),
    '|\n'.repeat(100_000),
    ' '.repeat(300_000),
    `|${' '.repeat(200_000)}|\n|${'-'.repeat(200_000)}|`,
    '> '.repeat(100_000),
    '`'.repeat(200_000),
    '\n'.repeat(300_000),
    '* '.repeat(100_000),
  ])
    t.ok(cutBlocks(text).length <= MAX_BLOCKS)
})
