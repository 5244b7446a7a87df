import t from 'tap'
import { type Extra, type ScopeMessage, selectMessages } from '../../../src/core/filter/scope.ts'
import { messageText, type Part } from '../../../src/core/model/conversation.ts'

const text = (value: string): Part => ({ type: 'text', text: value, format: 'md' })
const thinking: Part = { type: 'thinking', text: 'hm', summary: null, opaque: false }
const call: Part = { type: 'toolCall', callId: '1', name: 'run', input: '{}' }
const result: Part = { type: 'toolResult', callId: '1', output: 'ran', isError: false }
const unknown: Part = { type: 'unknown', raw: '{}' }
const image: Part = {
  type: 'image',
  asset: 'ab'.repeat(32),
  mime: null,
  width: null,
  height: null,
  alt: null,
  missing: false,
}
const said = (index: number | null, parts: Part[], over: Partial<ScopeMessage> = {}): ScopeMessage => ({
  index,
  role: 'user',
  createdAtMs: null,
  hidden: false,
  branch: 'main',
  parts,
  ...over,
})
const hidden = (value: string) => said(null, [text(value)], { hidden: true, role: 'system' })
const talk: ScopeMessage[] = [
  hidden('h0'),
  said(1, [text('one')]),
  said(2, [thinking, text('two'), call]),
  said(null, [text('another way')], { branch: 'm9' }),
  said(3, [result, text('printed')], { role: 'tool' }),
  hidden('h3'),
  said(4, [text('four'), image, unknown]),
  said(null, [text('hidden elsewhere')], { hidden: true, branch: 'm9' }),
  said(5, [text('five')]),
]
const taken = (include: Extra[] = [], ranges?: string) => {
  const { messages, withheld } = selectMessages(talk, { ranges, include })
  return {
    texts: messages.map(({ parts }) => messageText(parts)),
    indexes: messages.map(m => m.index),
    withheld,
  }
}

t.test(
  'only what people said to each other leaves by itself, numbered anew, and what stays is counted',
  async t => {
    const { texts, indexes, withheld } = taken()
    t.same(texts, ['one', 'two', 'four', 'five'])
    t.same(indexes, [1, 2, 3, 4])
    t.same(withheld, { hidden: 2, tools: 4, thinking: 1, attachments: 1 })
  },
)

t.test('each extra lets out its own kind only', async t => {
  t.same(taken(['tools']).withheld, { hidden: 2, tools: 0, thinking: 1, attachments: 1 })
  t.same(taken(['thinking']).withheld, { hidden: 2, tools: 4, thinking: 0, attachments: 1 })
  t.same(taken(['attachments']).withheld, { hidden: 2, tools: 4, thinking: 1, attachments: 0 })
  t.same(taken(['hidden']).texts, ['h0', 'one', 'two', 'h3', 'four', 'five'])
  t.same(taken(['hidden', 'tools', 'thinking', 'attachments']).withheld, {
    hidden: 0,
    tools: 0,
    thinking: 0,
    attachments: 0,
  })
})

t.test('an image that a tool made needs both', async t => {
  const made = [said(1, [text('look')]), said(2, [image], { role: 'tool' })]
  for (const include of [[], ['tools'], ['attachments']] as Extra[][])
    t.equal(selectMessages(made, { include }).messages.length, 1)
  t.equal(selectMessages(made, { include: ['tools', 'attachments'] }).messages.length, 2)
})

t.test('ranges are the numbers that people see; hidden messages go with their neighbours', async t => {
  t.same(taken([], '1,4-5').texts, ['one', 'four', 'five'])
  t.same(taken(['hidden'], '4-5').texts, ['four', 'five'])
  t.same(taken(['hidden', 'tools'], '3-4').texts, ['printed', 'h3', 'four'])
  t.same(taken(['hidden'], '1').texts, ['h0', 'one'])
  t.same(taken([], '5,1-2,2').texts, ['one', 'two', 'five'])
})

t.test('a range that names no message says which there are', async t => {
  for (const ranges of ['6', '0', '4-9', '3-2', '0-1', '99999999999'])
    t.throws(() => taken([], ranges), { code: 'usage/invalid', message: /1 to 5/ }, ranges)
})

t.test('a selection of which nothing may leave is an error that says what stayed', async t => {
  t.throws(() => taken([], '3'), { code: 'share/nothing-selected', details: { tools: 2 } })
  t.throws(() => selectMessages([], { include: [] }), { code: 'share/nothing-selected' })
})

t.test('the copy is its own: changing it changes no stored message', async t => {
  const { messages } = selectMessages(talk, { include: [] })
  const [part] = messages[0]?.parts ?? []
  if (part?.type === 'text') part.text = 'changed'
  t.equal(messageText(talk[1]?.parts ?? []), 'one')
})

t.test('of chosen units only they leave, beside whole messages of the ranges', async t => {
  const units = new Map([
    [2, [text('only this')]],
    [3, [text('printed')]],
  ])
  const { messages, withheld } = selectMessages(talk, { ranges: '5', units, include: ['hidden'] })
  t.same(
    messages.map(({ index, parts }) => [index, messageText(parts)]),
    [
      [1, 'only this'],
      [2, 'five'],
    ],
    'neither hidden messages nor what a tool says come along',
  )
  t.equal(withheld.tools, 1)
  t.same(
    selectMessages(talk, { units, include: ['tools'] }).messages.map(({ parts }) => messageText(parts)),
    ['only this', 'printed'],
  )
  t.throws(() => selectMessages(talk, { units: new Map(), include: [] }), { code: 'share/nothing-selected' })
})
