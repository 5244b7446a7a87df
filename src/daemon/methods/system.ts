/** RPC methods of the noun `system`. */
import { CONTRACT_VERSION, FRAME_BYTES } from '../../core/contract/frames.ts'
import { type Handlers, methods, type Result } from '../../core/contract/methods.ts'
import { VERSION } from '../../core/kernel/version.ts'
import type { Did } from '../../core/model/id.ts'
import type { Caller } from '../rpc/caller.ts'

export type SystemMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `system.${string}`>>

/** Who asks for the state of the node: nobody in particular, a user, the operator. */
export type Whose = Pick<Caller, 'user' | 'name' | 'operator'>

export interface SystemPorts {
  status(whose: Whose): Promise<Result<'system.status'>>
  doctor(user: Did | null): Promise<Result<'system.doctor'>>
  /** This node as its owner sees it. */
  node(): { peerId: string; addrs: string[] }
  /** Begin a clean stop; returns before it ends. */
  stop(): void
}

export const makeSystemMethods = (ports: SystemPorts): SystemMethods => ({
  'system.hello': async caller => ({
    contract: CONTRACT_VERSION,
    version: VERSION,
    pid: process.pid,
    frameBytes: FRAME_BYTES,
    user: caller.user && { did: caller.user, name: caller.name },
    ...(caller.door === 'owner' ? { node: ports.node() } : {}),
  }),
  'system.methods': async () => ({
    methods: Object.entries(methods).map(([name, { summary, access }]) => ({ name, summary, access })),
  }),
  'system.status': caller => ports.status(caller),
  'system.doctor': caller => ports.doctor(caller.user),
  'system.stop': async () => {
    // After the answer was written: the socket closes with the daemon.
    setImmediate(() => ports.stop())
    return { stopped: true }
  },
  'system.unsubscribe': async (caller, p) => ({ changed: caller.unsubscribe(p.subscription) }),
})
