/** Capabilities that were given, and proposals that wait for an answer. */
import { z } from 'zod'
import { IsoTime, ProposalId, ShareId } from '../model/id.ts'
import { Count, changed, FreeText } from './shapes.ts'
import { Audience } from './share-shapes.ts'

export const CapabilityState = z.enum(['active', 'expired', 'revoked', 'exhausted'])
export const capabilityFields = {
  /** The CID of its first link; `node` for what lets this node answer while the keystore is locked. */
  capabilityId: z.string(),
  kind: z.enum(['token', 'node']),
  for: FreeText,
  can: z.array(z.string()),
  /** With whom; null: no bound on that. */
  audience: Audience.nullable(),
  perDay: Count.nullable(),
  uses: Count.nullable(),
  used: z.strictObject({ today: Count, all: Count }),
  state: CapabilityState,
  createdAt: IsoTime,
  expiresAt: IsoTime.nullable(),
  lastUsedAt: IsoTime.nullable(),
}
export const Capability = z.strictObject(capabilityFields).meta({ id: 'Capability' })

export const ProposalState = z.enum(['waiting', 'approved', 'rejected', 'expired'])
/** What whoever proposed may know of it. */
const proposalHead = {
  proposalId: ProposalId,
  state: ProposalState,
  createdAt: IsoTime,
  expiresAt: IsoTime,
  decidedAt: IsoTime.nullable(),
}
export const ProposalAnswer = z.strictObject({ ...proposalHead, ...changed }).meta({ id: 'ProposalAnswer' })
export const Proposal = z
  .strictObject({
    ...proposalHead,
    /** The rest is null where whoever proposed asks. `capabilityId` is null for what the user proposed. */
    by: z.strictObject({ capabilityId: z.string().nullable(), name: FreeText }).nullable(),
    /** What was asked for, as in `share.create`. */
    what: z.record(z.string(), z.unknown()).nullable(),
    audience: Audience.nullable(),
    shareId: ShareId.nullable(),
  })
  .meta({ id: 'Proposal' })
