/** Shares from the choice to the receipt, and what arrived. */
import { z } from 'zod'
import { Part, Role } from '../model/conversation.ts'
import { Cid, CircleId, Did, IsoTime, NoticeId, ShareId } from '../model/id.ts'
import { Finding, RuleCounts, RuleSet, UnscannedFile } from './filter-shapes.ts'
import { PersonRef } from './people-shapes.ts'
import { Count, changed, FreeText, MessageRanges, Selector, TimeText } from './shapes.ts'

export const Permission = z.enum(['view', 'quote', 'annotate', 'remix', 'reshare'])
const Include = z.enum(['tools', 'thinking', 'attachments', 'hidden'])
/** Public search and feeds are not there yet: what is shared reaches who was named, and is found nowhere else. */
const Discoverable = z.enum(['none'])
export const OnFindings = z.enum(['block', 'redact', 'allow'])

/** What leaves: a conversation or a part of it, a notebook, or a bundle; exactly one of the three. */
export const ShareWhat = {
  conversation: Selector.optional(),
  notebook: Selector.optional(),
  bundle: Selector.optional(),
  messages: MessageRanges.optional(),
  /** Units of the conversation: only they leave, beside the messages of the ranges. */
  acus: z.array(Selector).max(1_000).default([]),
  include: z.array(Include).max(4).default([]),
  title: FreeText.max(500).optional(),
  note: FreeText.max(10_000).optional(),
}
/** Who gets it: contacts and circles by alias, DID or id. */
export const ShareWho = {
  to: z.array(Selector).max(256).default([]),
  circles: z.array(Selector).max(64).default([]),
}
export const ShareTerms = {
  allow: z.array(Permission).min(1).max(5).default(['view', 'quote']),
  from: TimeText.optional(),
  expires: TimeText.default('30d'),
  discoverable: z.array(Discoverable).min(1).max(1).default(['none']),
  onFindings: OnFindings.optional(),
}

export const Named = z.strictObject({ did: Did, name: FreeText.nullable() })

const SharedMessage = z.strictObject({
  index: Count,
  role: Role,
  createdAt: IsoTime.nullable(),
  parts: z.array(Part),
  text: FreeText,
})
export const Audience = z
  .strictObject({
    contacts: z.array(z.strictObject({ did: Did, name: FreeText.nullable() })),
    circles: z.array(z.strictObject({ circleId: CircleId, name: FreeText.nullable() })),
    link: z.boolean(),
    public: z.boolean(),
  })
  .meta({ id: 'Audience' })
export const SharePreview = z
  .strictObject({
    title: FreeText.nullable(),
    note: FreeText.nullable(),
    messages: z.array(SharedMessage),
    withheld: z.strictObject({ hidden: Count, tools: Count, thinking: Count, attachments: Count }),
    findings: z.array(Finding),
    /** Whether `share create` with the same flags would refuse because of the findings. */
    blocked: z.boolean(),
    /** Attached files and images that would leave without having been looked into: how many, and which. */
    notScanned: Count,
    unscanned: z.array(UnscannedFile).optional(),
    audience: Audience,
    /** Size of the sealed plaintext before compression and padding. */
    bytes: Count,
    digest: z.string(),
  })
  .meta({ id: 'SharePreview' })

export const ShareState = z.enum([
  'scheduled',
  'queued',
  'publishing',
  'published',
  'failed',
  'expired',
  'revoked',
  'exhausted',
])
export type ShareState = z.infer<typeof ShareState>
export const RecipientState = z.enum(['pending', 'queued', 'delivering', 'acknowledged', 'refused', 'ended'])
export type RecipientState = z.infer<typeof RecipientState>
const recipients = z.strictObject({ total: Count, acknowledged: Count })
const shareHead = {
  shareId: ShareId,
  contentId: Cid,
  title: FreeText.nullable(),
  state: ShareState,
  createdAt: IsoTime,
  expiresAt: IsoTime.nullable(),
  permissions: z.array(Permission),
  audience: Audience,
}
export const ShareCreated = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    state: ShareState,
    audience: Audience,
    recipients,
    link: z.string().nullable(),
    expiresAt: IsoTime.nullable(),
    digest: z.string(),
    findings: z.array(Finding),
    /** Files that left without having been looked into. */
    unscanned: z.array(UnscannedFile).optional(),
    ...changed,
  })
  .meta({ id: 'ShareCreated' })
