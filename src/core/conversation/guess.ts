/** What records that no format takes look like, for a message that helps. */
import { isObject, type JsonObject, objectOf } from './json-values.ts'

type Test = readonly [guess: string, test: (value: JsonObject) => boolean]

const has = (value: JsonObject, ...keys: readonly string[]): boolean => keys.every(key => key in value)

/** Talk, but of a kind that is not read here. */
const STRANGERS: readonly Test[] = [
  ['a Qwen Code session', v => Array.isArray(objectOf(v.message).parts)],
  ['what `codex exec --json` prints', v => v.type === 'thread.started' || v.type === 'item.completed'],
]

/** What lies beside conversations and holds none. */
const COMPANIONS: readonly Test[] = [
  ['the prompt log of Gemini CLI', v => has(v, 'sessionId', 'messageId', 'message')],
  ['the prompt history of Codex CLI', v => has(v, 'session_id', 'ts', 'text')],
  ['the prompt history of Claude Code', v => has(v, 'display', 'pastedContents')],
  ['the index of Claude Code sessions', v => isListOf(v.entries, 'sessionId', 'fullPath')],
  ['the user list of a Claude.ai export', v => has(v, 'full_name', 'email_address')],
  ['the project list of a Claude.ai export', v => has(v, 'uuid', 'prompt_template')],
  ['the memories of a Claude.ai export', v => has(v, 'account_uuid', 'conversations_memory')],
  [
    'the head of a Jan thread, whose messages lie in messages.jsonl',
    v => v.object === 'thread' && 'assistants' in v,
  ],
  ['the manifest of a ChatGPT export', v => has(v, 'export_files', 'logical_files')],
  [
    'the user record of a ChatGPT export',
    v => 'email' in v && ('birth_year' in v || 'chatgpt_plus_user' in v),
  ],
  ['the settings of a ChatGPT user', v => has(v, 'user_id', 'settings')],
  ['the file list of a ChatGPT export', v => has(v, 'file_id', 'file_name')],
  ['the file names of a ChatGPT export', isFileNames],
  ['the feedback of a ChatGPT export', v => has(v, 'conversation_id', 'rating')],
  ['the list of shared links of a ChatGPT export', v => has(v, 'conversation_id', 'is_anonymous')],
  ['the user record of a DeepSeek export', v => has(v, 'email', 'mobile')],
]

const isListOf = (value: unknown, ...keys: readonly string[]): boolean =>
  Array.isArray(value) && isObject(value[0]) && has(value[0], ...keys)

/** `conversation_asset_file_names.json`: names by the names that the files have in the export. */
function isFileNames(value: JsonObject): boolean {
  const names = Object.entries(value)
  return (
    names.length > 0 &&
    names.every(([file, name]) => /^file[-_][\w-]{1,100}\.dat$/.test(file) && typeof name === 'string')
  )
}

export interface Guess {
  readonly what: string
  /** Whether such a file holds no conversations at all, so that nothing is lost by passing over it. */
  readonly isCompanion: boolean
}

/** What most of the records look like, or null. */
export function guessOf(sample: readonly unknown[]): Guess | null {
  const counts = new Map<string, number>()
  for (const value of sample) {
    if (!isObject(value)) continue
    const found = [...STRANGERS, ...COMPANIONS].find(([, test]) => test(value))
    if (found) counts.set(found[0], (counts.get(found[0]) ?? 0) + 1)
  }
  let best: string | null = null
  for (const [what, count] of counts) if (best === null || count > (counts.get(best) ?? 0)) best = what
  return best === null ? null : { what: best, isCompanion: COMPANIONS.some(([what]) => what === best) }
}
