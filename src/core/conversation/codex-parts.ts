/** The parts of one Codex response item or event, and what of it the program wrote under the user's name. */
import type { Part, Role } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'
import { imageFromUrl } from './image-url.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonDocument,
  jsonText,
  nameOf,
  objectOf,
  parsedJson,
  textOf,
} from './json-values.ts'

export interface ItemParts {
  readonly role: Role
  readonly author: string | null
  readonly hidden: boolean
  readonly parts: Part[]
  /** What the program put beside the person's own words: a hidden message of its own. */
  readonly injected: Part[]
}

/** How a text begins that Codex puts before the model in the user's name. */
const INJECTED =
  /^\s*(?:# AGENTS\.md instructions|<(?:environment_context|user_instructions|turn_aborted|permissions instructions|user_shell_command|subagent_notification|collaboration_mode|personality_spec|model_switch|apps_instructions|plugins_instructions|skills_instructions|skill|INSTRUCTIONS|recommended_plugins|realtime_conversation|hook_prompt|goal_context)\b)/

/** Whether a user text is none of the user's. */
const isInjected = (text: string): boolean => INJECTED.test(text)

/** Items that say nothing to anybody. */
const SILENT: ReadonlySet<unknown> = new Set(['ghost_snapshot', 'compaction', 'context_compaction', 'other'])

/** The parts of a response item; null when it is silent. */
export function itemParts(item: JsonObject, assets: AssetCollector): ItemParts | null {
  const { type } = item
  if (SILENT.has(type)) return null
  if (type === 'message') return messageParts(item, assets)
  if (type === 'agent_message') {
    const parts = contentParts(item, 'md', assets)
    return { ...told('system', parts, true), author: nameOf(item.author) }
  }
  if (type === 'reasoning') return told('assistant', reasoningParts(item))
  if (typeof type === 'string' && type.endsWith('_output')) return told('tool', outputParts(item, assets))
  const call = callParts(item, assets)
  return told('assistant', call ?? [{ type: 'unknown', raw: jsonText(withoutBlobs(item)) }])
}

const told = (role: Role, parts: Part[], hidden = false): ItemParts => ({
  role,
  author: null,
  hidden,
  parts,
  injected: [],
})

function messageParts(item: JsonObject, assets: AssetCollector): ItemParts {
  if (item.role === 'assistant') return told('assistant', contentParts(item, 'md', assets))
  const parts = contentParts(item, 'plain', assets)
  if (item.role !== 'user') return told('system', parts, true)
  const injected = parts.filter(part => part.type === 'text' && isInjected(part.text))
  if (injected.length === 0) return told('user', parts)
  const own = parts.filter(part => !injected.includes(part))
  return own.length === 0 ? told('user', parts, true) : { ...told('user', own), injected }
}

/** Text and images of `content`: a string, or a list of typed pieces. */
function contentParts(item: JsonObject, format: 'md' | 'plain', assets: AssetCollector): Part[] {
  const parts: Part[] = []
  const pieces = typeof item.content === 'string' ? [item.content] : arrayOf(item.content)
  for (const piece of pieces) {
    if (piece === null || piece === '') continue
    const text = typeof piece === 'string' ? piece.toWellFormed() : pieceText(objectOf(piece))
    const url = imageUrl(piece)
    if (url !== null) parts.push(imageFromUrl(url, assets))
    else if (objectOf(piece).type === 'encrypted_content')
      parts.push({ type: 'thinking', text: '', summary: null, opaque: true })
    else if (text === null) parts.push({ type: 'unknown', raw: jsonText(withoutBlobs(piece)) })
    else if (text !== '') parts.push({ type: 'text', text, format })
  }
  return parts
}

const pieceText = (piece: JsonObject): string | null => textOf(piece.text) ?? textOf(piece.refusal)

function imageUrl(piece: unknown): string | null {
  const image = objectOf(piece).image_url
  return typeof image === 'string' ? image : nameOf(objectOf(image).url)
}

function reasoningParts(item: JsonObject): Part[] {
  const textsOf = (value: unknown): string =>
    arrayOf(value)
      .map(each => (typeof each === 'string' ? each.toWellFormed() : (textOf(objectOf(each).text) ?? '')))
      .filter(text => text !== '')
      .join('\n\n')
  const text = textsOf(item.content)
  const summary = textsOf(item.summary) || null
  const isSealed = nameOf(item.encrypted_content) !== null
  if (text === '' && summary === null && !isSealed) return []
  return [{ type: 'thinking', text, summary, opaque: text === '' && isSealed }]
}

function callParts(item: JsonObject, assets: AssetCollector): Part[] | null {
  const callId = idOf(item.call_id) ?? idOf(item.id)
  const call = (name: string, input: string): Part => ({ type: 'toolCall', callId, name, input })
  switch (item.type) {
    case 'function_call':
      return [call(nameOf(item.name) ?? 'unknown', argumentsOf(item.arguments))]
    case 'custom_tool_call':
      return [call(nameOf(item.name) ?? 'unknown', jsonText(item.input ?? null))]
    case 'local_shell_call':
      return [call('local_shell', jsonText(item.action ?? null))]
    case 'web_search_call':
      return [call('web_search', jsonText(item.action ?? null))]
    case 'tool_search_call':
      return [call('tool_search', argumentsOf(item.arguments))]
    case 'image_generation_call': {
      const image = nameOf(item.result)
      const prompt = nameOf(item.revised_prompt)
      const parts = [call('image_generation', jsonText({ prompt }))]
      if (image !== null) parts.push(imageFromUrl(`data:;base64,${image}`, assets, prompt))
      return parts
    }
    default:
      return null
  }
}

/** Arguments are JSON inside a string; in some files they are the JSON itself. */
const argumentsOf = (value: unknown): string =>
  typeof value === 'string' ? jsonDocument(value) : jsonText(value ?? {})

/** What a tool gave back: a string, an object with `content`, or a list of pieces. */
function outputParts(item: JsonObject, assets: AssetCollector): Part[] {
  const given = item.output ?? item.tools ?? item.result
  const body = isObject(given) && 'content' in given ? given.content : given
  const texts: string[] = []
  const images: Part[] = []
  for (const piece of Array.isArray(body) ? body : [body]) {
    const url = imageUrl(piece)
    if (url !== null) images.push(imageFromUrl(url, assets))
    else if (typeof piece === 'string') texts.push(piece.toWellFormed())
    else if (piece !== null && piece !== undefined)
      texts.push(pieceText(objectOf(piece)) ?? jsonText(withoutBlobs(piece)))
  }
  const output = texts.join('\n')
  const isError = objectOf(given).success === false || exitOf(output) > 0
  return [{ type: 'toolResult', callId: idOf(item.call_id) ?? idOf(item.id), output, isError }, ...images]
}

/** The exit code that a shell's answer tells, or 0. */
function exitOf(output: string): number {
  if (!output.startsWith('{"output"')) return 0
  const code = objectOf(objectOf(parsedJson(output)).metadata).exit_code
  return typeof code === 'number' ? code : 0
}

/** Reasoning that only the provider can read is not kept. */
const withoutBlobs = (value: unknown): unknown =>
  isObject(value) && 'encrypted_content' in value ? { ...value, encrypted_content: null } : value

/** What an event of a session without response items tells, and by whom; null when it tells nothing. */
export function eventParts(event: JsonObject, assets: AssetCollector): ItemParts[] {
  switch (event.type) {
    case 'user_message': {
      const text = nameOf(event.message)
      const parts: Part[] = text === null ? [] : [{ type: 'text', text, format: 'plain' }]
      for (const image of arrayOf(event.images))
        if (typeof image === 'string') parts.push(imageFromUrl(image, assets))
      const isWritten = typeof event.kind === 'string' && event.kind !== 'plain'
      return [told('user', parts, isWritten || (text !== null && isInjected(text)))]
    }
    case 'agent_message': {
      const text = nameOf(event.message)
      return [told('assistant', text === null ? [] : [{ type: 'text', text, format: 'md' }])]
    }
    case 'agent_reasoning':
    case 'agent_reasoning_raw_content': {
      const text = nameOf(event.text)
      return [
        told('assistant', text === null ? [] : [{ type: 'thinking', text, summary: null, opaque: false }]),
      ]
    }
    case 'exec_command_end':
      return callAndResult(event, 'shell', { command: event.command, cwd: event.cwd })
    case 'patch_apply_end':
      return callAndResult(event, 'apply_patch', event.changes ?? {})
    case 'mcp_tool_call_end': {
      const invocation = objectOf(event.invocation)
      const name = nameOf(invocation.tool) ?? 'unknown'
      return callAndResult(event, name, invocation.arguments ?? {})
    }
    default:
      return []
  }
}

function callAndResult(event: JsonObject, name: string, input: unknown): ItemParts[] {
  const callId = idOf(event.call_id)
  const streams = [event.stdout, event.stderr].flatMap(each => nameOf(each) ?? [])
  const output =
    nameOf(event.aggregated_output) ??
    (event.result === undefined ? streams.join('\n') : jsonText(event.result))
  const isError = event.success === false || (typeof event.exit_code === 'number' && event.exit_code !== 0)
  return [
    told('assistant', [{ type: 'toolCall', callId, name, input: jsonText(input) }]),
    told('tool', [{ type: 'toolResult', callId, output, isError }]),
  ]
}
