/** RPC methods of the noun `system`. */
import { CONTRACT_VERSION, FRAME_BYTES } from '../../core/contract/frames.ts'
import { type Handlers, methods, type Result } from '../../core/contract/methods.ts'
import { VERSION } from '../../core/kernel/version.ts'
import type { Did } from '../../core/model/id.ts'
import type { Caller } from '../rpc/caller.ts'

export type SystemMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `system.${string}`>>

export interface SystemPorts {
  status(did: Did, name: string): Promise<Result<'system.status'>>
  doctor(did: Did): Promise<Result<'system.doctor'>>
  /** Begin a clean stop; returns before it ends. */
  stop(): void
}

export const makeSystemMethods = (ports: SystemPorts): SystemMethods => ({
  'system.hello': async caller => ({
    contract: CONTRACT_VERSION,
    version: VERSION,
    pid: process.pid,
    frameBytes: FRAME_BYTES,
    user: { did: caller.did, name: caller.name },
  }),
  'system.methods': async () => ({
    methods: Object.entries(methods).map(([name, { summary, access }]) => ({ name, summary, access })),
  }),
  'system.status': caller => ports.status(caller.did, caller.name),
  'system.doctor': caller => ports.doctor(caller.did),
  'system.stop': async () => {
    // After the answer was written: the socket closes with the daemon.
    setImmediate(() => ports.stop())
    return { stopped: true }
  },
  'system.unsubscribe': async (caller, p) => ({ changed: caller.unsubscribe(p.subscription) }),
})
