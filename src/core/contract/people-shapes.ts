/** Contacts, circles and peers. */
import { z } from 'zod'
import { CircleId, Did, IsoTime } from '../model/id.ts'
import { Count, FreeText } from './shapes.ts'

export const ContactState = z.enum(['known', 'stranger', 'verified', 'blocked'])
/** What changed of a contact's identity: other devices, a document by the recovery key, two documents of one number, another DID. */
export const ContactChange = z.enum(['device-added', 'device-removed', 'recovered', 'conflict', 'moved'])
export type ContactChange = z.infer<typeof ContactChange>
export const Contact = z
  .strictObject({
    did: Did,
    name: FreeText.nullable(),
    state: ContactState,
    reachable: z.boolean(),
    lastSeen: IsoTime.nullable(),
    /** The DID that they moved to, by their recovery key. */
    movedTo: Did.nullable(),
    /** What nobody looked at yet, oldest first. */
    changes: z.array(z.strictObject({ at: IsoTime, what: ContactChange })),
  })
  .meta({ id: 'Contact' })
/** One contact with what is known of their identity. */
export const ContactDetails = Contact.extend({
  addedAt: IsoTime,
  /** Of their identity document; null while none is known. */
  document: z
    .strictObject({
      sequence: Count,
      madeAt: IsoTime,
      expiresAt: IsoTime,
      time: z.enum(['current', 'ahead', 'expired']),
      byRecovery: z.boolean(),
      /** Two documents of one number were met: only devices of both count. */
      alarm: z.boolean(),
      hash: z.string(),
      /** The document itself, base64: what its owner needs who lost everything but the recovery words. */
      wireB64: z.string(),
    })
    .nullable(),
  devices: z.array(z.strictObject({ key: z.string(), addedAt: IsoTime, revoked: z.boolean() })),
  /** What both compare to be sure of each other; null while their document is not known. */
  safetyNumber: z.string().nullable(),
})
/** A person as shown beside what they did: the name is the alias the user gave, or null. */
export const PersonRef = z
  .strictObject({ did: Did, name: FreeText.nullable(), state: ContactState })
  .meta({ id: 'PersonRef' })

/** What a member can be made; the owner is who began the circle or was given it. */
export const GivenRole = z.enum(['admin', 'member', 'reader'])
/** What those who come to a circle get of what was shared before. */
export const CircleHistory = z.enum(['none', 'now', 'all'])
export const InvitedRole = z.enum(['member', 'reader'])
export const CircleMember = z.strictObject({
  did: Did,
  name: FreeText.nullable(),
  role: z.enum(['owner', 'admin', 'member', 'reader']),
  state: z.enum(['active', 'invited', 'pending']),
})
export const Circle = z
  .strictObject({
    circleId: CircleId,
    name: FreeText,
    description: FreeText.nullable(),
    /** Null while one is only invited. */
    history: CircleHistory.nullable(),
    /** Display number of the current epoch, from 1; 0 while none is known here. */
    epoch: Count,
    members: z.array(CircleMember),
    /** What one is to it oneself; `closed` when its owner ended it, `invited` while who made the invite has not let one in. */
    state: z.enum(['active', 'invited', 'left', 'removed', 'closed']),
  })
  .meta({ id: 'Circle' })
/** An invite as its maker sees it. The line is shown once, when it is made. */
export const CircleInvite = z
  .strictObject({
    inviteId: z.string(),
    role: InvitedRole,
    uses: Count,
    /** How many people may still use it. */
    left: Count,
    createdAt: IsoTime,
    expiresAt: IsoTime,
  })
  .meta({ id: 'CircleInvite' })
export const Peer = z
  .strictObject({
    peerId: z.string(),
    addrs: z.array(z.string()),
    direction: z.enum(['inbound', 'outbound']),
    did: Did.nullable(),
    latencyMs: z.number().nullable(),
  })
  .meta({ id: 'Peer' })
