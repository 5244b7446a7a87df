/** Whether a caller may call a method: decided here and nowhere else. */
import type { Method } from '../../core/contract/method.ts'
import { type MethodName, methods } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Session } from './caller.ts'

/** @throws `rpc/denied`, `session/needed`, `session/invalid`, `usage/input-needed`. */
export function checkAccess(method: MethodName, from: Session): void {
  const { access, without }: Method = methods[method]
  if (!from.use()) throw new VivimError('session/invalid', 'that session has ended, or there never was one')
  if (access === 'open') return
  const { kind } = from.via
  if (kind === 'guest') throw new VivimError('session/needed', `${method} needs a session on this socket`)
  if (kind === 'monitor' && without === undefined)
    throw new VivimError('rpc/denied', `${method} is not for the monitoring socket`)
  if (access === 'operator' && !from.operator)
    throw new VivimError('rpc/denied', `${method} is for the operator of this node`)
  if (kind === 'node' && access !== 'operator' && without !== 'anybody')
    throw new VivimError('usage/input-needed', 'several users live here: say who you are with --as NAME', {
      flag: '--as',
    })
  if (from.readOnly && (access === 'write' || access === 'operator'))
    throw new VivimError('rpc/denied', `${method} changes something, and this connection may only read`)
}