export const ShareSummary = z
  .strictObject({
    ...shareHead,
    /** Whether it is one's own, or came from somebody else. */
    mine: z.boolean(),
    owner: PersonRef,
    recipients,
  })
  .meta({ id: 'ShareSummary' })
export const ShareView = z
  .strictObject({
    ...shareHead,
    recipients: z.array(
      z.strictObject({
        did: Did,
        name: FreeText.nullable(),
        state: RecipientState,
        acknowledgedAt: IsoTime.nullable(),
      }),
    ),
    jobs: z.array(
      z.strictObject({
        step: z.string(),
        attempts: Count,
        lastError: z.string().nullable(),
        nextTryAt: IsoTime.nullable(),
      }),
    ),
    /** What recipients passed on, as far as this node was told; `at` is when. */
    reshares: z.array(
      z.strictObject({
        by: Named,
        to: Named,
        allow: z.array(Permission),
        until: IsoTime.nullable(),
        at: IsoTime,
      }),
    ),
  })
  .meta({ id: 'ShareView' })
export const ShareEvent = z
  .strictObject({
    at: IsoTime,
    shareId: ShareId,
    event: z.string(),
    state: ShareState,
    did: Did.nullable(),
    recipients,
  })
  .meta({ id: 'ShareEvent' })

export const ShareVerified = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    title: FreeText.nullable(),
    mine: z.boolean(),
    owner: PersonRef,
    verified: z.literal(true),
    digest: z.string(),
    /** The owner's signed word on what the filter did; null where the owner let leave what it found. */
    receipt: z
      .strictObject({
        signedAt: IsoTime,
        /** The owner's device, base64url. */
        signedBy: z.string(),
        rules: RuleSet,
        /** Whether this node looks with the same rules today. */
        sameRules: z.boolean(),
        counts: RuleCounts,
      })
      .nullable(),
    /** The rule set with which this node looked now, and what it finds in what was shared. */
    rules: RuleSet,
    clean: z.boolean(),
    findings: z.array(Finding),
    more: Count,
    unscanned: z.array(UnscannedFile),
  })
  .meta({ id: 'ShareVerified' })
const InboxState = z.enum(['new', 'opened', 'held'])
export const InboxItem = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    /** Who sent it: its owner, or who passed it on. */
    from: PersonRef,
    owner: PersonRef,
    title: FreeText.nullable(),
    note: FreeText.nullable(),
    receivedAt: IsoTime,
    state: InboxState,
    expiresAt: IsoTime.nullable(),
    permissions: z.array(Permission),
    noticeId: NoticeId.optional(),
  })
  .meta({ id: 'InboxItem' })
/** `ended` with what was held; `refused` where it may no longer go out. */
export const PassState = z.enum(['pending', 'queued', 'acknowledged', 'refused', 'ended'])
export const OpenedShare = z
  .strictObject({
    share: z.strictObject({
      shareId: ShareId,
      contentId: Cid,
      title: FreeText.nullable(),
      note: FreeText.nullable(),
      permissions: z.array(Permission),
      expiresAt: IsoTime.nullable(),
    }),
    owner: Named,
    /** Who passed it on, with their word to it; null where it came from its owner. */
    passedOn: Named.extend({ note: FreeText.nullable() }).nullable(),
    verified: z.literal(true),
    conversation: z.strictObject({ title: FreeText.nullable(), messages: z.array(SharedMessage) }),
  })
  .meta({ id: 'OpenedShare' })
export const Reshared = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    owner: Named,
    recipients: z.array(Named.extend({ state: PassState })),
    permissions: z.array(Permission),
    expiresAt: IsoTime.nullable(),
    ...changed,
  })
  .meta({ id: 'Reshared' })
