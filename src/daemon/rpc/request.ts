/** One line from a client, judged: a request, a cancellation, or the error that answers it. */
import type { z } from 'zod'
import type { CallId } from '../../core/contract/frames.ts'
import { type MethodName, methods } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'

export interface Call {
  kind: 'call'
  id: CallId
  method: MethodName
  params: unknown
  /** Base64url, where one was sent. */
  invocation: string | undefined
}

export type Judged =
  | Call
  | { kind: 'cancel'; id: CallId }
  | { kind: 'ignore' }
  | { kind: 'refuse'; id: CallId | null; error: VivimError }

const MAX_ID_CHARS = 128
const MAX_INVOCATION_CHARS = 16 << 10

/** A member name or value that came from outside, short enough to stand in a message. */
const shown = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

/** @param line - bytes without the newline. Never throws. */
export function judgeLine(line: Uint8Array): Judged {
  let document: unknown
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
  } catch {
    return refuse(null, 'rpc/parse', 'the line is not one JSON document in UTF-8')
  }
  if (Array.isArray(document))
    return refuse(null, 'rpc/invalid-request', 'batches are not supported: send one request a line')
  if (typeof document !== 'object' || document === null)
    return refuse(null, 'rpc/invalid-request', 'a request is an object')
  const { jsonrpc, id, method, params, invocation } = document as Record<string, unknown>
  const known = isCallId(id) ? id : null
  if (jsonrpc !== '2.0') return refuse(known, 'rpc/invalid-request', '`jsonrpc` must be "2.0"')
  if (typeof method !== 'string') return refuse(known, 'rpc/invalid-request', '`method` must be a string')
  if (id === undefined) return judgeNotification(method, params)
  if (known === null)
    return refuse(null, 'rpc/invalid-request', '`id` must be a number or a string of at most 128 characters')
  if (!Object.hasOwn(methods, method))
    return refuse(known, 'rpc/unknown-method', `there is no method ${shown(method)}`)
  if (
    invocation !== undefined &&
    (typeof invocation !== 'string' || invocation.length > MAX_INVOCATION_CHARS)
  )
    return refuse(known, 'rpc/invalid-request', '`invocation` must be a string of at most 16 KiB')
  return { kind: 'call', id: known, method: method as MethodName, params: params ?? {}, invocation }
}

/** The specification forbids to answer what has no id, also when it makes no sense. */
function judgeNotification(method: string, params: unknown): Judged {
  if (method !== 'cancel' || typeof params !== 'object' || params === null || !('id' in params))
    return { kind: 'ignore' }
  return isCallId(params.id) ? { kind: 'cancel', id: params.id } : { kind: 'ignore' }
}

const isCallId = (id: unknown): id is CallId =>
  (typeof id === 'number' && Number.isFinite(id)) || (typeof id === 'string' && id.length <= MAX_ID_CHARS)

const refuse = (
  id: CallId | null,
  code: 'rpc/parse' | 'rpc/invalid-request' | 'rpc/unknown-method',
  message: string,
): Judged => ({ kind: 'refuse', id, error: new VivimError(code, message) })

/** Params by the method's schema, defaults filled in. @throws `rpc/invalid-params`, naming the first wrong field. */
export function parseParams(method: MethodName, params: unknown): unknown {
  const parsed = (methods[method].params as z.ZodType).safeParse(params)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = [...(issue?.path ?? []), ...(unknownKey === undefined ? [] : [unknownKey])].map(String)
  const field = path.length === 0 ? 'params' : path.join('.')
  const why = unknownKey === undefined ? (issue?.message ?? 'not of the right shape') : 'no such field'
  throw new VivimError('rpc/invalid-params', `${method}: ${shown(field)}: ${why}`, {
    field: field.slice(0, 120),
  })
}
