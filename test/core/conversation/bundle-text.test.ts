/** Bundles as text: order, budget, and Markdown that reads well whatever stands in the pieces. */
import fc from 'fast-check'
import t from 'tap'
import { type Piece, renderBundle } from '../../../src/core/conversation/bundle-text.ts'
import { rememberedIn, rememberedInExport } from '../../../src/core/conversation/remembered.ts'
import { estimateTokens } from '../../../src/core/conversation/tokens.ts'
import type { Part } from '../../../src/core/model/conversation.ts'

const md = (text: string): Part => ({ type: 'text', text, format: 'md' })
const memory = (text: string): Piece => ({ type: 'memory', itemId: `m${text}`, kind: 'preference', text })
const note = (text: string): Piece => ({ type: 'note', itemId: `n${text}`, text })
const unit = (text: string, title: string | null = 'Tea', beside: string | null = null): Piece => ({
  type: 'unit',
  itemId: `u${text}`,
  kind: 'paragraphs',
  lang: null,
  text,
  title,
  role: 'assistant',
  note: beside,
  messages: [{ role: 'assistant', createdAtMs: null, parts: [md(text)] }],
})

t.test('memories come first, units stand under their conversation, an open fence is closed', async t => {
  const pieces = [
    unit('```js\na()', 'Tea'),
    memory('Likes\ntea.'),
    unit('b', 'Tea', 'mind\nthis'),
    note('c'),
    memory('d'),
  ]
  const { text, leftOut } = renderBundle('Brief', pieces, 'markdown', 4_000)
  t.equal(
    text,
    `# Brief

## Memories

- Likes tea. (preference)
- d (preference)

## From “Tea”

**assistant:**

\`\`\`js
a()
\`\`\`

**assistant:**

b

> mind
> this

## Notes

c
`,
  )
  t.same(leftOut, [])
  t.same(JSON.parse(renderBundle('Brief', pieces, 'json', 4_000).text), {
    bundle: 'Brief',
    memories: [
      { kind: 'preference', text: 'Likes\ntea.' },
      { kind: 'preference', text: 'd' },
    ],
    pieces: [
      {
        kind: 'paragraphs',
        lang: null,
        from: 'Tea',
        note: null,
        messages: [{ role: 'assistant', text: '```js\na()' }],
      },
      {
        kind: 'paragraphs',
        lang: null,
        from: 'Tea',
        note: 'mind\nthis',
        messages: [{ role: 'assistant', text: 'b' }],
      },
      { kind: 'note', text: 'c' },
    ],
    leftOut: 0,
  })
})

t.test('what does not fit is left out whole and named; what is smaller still goes in', async t => {
  const pieces = [unit('first'), unit('x'.repeat(3_000)), unit('last')]
  const { text, leftOut, tokens } = renderBundle('Brief', pieces, 'markdown', 200)
  t.match(text, /first/)
  t.match(text, /last/)
  t.match(text, /Left out for want of room: 1\./)
  t.equal(leftOut.length, 1)
  t.equal(leftOut[0]?.text, `${'x'.repeat(80)}…`)
  t.ok((leftOut[0]?.tokens ?? 0) > 1_000 / 2)
  t.equal(tokens, estimateTokens(text))
})

t.test(
  'law: with as many tokens as the whole takes nothing is left out, and no room is wasted for rounding',
  async t => {
    const piece = fc.oneof(
      fc.string({ minLength: 1, maxLength: 60 }).map(memory),
      fc.string({ minLength: 1, maxLength: 60 }).map(note),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 60 }), fc.constantFrom('Tea', 'Garden'))
        .map(([text, of]) => unit(text, of)),
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom('markdown', 'json'),
        (pieces, format) => {
          const whole = renderBundle('Brief', pieces, format, 1_000_000)
          const again = renderBundle('Brief', pieces, format, whole.tokens)
          return again.leftOut.length === 0 && again.text === whole.text
        },
      ),
    )
    const many = Array.from({ length: 200 }, (_, n) => unit(`Sentence ${n} of the same length.`))
    const { tokens } = renderBundle('Brief', many, 'json', 1_000_000)
    const half = renderBundle('Brief', many, 'json', Math.floor(tokens / 2))
    t.ok(half.tokens <= tokens / 2)
    t.ok(half.leftOut.length <= 102, `${half.leftOut.length} of 200 are left out of a half`)
  },
)

