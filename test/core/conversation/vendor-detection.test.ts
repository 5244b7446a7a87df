/** Each fixture is what it is and nothing else, whatever it is called. */
import t from 'tap'
import { detectFormat, FORMATS } from '../../../src/core/conversation/formats.ts'
import { jsonElements } from '../../../src/core/conversation/json-elements.ts'
import { LIMITS } from '../../../src/core/conversation/limits.ts'
import { pageCells } from '../../../src/core/conversation/page-cells.ts'
import { cut, fixture, read } from './kit.ts'

const FIXTURES: readonly (readonly [name: string, format: string])[] = [
  ['chatgpt/2025-full/conversations.json', 'chatgpt'],
  ['chatgpt/2026-sharded/conversations-000.json', 'chatgpt'],
  ['claude-ai/conversations.json', 'claude-ai'],
  ['gemini-takeout/MyActivity.json', 'gemini-takeout'],
  ['gemini-takeout/MyActivity.html', 'gemini-takeout'],
  ['ai-studio/Moon facts', 'ai-studio'],
  ['grok/prod-grok-backend.json', 'grok'],
  ['grok/flat.json', 'grok'],
  ['deepseek/conversations.json', 'deepseek'],
  ['deepseek/api.json', 'deepseek'],
  ['le-chat/chat-c0000000-0000-4000-8000-000000000001.json', 'le-chat'],
  ['perplexity/conversations-20260401_101010-abcdef12.json', 'perplexity'],
  ['perplexity/perplexity_quasar.json', 'perplexity'],
  ['perplexity/perplexity_thread.json', 'perplexity'],
]

for (const [name, format] of FIXTURES)
  t.test(`${name} is ${format}`, async t => {
    const bytes = cut(fixture(name))
    const values: unknown[] = []
    const records = name.endsWith('.html') ? pageCells(bytes, LIMITS) : jsonElements(bytes, LIMITS)
    for await (const record of records) if (record.kind === 'value') values.push(record.value)
    t.equal(detectFormat(values)?.name, format)
    for (const each of FORMATS) if (each.name !== format) t.equal(each.detect(values), 0, each.name)
    t.same(
      (await read(fixture(name))).files.map(file => file.format),
      [format],
    )
  })

t.test('keys that several formats have are no evidence alone', async t => {
  for (const value of [
    { mapping: {} },
    { responses: [] },
    { conversations: [{ from: 'human', value: 'Hi' }] },
    { entries: [{ name: 'x' }] },
    { query: 'x', answer: 'y' },
    { title: 'x', time: 'y' },
    { chatId: 'x', role: 'user' },
    { role: 'user', content: 'Hi', createdAt: 1 },
    { chat_messages: [] },
    { data: { biz_data: {} } },
    { runSettings: 1 },
    { chunkedPrompt: 'x' },
    { outerCell: 1 },
    null,
    'text',
  ])
    for (const format of FORMATS)
      t.equal(format.detect([value]), 0, `${format.name} ${JSON.stringify(value)}`)
})
