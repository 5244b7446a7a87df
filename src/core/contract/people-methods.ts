/** The methods of contacts and circles. Part of `methods.ts`. */
import { z } from 'zod'
import { Did, IsoTime } from '../model/id.ts'
import { GivenName } from '../model/name.ts'
import { type Method, none } from './method.ts'

import {
  Circle,
  CircleHistory,
  CircleInvite,
  Contact,
  ContactDetails,
  ContactState,
  GivenRole,
  InvitedRole,
} from './people-shapes.ts'
import { Count, changed, FreeText, Selector, TimeText } from './shapes.ts'

const CircleChanged = Circle.extend(changed)
const ContactChanged = Contact.extend(changed)

export const peopleMethods = {
  'contact.card': {
    summary: 'The own contact card: one line to give to others.',
    access: 'read',
    params: none,
    result: z.strictObject({ card: z.string(), did: Did, name: FreeText }),
    errors: ['keystore/locked'],
  },
  'contact.renewCard': {
    summary:
      'Make the cards that are out worthless, and send a new one to every contact that is not blocked.',
    access: 'write',
    params: none,
    result: z.strictObject({ card: z.string(), did: Did, name: FreeText, told: Count, ...changed }),
    errors: ['keystore/locked'],
  },
  'contact.add': {
    summary: 'Add a person by their card.',
    access: 'write',
    params: z.strictObject({ card: z.string().max(8192), name: GivenName.optional() }),
    result: ContactChanged,
    errors: ['card/invalid', 'contact/self'],
    timeoutMs: 30_000,
  },
  'contact.list': {
    summary: 'Contacts and strangers who wrote.',
    access: 'read',
    command: '/vivim/contact/read/list',
    params: z.strictObject({ state: ContactState.optional() }),
    result: z.strictObject({ contacts: z.array(Contact) }),
    errors: [],
  },
  'contact.show': {
    summary: 'One contact: devices, identity document, safety number, and what changed.',
    access: 'read',
    params: z.strictObject({ contact: Selector }),
    result: ContactDetails,
    errors: ['contact/not-found', 'id/ambiguous'],
  },
  'contact.verify': {
    summary:
      'The safety number to compare; with the number that the other side read out, mark the contact as verified.',
    access: 'write',
    params: z.strictObject({ contact: Selector, code: z.string().min(1).max(256).optional() }),
    result: ContactChanged.extend({ safetyNumber: z.string() }),
    errors: [
      'contact/not-found',
      'id/ambiguous',
      'contact/keys-unknown',
      'contact/not-verified',
      'contact/blocked',
    ],
  },
  'contact.follow': {
    summary: 'Take on the new identity of a contact who moved, under the same name.',
    access: 'write',
    params: z.strictObject({ contact: Selector, card: z.string().max(8192).optional() }),
    result: ContactChanged,
    errors: ['contact/not-found', 'id/ambiguous', 'contact/not-moved', 'contact/card-needed', 'card/invalid'],
    timeoutMs: 30_000,
  },
  'contact.accept': {
    summary: 'Accept a stranger, or what changed of a contact; what they sent is released.',
    access: 'write',
    params: z.strictObject({ contact: Selector, name: GivenName.optional() }),
    result: ContactChanged,
    errors: ['contact/not-found', 'id/ambiguous'],
  },
  'contact.block': {
    summary: 'Take nothing more from a person.',
    access: 'write',
    params: z.strictObject({ contact: Selector }),
    result: ContactChanged,
    errors: ['contact/not-found', 'id/ambiguous'],
  },
  'contact.remove': {
    summary: 'Forget a contact; shares already made to them stay until they end.',
    access: 'write',
    params: z.strictObject({ contact: Selector }),
    result: ContactChanged,
    errors: ['contact/not-found', 'id/ambiguous'],
  },

  'circle.create': {
    summary:
      'Make a circle with oneself as owner; those who come later get what `history` says, `now` unless it is given.',
    access: 'write',
    params: z.strictObject({ name: GivenName, history: CircleHistory.optional() }),
    result: CircleChanged,
    errors: ['circle/conflict', 'keystore/locked'],
  },
  'circle.list': {
    summary: 'Circles one is in.',
    access: 'read',
    command: '/vivim/circle/read/list',
    params: none,
    result: z.strictObject({ circles: z.array(Circle) }),
    errors: [],
  },
  'circle.show': {
    summary: 'One circle with its members.',
    access: 'read',
    command: '/vivim/circle/read/show',
    params: z.strictObject({ circle: Selector }),
    result: Circle,
    errors: ['circle/not-found', 'id/ambiguous'],
  },
  'circle.add': {
    summary: 'Add contacts to a circle; who was never reachable stays pending until their keys are known.',
    access: 'write',
    params: z.strictObject({
      circle: Selector,
      contacts: z.array(Selector).min(1).max(256),
      /** `member` unless it is given. */
      role: GivenRole.optional(),
    }),
    result: CircleChanged,
    errors: [
      'circle/not-found',
      'contact/not-found',
      'circle/denied',
      'circle/conflict',
      'circle/closed',
      'keystore/locked',
    ],
  },
  'circle.remove': {
    summary: 'Take members out, under a new key; what they already have stays with them.',
    access: 'write',
    params: z.strictObject({ circle: Selector, contacts: z.array(Selector).min(1).max(256) }),
    result: CircleChanged.extend({
      /** Own invites to this circle that count no more: who was taken out may have one of them. */
      invitesEnded: z.number().int().min(0),
    }),
    errors: ['circle/not-found', 'contact/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.invite': {
    summary: 'Make an invite: a secret line by which whoever has it may join.',
    access: 'write',
    params: z.strictObject({
      circle: Selector,
      expires: TimeText.default('7d'),
      uses: z.number().int().min(1).max(1000).default(1),
      role: InvitedRole.default('member'),
    }),
    result: z.strictObject({
      invite: z.string(),
      inviteId: z.string(),
      expiresAt: IsoTime,
      uses: Count,
      role: InvitedRole,
    }),
    errors: ['circle/not-found', 'circle/denied', 'circle/closed', 'usage/invalid', 'keystore/locked'],
  },
  'circle.invites': {
    summary: 'Invites of one’s own to a circle that somebody could still use.',
    access: 'read',
    params: z.strictObject({ circle: Selector }),
    result: z.strictObject({ invites: z.array(CircleInvite) }),
    errors: ['circle/not-found', 'id/ambiguous'],
  },
  'circle.uninvite': {
    summary: 'Take an invite back; who used it before stays in.',
    access: 'write',
    params: z.strictObject({ circle: Selector, invite: Selector }),
    result: CircleInvite.extend(changed),
    errors: ['circle/not-found', 'invite/unknown', 'id/ambiguous'],
  },
  'circle.join': {
    summary: 'Use an invite, and wait until who made it has let one in.',
    access: 'write',
    params: z.strictObject({
      invite: z.string().max(32_768),
      waitMs: z.number().int().min(0).max(3_600_000).default(30_000),
    }),
    result: CircleChanged,
    errors: [
      'invite/invalid',
      'invite/used',
      'invite/revoked',
      'invite/expired',
      'invite/unknown',
      'contact/self',
      'contact/blocked',
      'keystore/locked',
    ],
    timeoutMs: 3_700_000,
  },
  'circle.leave': {
    summary: 'Leave a circle, or ask no more to be let into it; what was shared before stays.',
    access: 'write',
    params: z.strictObject({ circle: Selector }),
    result: CircleChanged,
    errors: ['circle/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.role': {
    summary: 'Give a member another role.',
    access: 'write',
    params: z.strictObject({ circle: Selector, contact: Selector, role: GivenRole }),
    result: CircleChanged,
    errors: ['circle/not-found', 'contact/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.rename': {
    summary: 'Give a circle another name, for all its members.',
    access: 'write',
    params: z.strictObject({ circle: Selector, name: GivenName }),
    result: CircleChanged,
    errors: ['circle/not-found', 'circle/denied', 'circle/closed', 'circle/conflict', 'keystore/locked'],
  },
  'circle.describe': {
    summary: 'Say what a circle is for, to all its members; an empty text takes it back.',
    access: 'write',
    params: z.strictObject({ circle: Selector, text: FreeText.max(2000) }),
    result: CircleChanged,
    errors: ['circle/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.history': {
    summary: 'Set what those who come to a circle get of what was shared before.',
    access: 'write',
    params: z.strictObject({ circle: Selector, history: CircleHistory }),
    result: CircleChanged,
    errors: ['circle/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.transfer': {
    summary: 'Give a circle to a member; the owner until then stays as an admin.',
    access: 'write',
    params: z.strictObject({ circle: Selector, contact: Selector }),
    result: CircleChanged,
    errors: ['circle/not-found', 'contact/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.close': {
    summary: 'End a circle for good; what was shared before stays.',
    access: 'write',
    params: z.strictObject({ circle: Selector }),
    result: CircleChanged,
    errors: ['circle/not-found', 'circle/denied', 'keystore/locked'],
  },
  'circle.rotate': {
    summary: 'Start a new epoch with a new key for the same members.',
    access: 'write',
    params: z.strictObject({ circle: Selector }),
    result: CircleChanged,
    errors: ['circle/not-found', 'circle/denied', 'keystore/locked'],
  },
} as const satisfies Record<string, Method>
