/** What one request of VS Code's chat holds: the prompt with what was attached, and the parts of the response. Paths of
 *  the machine are cut to the names of files. */
import type { Part } from '../model/conversation.ts'
import {
  arrayOf,
  idOf,
  isObject,
  type JsonObject,
  jsonDocument,
  jsonText,
  nameOf,
  objectOf,
  textOf,
} from './json-values.ts'

/** The prompt and what was attached to it. */
export function promptParts(request: JsonObject): Part[] {
  const { message } = request
  const told = objectOf(message)
  const pieces = arrayOf(told.parts).map(part => textOf(objectOf(part).text) ?? '')
  const text = textOf(message) ?? textOf(told.text) ?? pieces.join('')
  const parts: Part[] = text.trim() === '' ? [] : [{ type: 'text', text, format: 'plain' }]
  for (const each of arrayOf(objectOf(request.variableData).variables)) {
    const variable = objectOf(each)
    const name = nameOf(variable.name) ?? nameOf(variable.id)
    if (name === null) continue
    const pasted = variable.kind === 'paste' ? nameOf(variable.code) : null
    parts.push({
      type: 'attachment',
      name: baseName(name),
      mime: nameOf(variable.mimeType),
      size: null,
      text: pasted,
      asset: null,
      missing: pasted === null,
    })
  }
  return parts
}

const baseName = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)

/** Parts of a response that only move the window about. */
const SILENT: ReadonlySet<unknown> = new Set([
  'prepareToolInvocation',
  'undoStop',
  'mcpServersStarting',
  'progressMessage',
  'progressTask',
  'progressTaskSerialized',
  'codeblockUri',
  'command',
  'move',
  'hook',
  'clearToPreviousToolInvocation',
  'disabledClaudeHooks',
])

export function responseParts(request: JsonObject): Part[] {
  const inputs = callInputs(objectOf(objectOf(request.result).metadata))
  const parts: Part[] = []
  let run = ''
  const flush = () => {
    if (run.trim() !== '') parts.push({ type: 'text', text: run, format: 'md' })
    run = ''
  }
  for (const each of arrayOf(request.response)) {
    const part = objectOf(each)
    const { kind } = part
    const text = typeof each === 'string' ? each.toWellFormed() : markdownOf(part)
    if (text !== null) run += text
    else if (kind === 'inlineReference') run += referenceText(part)
    else if (each !== null && !SILENT.has(kind)) {
      flush()
      parts.push(...kindParts(part, each, inputs))
    }
  }
  flush()
  const failure = nameOf(objectOf(objectOf(request.result).errorDetails).message)
  if (failure !== null) parts.push({ type: 'text', text: failure, format: 'md' })
  parts.push(...citations(request))
  return parts
}

/** Markdown stands without a kind, or under one of three. */
function markdownOf(part: JsonObject): string | null {
  if (part.kind === undefined) return textOf(part.value)
  if (part.kind !== 'markdownContent' && part.kind !== 'markdownVuln' && part.kind !== 'warning') return null
  return textOf(part.content) ?? textOf(objectOf(part.content).value) ?? textOf(part.value)
}

/** A reference in running text: a link to the web as a link, a place in the workspace by its name. */
function referenceText(part: JsonObject): string {
  const reference = objectOf(part.inlineReference)
  const uri = isObject(reference.uri)
    ? reference.uri
    : isObject(reference.location)
      ? objectOf(reference.location.uri)
      : reference
  const address = addressOf(uri) ?? addressOf(part.inlineReference)
  const path = nameOf(uri.fsPath) ?? nameOf(uri.path) ?? ''
  const name = nameOf(part.name) ?? nameOf(reference.name) ?? (baseName(path) || address)
  if (name === null) return ''
  return address === null ? `\`${name}\`` : `[${name}](${address})`
}

/** A web address, whole or in its pieces; null for anything else. */
function addressOf(value: unknown): string | null {
  if (typeof value === 'string') return /^https?:\/\//i.test(value) ? value.toWellFormed() : null
  const { scheme, authority, path, query, external } = objectOf(value)
  if (scheme !== 'http' && scheme !== 'https') return null
  const whole = nameOf(external)
  if (whole !== null) return whole
  const search = nameOf(query) === null ? '' : `?${nameOf(query)}`
  return `${scheme}://${textOf(authority) ?? ''}${textOf(path) ?? ''}${search}`
}

