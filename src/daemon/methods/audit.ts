/** RPC methods of the noun `audit`. */
import type { Handlers } from '../../core/contract/methods.ts'
import type { AuditReading } from '../audit/reading.ts'
import type { Caller } from '../rpc/caller.ts'

export type AuditMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `audit.${string}`>>

export const makeAuditMethods = (reading: AuditReading): AuditMethods => ({
  'audit.list': async (caller, p) => reading.list(caller.did, p),
  'audit.verify': (caller, p, signal) => reading.verify(caller.did, p, signal),
})
