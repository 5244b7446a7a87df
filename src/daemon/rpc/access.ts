/** Whether a caller may call a method: decided here and nowhere else. */
import type { Method } from '../../core/contract/method.ts'
import { type MethodName, methods } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CapabilityDoor } from '../capabilities/door.ts'
import type { Session } from './caller.ts'

/** Nouns that a device which was taken out may still change: what is only its own. */
const STAYS_OWN =
  /^(?:keystore|identity|conversation|import|inbox|notebook|bundle|memory|profile|filter|scan|acu)\./

/** @param isRevoked - whether another device of the user took this one out.
 *  @throws `rpc/denied`, `session/needed`, `session/invalid`, `usage/input-needed`, `device/revoked`. */
export function checkAccess(method: MethodName, from: Session, isRevoked = false): void {
  const { access, without }: Method = methods[method]
  if (!from.use()) throw new VivimError('session/invalid', 'that session has ended, or there never was one')
  const { kind } = from.via
  // A session may unlock keys: it is opened where it can be used.
  if (access === 'open' && (kind !== 'monitor' || method === 'system.hello')) return
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
  if (isRevoked && access === 'write' && !STAYS_OWN.test(method))
    throw new VivimError('device/revoked', 'this device was taken out: it may no longer speak for its person')
}

/** A call that was read: its params as they stood in the frame and by the method's schema, and the signed invocation beside them. */
export interface ReadCall {
  method: MethodName
  sent: unknown
  parsed: unknown
  invocation: string | undefined
}

/** The second half for who comes with a capability: whether it covers this very call, which is counted.
 *  @throws `capability/*`, `crypto/*`. */
export async function checkCall(call: ReadCall, from: Session, door: CapabilityDoor): Promise<void> {
  const { user, via } = from
  if (via.kind === 'capability' && user !== null) await door.pass({ did: user, via }, call)
}

/** Before the answer leaves: what was taken back while the call ran gives nothing any more. @throws `capability/*`. */
export async function checkAnswer({ user, via }: Session, door: CapabilityDoor): Promise<void> {
  if (via.kind === 'capability' && user !== null) await door.stillHolds(user, via)
}
