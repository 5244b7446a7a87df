/** Every fixture is taken for what it is, by every format that could mistake it. */
import t from 'tap'
import { FORMATS } from '../../../src/core/conversation/formats.ts'
import { jsonElements, wrappersOf } from '../../../src/core/conversation/json-elements.ts'
import { jsonLines } from '../../../src/core/conversation/jsonl-lines.ts'
import { LIMITS } from '../../../src/core/conversation/limits.ts'
import { textRecord } from '../../../src/core/conversation/text-document.ts'
import { cut, fixture, read } from './kit.ts'

const FIXTURES: readonly (readonly [file: string, format: string])[] = [
  ['chatgpt/2025-full/conversations.json', 'chatgpt'],
  ['chatgpt/2026-sharded/conversations-000.json', 'chatgpt'],
  ['claude-ai/conversations.json', 'claude-ai'],
  ['claude-code/11111111-2222-4333-8444-555555555555.jsonl', 'claude-code'],
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

for (const [file, name] of FIXTURES) {
  t.test(`${file} is of ${name} and of nothing else`, async t => {
    t.equal((await read(fixture(file))).files[0]?.format, name)
    const values: unknown[] = []
    const bytes = fixture(file)
    const isLines = file.endsWith('.jsonl')
    const json = isLines
      ? jsonLines(cut(bytes), LIMITS)
      : jsonElements(cut(bytes), LIMITS, wrappersOf(bytes, LIMITS))
    const records = file.endsWith('.md') ? textRecord(cut(bytes), LIMITS) : json
    for await (const record of records) if (record.kind === 'value') values.push(record.value)
    for (const format of FORMATS) {
      const score = format.detect(values)
      if (format.name === name) t.ok(score > 0.3, `${format.name} ${score}`)
      else t.equal(score, 0, format.name)
    }
  })
}
