/** What records that no format takes look like, for a message that helps. */
import { arrayOf, isObject, type JsonObject, objectOf } from './json-values.ts'

type Test = readonly [guess: string, test: (value: JsonObject) => boolean]

const has = (value: JsonObject, ...keys: readonly string[]): boolean => keys.every(key => key in value)

const TESTS: readonly Test[] = [
  ['a DeepSeek export', v => isObject(v.mapping) && 'inserted_at' in v],
  ['a Grok export', v => has(v, 'responses') && (has(v, 'conversation') || has(v, 'id'))],
  ['a LibreChat conversation', v => has(v, 'conversationId', 'messages')],
  ['an LM Studio conversation', v => 'versions' in objectOf(arrayOf(v.messages)[0])],
  [
    'a Perplexity export',
    v => has(v, 'context_uuid', 'entries') || has(v, 'thread_metadata') || has(v, 'query', 'answer'),
  ],
  ['a Le Chat export', v => has(v, 'chatId', 'role', 'createdAt')],
  ['Gemini activity from Takeout', v => has(v, 'header', 'title', 'products')],
  ['a Google AI Studio prompt', v => has(v, 'chunkedPrompt') || has(v, 'runSettings')],
  ['a Qwen Code session', v => Array.isArray(objectOf(v.message).parts)],
  ['the prompt log of Gemini CLI', v => has(v, 'sessionId', 'messageId', 'message')],
  ['the prompt history of Codex CLI', v => has(v, 'session_id', 'ts', 'text')],
  ['what `codex exec --json` prints', v => v.type === 'thread.started' || v.type === 'item.completed'],
  ['the prompt history of Claude Code', v => has(v, 'display', 'pastedContents')],
  [
    'a ShareGPT data set',
    v => has(objectOf(arrayOf(v.conversations)[0]), 'from', 'value') || has(v, 'from', 'value'),
  ],
  ['OpenAI messages', v => has(objectOf(arrayOf(v.messages)[0]), 'role') || has(v, 'role', 'content')],
  ['the user list of a Claude.ai export', v => has(v, 'full_name', 'email_address')],
  ['the project list of a Claude.ai export', v => has(v, 'uuid', 'prompt_template')],
  ['the memories of a Claude.ai export', v => has(v, 'account_uuid', 'conversations_memory')],
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
