/** The only description of the RPC: every method with who may call it, what it takes, gives and throws. Each group of nouns has a file. */
import type { z } from 'zod'
import { auditMethods } from './audit-methods.ts'
import { capabilityMethods } from './capability-methods.ts'
import { conversationMethods } from './conversation-methods.ts'
import { deviceMethods } from './device-methods.ts'
import { filterMethods } from './filter-methods.ts'
import { libraryMethods } from './library-methods.ts'
import type { Method } from './method.ts'
import { peopleMethods } from './people-methods.ts'
import { shareMethods } from './share-methods.ts'
import { systemMethods } from './system-methods.ts'
import { userMethods } from './user-methods.ts'

export const methods = {
  ...systemMethods,
  ...deviceMethods,
  ...conversationMethods,
  ...libraryMethods,
  ...peopleMethods,
  ...shareMethods,
  ...filterMethods,
  ...userMethods,
  ...auditMethods,
  ...capabilityMethods,
} as const satisfies Record<string, Method>

export type MethodName = keyof typeof methods
/** What a caller may write: defaults may be left out. */
export type Params<M extends MethodName> = z.input<(typeof methods)[M]['params']>
/** What a handler gets: defaults filled in. */
export type ParsedParams<M extends MethodName> = z.output<(typeof methods)[M]['params']>
export type Result<M extends MethodName> = z.output<(typeof methods)[M]['result']>

/** One handler a method; a missing one fails the build. `C` is what the dispatcher knows of the caller. */
export type Handlers<C> = {
  [M in MethodName]: (caller: C, params: ParsedParams<M>, signal: AbortSignal) => Promise<Result<M>>
}
