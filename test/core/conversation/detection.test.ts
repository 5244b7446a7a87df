/** Every fixture is what it is and nothing else, whole and record by record: formats share keys, but not their evidence. */
import { zstdDecompressSync } from 'node:zlib'
import t from 'tap'
import { detectFormat, FORMATS } from '../../../src/core/conversation/formats.ts'
import { jsonElements } from '../../../src/core/conversation/json-elements.ts'
import { jsonLines } from '../../../src/core/conversation/jsonl-lines.ts'
import { LIMITS } from '../../../src/core/conversation/limits.ts'
import { sniff } from '../../../src/core/conversation/sniff.ts'
import { cut, fixture } from './kit.ts'

const FIXTURES: readonly (readonly [path: string, format: string])[] = [
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
]

async function recordsOf(path: string): Promise<unknown[]> {
  const packed = fixture(path)
  const bytes = path.endsWith('.zst') ? zstdDecompressSync(packed) : packed
  const split = sniff(bytes, true).kind === 'lines' ? jsonLines : jsonElements
  const values: unknown[] = []
  for await (const record of split(cut(bytes), LIMITS)) if (record.kind === 'value') values.push(record.value)
  return values
}

for (const [path, format] of FIXTURES) {
  t.test(`${path} is ${format} and nothing else`, async t => {
    const values = await recordsOf(path)
    t.ok(values.length > 0)
    t.equal(detectFormat(values)?.name, format)
    for (const other of FORMATS) {
      if (other.name === format) continue
      t.equal(other.detect(values), 0, `${other.name} finds no evidence`)
      for (const value of values) t.equal(other.detect([value]), 0, `${other.name} finds none in a record`)
    }
  })
}

t.test('what only resembles a format is none', async t => {
  for (const value of [
    { sessionId: 's' },
    { type: 'user' },
    { messages: [] },
    { mapping: {} },
    { chat: {} },
    { payload: {} },
    { requests: [] },
    { kind: 'message', v: 1 },
    { history: [] },
    { data: {}, type: 'event' },
  ])
    t.equal(detectFormat([value]), null, JSON.stringify(value))
})
