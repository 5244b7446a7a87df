/** What is said of each method. */
import { z } from 'zod'
import type { ErrorCode } from '../kernel/errors.ts'

/** Who may call: whoever reaches a socket, before they said who they are (`open`); a user for reading or writing; the operator of
 *  the node, on its owner's socket. */
export type Access = 'open' | 'read' | 'write' | 'operator'

export interface Method {
  summary: string
  access: Access
  /** Called without a user too: about the node, which the monitoring socket serves (`monitor`), or by anybody but a guest. */
  without?: 'monitor' | 'anybody'
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
