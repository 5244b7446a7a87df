/** What is said of each method. */
import { z } from 'zod'
import type { ErrorCode } from '../kernel/errors.ts'

/** Who may call: anybody on the socket, a user's session for reading or writing, the operator of the node. */
export type Access = 'open' | 'read' | 'write' | 'operator'

export interface Method {
  summary: string
  access: Access
  params: z.ZodType
  result: z.ZodType
  errors: readonly ErrorCode[]
  /** How long the daemon works on one call at most, unless the caller gives less. */
  timeoutMs?: number
  /** The shape of the notifications that follow, for subscriptions. */
  event?: z.ZodType
}

/** The params of a method that takes none. */
export const none = z.strictObject({})
