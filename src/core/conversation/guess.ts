/** What records that no format takes look like, for a message that helps. */
import { isObject, type JsonObject, objectOf } from './json-values.ts'

type Test = readonly [guess: string, test: (value: JsonObject) => boolean]

const has = (value: JsonObject, ...keys: readonly string[]): boolean => keys.every(key => key in value)

const TESTS: readonly Test[] = [
  ['a Qwen Code session', v => Array.isArray(objectOf(v.message).parts)],
  ['the prompt log of Gemini CLI', v => has(v, 'sessionId', 'messageId', 'message')],
  ['the prompt history of Codex CLI', v => has(v, 'session_id', 'ts', 'text')],
  ['what `codex exec --json` prints', v => v.type === 'thread.started' || v.type === 'item.completed'],
  ['the prompt history of Claude Code', v => has(v, 'display', 'pastedContents')],
  ['the user list of a Claude.ai export', v => has(v, 'full_name', 'email_address')],
  ['the project list of a Claude.ai export', v => has(v, 'uuid', 'prompt_template')],
  ['the memories of a Claude.ai export', v => has(v, 'account_uuid', 'conversations_memory')],
  [
    'the head of a Jan thread; its messages lie in messages.jsonl',
    v => v.object === 'thread' && 'assistants' in v,
  ],
  ['the manifest of a ChatGPT export', v => has(v, 'export_files', 'logical_files')],
  ['the user record of a ChatGPT export', v => has(v, 'email', 'birth_year')],
  ['the file list of a ChatGPT export', v => has(v, 'file_id', 'file_name')],
]

/** The product that most of the records look like, or null. */
export function guessOf(sample: readonly unknown[]): string | null {
  const counts = new Map<string, number>()
  for (const value of sample) {
    if (!isObject(value)) continue
    const found = TESTS.find(([, test]) => test(value))
    if (found) counts.set(found[0], (counts.get(found[0]) ?? 0) + 1)
  }
  let best: string | null = null
  for (const [guess, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = guess
  return best
}
