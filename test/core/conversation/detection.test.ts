/** Each fixture is what it is and nothing else, whatever it is called. */
import { zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { detectFormat, FORMATS } from '../../../src/core/conversation/formats.ts'
import { jsonElements, wrappersOf } from '../../../src/core/conversation/json-elements.ts'
import { jsonLines } from '../../../src/core/conversation/jsonl-lines.ts'
import { LIMITS } from '../../../src/core/conversation/limits.ts'
import { pageCells } from '../../../src/core/conversation/page-cells.ts'
import { sniff } from '../../../src/core/conversation/sniff.ts'
import { textRecord } from '../../../src/core/conversation/text-document.ts'
import { cut, fixture, read } from './kit.ts'

const FIXTURES: readonly (readonly [name: string, format: string])[] = [
  ['chatgpt/2025-full/conversations.json', 'chatgpt'],
  ['chatgpt/2026-sharded/conversations-000.json', 'chatgpt'],
  ['claude-ai/conversations.json', 'claude-ai'],
  ['claude-code/11111111-2222-4333-8444-555555555555.jsonl', 'claude-code'],
  ['codex/rollout.jsonl', 'codex'],
  ['codex/rollout.jsonl.zst', 'codex'],
  ['codex/events.jsonl', 'codex'],
  ['codex/2025.jsonl', 'codex'],
  ['codex/oldest.jsonl', 'codex'],
  ['gemini-cli/session.jsonl', 'gemini-cli'],
  ['gemini-cli/session.json', 'gemini-cli'],
  ['gemini-cli/checkpoint.json', 'gemini-cli'],
  ['copilot-chat/session.jsonl', 'copilot-chat'],
  ['copilot-chat/session.json', 'copilot-chat'],
  ['copilot-chat/export.json', 'copilot-chat'],
  ['copilot-cli/events.jsonl', 'copilot-cli'],
  ['open-webui/chats.json', 'open-webui'],
  ['cursor/transcript.jsonl', 'cursor'],
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
  ['librechat/tea-flat.json', 'librechat'],
  ['librechat/tea-recursive.json', 'librechat'],
  ['lm-studio/1777000000000.conversation.json', 'lm-studio'],
  ['openai-messages/finetune.jsonl', 'openai-messages'],
  ['sharegpt/sharegpt.json', 'sharegpt'],
  ['sharegpt/sharegpt.jsonl', 'sharegpt'],
  ['vivim/tea.json', 'vivim'],
  ['jan/messages.jsonl', 'jan'],
  ['chatbot-ui/chatbot_ui_history.json', 'chatbot-ui'],
  ['markdown/aider.chat.history.md', 'markdown'],
  ['markdown/bold-labels.md', 'markdown'],
  ['markdown/chatgpt-exporter.md', 'markdown'],
  ['markdown/specstory.md', 'markdown'],
]

const recordsOf = (name: string) => {
  const packed = fixture(name)
  const whole = name.endsWith('.zst') ? zstdDecompressSync(packed) : packed
  const bytes = cut(whole)
  if (name.endsWith('.html')) return pageCells(bytes, LIMITS)
  if (name.endsWith('.md')) return textRecord(bytes, LIMITS)
  if (sniff(whole, true).kind === 'lines') return jsonLines(bytes, LIMITS)
  return jsonElements(bytes, LIMITS, wrappersOf(whole, LIMITS))
}

for (const [name, format] of FIXTURES)
  t.test(`${name} is ${format} and nothing else`, async t => {
    const values: unknown[] = []
    for await (const record of recordsOf(name)) if (record.kind === 'value') values.push(record.value)
    t.equal(detectFormat(values)?.name, format)
    t.ok(values.length > 0)
    for (const each of FORMATS) {
      if (each.name === format) continue
      t.equal(each.detect(values), 0, `${each.name} finds no evidence`)
      for (const value of values) t.equal(each.detect([value]), 0, `${each.name} finds none in a record`)
    }
    t.same(
      (await read(fixture(name))).files.map(file => file.format),
      [format],
    )
  })

t.test('keys that several formats have are no evidence alone', async t => {
  for (const value of [
    { sessionId: 's' },
    { type: 'user' },
    { messages: [] },
    { chat: {} },
    { payload: {} },
    { requests: [] },
    { kind: 'message', v: 1 },
    { history: [] },
    { data: {}, type: 'event' },
    { mapping: {} },
    { responses: [] },
    { entries: [{ name: 'x' }] },
    { query: 'x', answer: 'y' },
    { title: 'x', time: 'y' },
    { chatId: 'x', role: 'user' },
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
