/** RPC methods of the nouns `capability` and `proposal`. */
import type { Handlers } from '../../core/contract/methods.ts'
import type { Issued } from '../capabilities/issued.ts'
import type { Caller } from '../rpc/caller.ts'
import type { Proposals } from '../sharing/proposals.ts'

export type CapabilityMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `${'capability' | 'proposal'}.${string}`>
>

/** The key by which a caller who comes with a capability proposes; null for the user. */
const holderOf = ({ via }: Caller) => (via.kind === 'capability' ? via.chain.holder : null)

export const makeCapabilityMethods = (issued: Issued, proposals: Proposals): CapabilityMethods => ({
  'capability.create': async (caller, p) => issued.create(caller.did, p),
  'capability.list': async caller => issued.list(caller.did),
  'capability.show': async (caller, p) => issued.show(caller.did, p.capability),
  'capability.revoke': async (caller, p) => issued.revoke(caller.did, p.capability),

  'proposal.list': async (caller, p) => proposals.list(caller.did, p.state),
  'proposal.show': async (caller, p) => proposals.show(caller.did, p.proposal, holderOf(caller)),
  'proposal.preview': (caller, p, signal) => proposals.preview(caller.did, p, signal),
  'proposal.approve': (caller, p, signal) => proposals.approve(caller.did, p, signal),
  'proposal.reject': (caller, p) => proposals.reject(caller.did, p.proposal),
})
