/** What travels on the socket: newline-delimited JSON-RPC 2.0. No schema library here, so that clients stay light. */
import type { ErrorDetails } from '../kernel/errors.ts'

/** Raised by one whenever a method or a field is added; both sides say theirs in `system.hello`. */
export const CONTRACT_VERSION = 2

/** Longest line that the daemon reads, in bytes without the newline. */
export const FRAME_BYTES = 1 << 20

/** Longest line that a client reads: an opened share of the largest size with its JSON escapes stays below it. */
export const ANSWER_BYTES = 256 << 20

/** Calls that one connection may have open at once. */
export const MAX_CALLS = 64

export type CallId = string | number

export interface RequestFrame {
  jsonrpc: '2.0'
  id: CallId
  method: string
  params?: unknown
  /** Where `system.hello` named a capability: a signed invocation of this very call, base64url. */
  invocation?: string
}

/** Sent by a client for a call whose answer it no longer wants; never answered. */
export interface CancelFrame {
  jsonrpc: '2.0'
  method: 'cancel'
  params: { id: CallId }
}

export interface ResultFrame {
  jsonrpc: '2.0'
  id: CallId
  result: unknown
}

/** `code` is the RPC number of the error table; `data.code` is the stable name that programs compare. */
export interface ErrorFrame {
  jsonrpc: '2.0'
  /** Null where the request could not be read. */
  id: CallId | null
  error: { code: number; message: string; data: { code: string; details: ErrorDetails; hint: string } }
}

/** One event of a subscription, sent after the answer that named it. */
export interface EventFrame {
  jsonrpc: '2.0'
  method: 'event'
  params: { subscription: string; event: unknown }
}
