/** Whether a caller may call a method: decided here and nowhere else. */
import { type MethodName, methods } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Session } from './caller.ts'

/** @throws `rpc/denied`. */
export function checkAccess(method: MethodName, from: Session): void {
  const { access } = methods[method]
  if (access === 'operator' && !from.operator)
    throw new VivimError('rpc/denied', `${method} is for the operator of this node`)
  if (from.readOnly && (access === 'write' || access === 'operator'))
    throw new VivimError('rpc/denied', `${method} changes something, and this connection may only read`)
}
