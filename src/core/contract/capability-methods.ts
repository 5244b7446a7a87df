/** The methods of capabilities and of what they propose. Part of `methods.ts`. */
import { z } from 'zod'
import { Did, ProposalId, ShareId } from '../model/id.ts'
import { GivenName } from '../model/name.ts'
import {
  Capability,
  CapabilityState,
  capabilityFields,
  Proposal,
  ProposalState,
} from './capability-shapes.ts'
import { type Method, none } from './method.ts'
import { changed, Selector, TimeText } from './shapes.ts'
import { OnFindings, ShareCreated, SharePreview } from './share-shapes.ts'

const Times = z.number().int().min(1).max(1_000_000)

export const capabilityMethods = {
  'capability.create': {
    summary:
      'Give a right to the holder of a key, or this node the right to answer while the keystore is locked.',
    access: 'write',
    params: z.strictObject({
      for: GivenName,
      /** The holder; absent for a node. */
      holder: Did.optional(),
      can: z.array(z.string().min(1).max(64)).min(1).max(16),
      circles: z.array(Selector).max(16).default([]),
      to: z.array(Selector).max(64).default([]),
      perDay: Times.optional(),
      uses: Times.optional(),
      expires: TimeText.default('30d'),
    }),
    result: z.strictObject({ ...capabilityFields, chain: z.string().nullable(), ...changed }),
    errors: [
      'usage/invalid',
      'contact/not-found',
      'circle/not-found',
      'id/ambiguous',
      'keystore/locked',
      'capability/full',
    ],
  },
  'capability.list': {
    summary: 'Every capability that was given here, newest first, with uses and state.',
    access: 'read',
    params: none,
    result: z.strictObject({ capabilities: z.array(Capability) }),
    errors: [],
  },
  'capability.show': {
    summary: 'One capability by id, its beginning or end, or the name that it was given.',
    access: 'read',
    params: z.strictObject({ capability: Selector }),
    result: Capability,
    errors: ['capability/not-found', 'id/ambiguous'],
  },
  'capability.revoke': {
    summary: 'Take a capability back, with all that was made from it.',
    access: 'write',
    params: z.strictObject({ capability: Selector }),
    result: z.strictObject({ capabilityId: z.string(), state: CapabilityState, ...changed }),
    errors: ['capability/not-found', 'id/ambiguous'],
  },

  'proposal.list': {
    summary: 'What scripts proposed to share, newest first.',
    access: 'read',
    params: z.strictObject({ state: ProposalState.optional() }),
    result: z.strictObject({ proposals: z.array(Proposal) }),
    errors: [],
  },
  'proposal.show': {
    summary: 'One proposal; whoever proposed it learns only how it stands.',
    access: 'read',
    command: '/vivim/share/propose/show',
    isFree: true,
    params: z.strictObject({ proposal: Selector }),
    result: Proposal,
    errors: ['proposal/not-found', 'id/ambiguous'],
  },
  'proposal.preview': {
    summary: 'Exactly what would leave if this proposal was approved now.',
    access: 'read',
    params: z.strictObject({ proposal: Selector, onFindings: OnFindings.optional() }),
    result: SharePreview,
    errors: ['proposal/not-found', 'id/ambiguous', 'conversation/not-found', 'filter/failed'],
    timeoutMs: 120_000,
  },
  'proposal.approve': {
    summary: 'Share what was proposed; with `expectDigest`, only if it is still what was shown.',
    access: 'write',
    params: z.strictObject({
      proposal: Selector,
      expectDigest: z.string().max(128).optional(),
      onFindings: OnFindings.optional(),
    }),
    result: z.strictObject({
      proposalId: ProposalId,
      state: ProposalState,
      shareId: ShareId.nullable(),
      /** The share that was made; null where it was approved before. */
      share: ShareCreated.nullable(),
      /** By which it was proposed; null: by the user. */
      capabilityId: z.string().nullable(),
      ...changed,
    }),
    errors: [
      'proposal/not-found',
      'proposal/decided',
      'proposal/expired',
      'id/ambiguous',
      'conversation/not-found',
      'share/digest-mismatch',
      'filter/findings',
      'keystore/locked',
    ],
    timeoutMs: 300_000,
  },
  'proposal.reject': {
    summary: 'Turn a proposal down.',
    access: 'write',
    params: z.strictObject({ proposal: Selector }),
    result: z.strictObject({
      proposalId: ProposalId,
      state: ProposalState,
      capabilityId: z.string().nullable(),
      ...changed,
    }),
    errors: ['proposal/not-found', 'proposal/decided', 'proposal/expired', 'id/ambiguous'],
  },
} as const satisfies Record<string, Method>