function kindParts(part: JsonObject, whole: unknown, inputs: ReadonlyMap<string, string>): Part[] {
  switch (part.kind) {
    case 'thinking': {
      const { value } = part
      const text = Array.isArray(value)
        ? value.map(each => textOf(each) ?? '').join('')
        : (textOf(value) ?? '')
      const summary = nameOf(part.generatedTitle)
      const isSealed = text === '' && nameOf(part.id) !== null
      return text === '' && summary === null && !isSealed
        ? []
        : [{ type: 'thinking', text, summary, opaque: isSealed }]
    }
    case 'toolInvocationSerialized':
    case 'toolInvocation':
      return toolParts(part, inputs)
    case 'textEditGroup':
    case 'notebookEditGroup':
      return [
        {
          type: 'toolCall',
          callId: null,
          name: 'edit',
          input: jsonText({ file: fileName(part.uri), edits: part.edits ?? [] }),
        },
      ]
    case 'elicitation':
    case 'elicitationSerialized':
    case 'confirmation': {
      const texts = [part.title, part.message].flatMap(
        each => nameOf(each) ?? nameOf(objectOf(each).value) ?? [],
      )
      return texts.length === 0 ? [] : [{ type: 'text', text: texts.join('\n\n'), format: 'md' }]
    }
    default:
      return [{ type: 'unknown', raw: jsonText(whole) }]
  }
}

const fileName = (uri: unknown): string =>
  baseName(nameOf(objectOf(uri).fsPath) ?? nameOf(objectOf(uri).path) ?? '')

/** What the model really sent stands beside the response, by the id of the call. */
function callInputs(metadata: JsonObject): Map<string, string> {
  const inputs = new Map<string, string>()
  for (const round of arrayOf(metadata.toolCallRounds))
    for (const each of arrayOf(objectOf(round).toolCalls)) {
      const call = objectOf(each)
      const id = idOf(call.id)
      if (id !== null && typeof call.arguments === 'string')
        inputs.set(plainId(id), jsonDocument(call.arguments))
    }
  return inputs
}

/** The id as the model gave it, without what VS Code puts behind. */
const plainId = (id: string): string => id.replace(/__vscode-\d+$/, '')

function toolParts(part: JsonObject, inputs: ReadonlyMap<string, string>): Part[] {
  const callId = idOf(part.toolCallId)
  const name = nameOf(part.toolId) ?? nameOf(part.toolName) ?? 'unknown'
  const data = objectOf(part.toolSpecificData)
  const details = objectOf(part.resultDetails)
  const known = callId === null ? undefined : inputs.get(plainId(callId))
  const parts: Part[] = [{ type: 'toolCall', callId, name, input: known ?? inputOf(part, data, details) }]
  const output = outputOf(data, details)
  if (output !== null) parts.push({ type: 'toolResult', callId, output, isError: details.isError === true })
  return parts
}

function inputOf(part: JsonObject, data: JsonObject, details: JsonObject): string {
  const given = nameOf(details.input)
  if (given !== null) return jsonDocument(given)
  if (data.rawInput !== undefined) return jsonText(data.rawInput)
  const line = objectOf(data.commandLine)
  const command = nameOf(line.userEdited) ?? nameOf(line.original) ?? nameOf(data.command)
  if (command !== null) return jsonText({ command })
  const prompt = nameOf(data.prompt)
  if (prompt !== null) return jsonText({ description: nameOf(data.description), prompt })
  const message = nameOf(part.invocationMessage) ?? nameOf(objectOf(part.invocationMessage).value)
  return jsonText(message === null ? {} : { message })
}

function outputOf(data: JsonObject, details: JsonObject): string | null {
  const { output } = details
  if (typeof output === 'string') return output.toWellFormed()
  if (Array.isArray(output)) {
    const texts = output.map(each => {
      const value = objectOf(each)
      // Bytes of an image are not text.
      return value.isText === false ? '' : (textOf(value.value) ?? '')
    })
    return texts.filter(text => text !== '').join('\n')
  }
  return nameOf(objectOf(data.terminalCommandOutput).text) ?? nameOf(data.result)
}

/** Pages that the answer used or resembles; files of the workspace are not listed. */
function citations(request: JsonObject): Part[] {
  const parts: Part[] = []
  const add = (url: string | null, title: string | null, snippet: string | null) => {
    if (url !== null) parts.push({ type: 'citation', url, title, start: null, end: null, snippet })
  }
  for (const each of arrayOf(request.contentReferences)) add(addressOf(objectOf(each).reference), null, null)
  for (const each of arrayOf(request.codeCitations)) {
    const { value, license, snippet } = objectOf(each)
    add(addressOf(value), nameOf(license), nameOf(snippet))
  }
  return parts
}