t.test('law: a text is never over its budget, and the same each time', async t => {
  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom('```', 'x\n\n# y', '水が'),
  )
  const piece = fc.oneof(
    words.map(memory),
    words.map(note),
    fc
      .tuple(words, fc.option(words), fc.option(words))
      .map(([text, title, beside]) => unit(text, title, beside)),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 20 }),
      fc.integer({ min: 100, max: 1_000 }),
      fc.constantFrom('markdown' as const, 'json' as const),
      (pieces, budget, format) => {
        const first = renderBundle('Brief', pieces, format, budget)
        t.strictSame(renderBundle('Brief', pieces, format, budget), first)
        return first.tokens <= budget
      },
    ),
  )
})

t.test('law: two texts together take no more tokens than both apart', async t => {
  t.equal(estimateTokens(''), 0)
  t.equal(estimateTokens('green tea'), 3)
  t.equal(estimateTokens('緑茶'), 2)
  const text = fc.string({ unit: 'binary' })
  fc.assert(fc.property(text, text, (a, b) => estimateTokens(a + b) <= estimateTokens(a) + estimateTokens(b)))
})

t.test(
  'what an assistant remembered is read from hidden messages of the system, each statement once',
  async t => {
    const said = (text: string, more = {}) => ({
      id: 'c',
      hidden: true,
      role: 'system',
      parts: [md(text)],
      ...more,
    })
    const list =
      '1. [2025-05-01]. Likes tea.\n\n2. [2025-05-02] Has a garden. \r\n3. no date\n4. [2025-05-03]. Likes tea.'
    t.same(
      rememberedIn([
        said(list),
        said('9. [2025-05-01]. Shown', { hidden: false }),
        said('x', { role: 'user' }),
      ]),
      [
        { text: 'Likes tea.', messageId: 'c', kind: 'factual' },
        { text: 'Has a garden.', messageId: 'c', kind: 'factual' },
      ],
    )
    t.same(rememberedIn([said(`1. [2025-05-01]. ${'x'.repeat(5_000)}`)]), [])
  },
)

t.test('what Claude.ai remembered is read from its file, paragraph by paragraph', async t => {
  const account = {
    account_uuid: 'a',
    conversations_memory:
      '**Work**\r\n\r\nGrows oolong.\n\n# Life\n\n- Two cats\n* A garden\n\nGrows oolong.',
    project_memories: { p1: 'Build a shed.', p2: null, p3: ['no'] },
  }
  const texts = (value: unknown) =>
    rememberedInExport(JSON.stringify(value)).map(({ text, kind }) => [text, kind])
  const all = [
    ['Grows oolong.', 'factual'],
    ['Two cats', 'factual'],
    ['A garden', 'factual'],
    ['Build a shed.', 'project'],
  ]
  t.same(texts([account]), all)
  t.same(texts(account), all)
  t.same(
    texts([null, { ...account, project_memories: null }, 5, { conversations_memory: 7 }]),
    all.slice(0, 3),
  )
  t.same(rememberedInExport('\ufeff[{"conversations_memory":"Likes gardens"}]'), [
    { text: 'Likes gardens', messageId: null, kind: 'factual' },
  ])
  for (const odd of ['', '[', '[]', '{}', 'null', '[[[]]]', '"conversations_memory"'])
    t.throws(() => rememberedInExport(odd), { code: 'import/unreadable' }, odd)
})
