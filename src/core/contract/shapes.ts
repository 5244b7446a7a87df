/** The shapes that several methods share, as `docs/operating.md` and the command line's `--json` name them. */
import { z } from 'zod'
import { Part, Role } from '../model/conversation.ts'
import { Cid, CircleId, ConversationId, Did, IsoTime, NoticeId, ShareId } from '../model/id.ts'

/** Text a user or another person chose: printed only with control and bidirectional characters made visible. */
export const FreeText = z.string()
/** An id, a unique prefix of one, or where it says so an alias. */
export const Selector = z.string().min(1).max(256)
/** A duration or an instant as the user wrote it (`30d`, `2027-01-01T00:00:00Z`, `never`); kept as given. */
export const TimeText = z.string().min(1).max(64)
/** A name that the user gives to a contact or a circle: something of it can be seen. */
export const GivenName = z.string().max(100).regex(/\S/, 'a name has something that can be seen')
export const Count = z.number().int().nonnegative()

export const Warning = z
  .looseObject({
    code: z.string(),
    severity: z.enum(['info', 'warning', 'error']),
    message: z.string(),
    hint: z.string(),
  })
  .meta({ id: 'Warning' })

export const Skipped = z.strictObject({ where: z.string(), reason: z.string() })
export const ImportFileReport = z
  .strictObject({
    path: FreeText,
    format: z.string().nullable(),
    read: Count,
    imported: Count,
    updated: Count,
    unchanged: Count,
    empty: Count,
    skipped: z.array(Skipped),
    /** What the owner should know of how conversations were taken in; absent where there is nothing. */
    notes: z.array(z.strictObject({ where: z.string(), note: z.string() })).optional(),
  })
  .meta({ id: 'ImportFileReport' })
export const ImportReport = z
  .strictObject({
    files: z.array(ImportFileReport),
    totals: z.strictObject({
      read: Count,
      imported: Count,
      updated: Count,
      unchanged: Count,
      empty: Count,
      skipped: Count,
    }),
  })
  .meta({ id: 'ImportReport' })

export const ConversationSummary = z
  .strictObject({
    id: ConversationId,
    title: FreeText.nullable(),
    provider: z.string(),
    model: z.string().nullable(),
    createdAt: IsoTime.nullable(),
    updatedAt: IsoTime.nullable(),
    messages: Count,
  })
  .meta({ id: 'ConversationSummary' })
export const StoredMessage = z
  .strictObject({
    id: z.string(),
    /** Counts visible messages of the active branch from 1; null for the others. */
    index: Count.nullable(),
    role: Role,
    createdAt: IsoTime.nullable(),
    hidden: z.boolean(),
    branch: z.string(),
    parts: z.array(Part),
    text: FreeText,
  })
  .meta({ id: 'StoredMessage' })
export const ConversationView = z
  .strictObject({
    id: ConversationId,
    title: FreeText.nullable(),
    provider: z.string(),
    model: z.string().nullable(),
    createdAt: IsoTime.nullable(),
    messages: z.array(StoredMessage),
  })
  .meta({ id: 'ConversationView' })
export const SearchHit = z
  .strictObject({
    /** A conversation's id, or the share id of something opened from the inbox. */
    conversationId: z.string(),
    messageId: z.string(),
    title: FreeText.nullable(),
    snippet: FreeText,
    score: z.number(),
  })
  .meta({ id: 'SearchHit' })

export const ContactState = z.enum(['known', 'stranger', 'verified', 'blocked'])
export const Contact = z
  .strictObject({
    did: Did,
    name: FreeText.nullable(),
    state: ContactState,
    reachable: z.boolean(),
    lastSeen: IsoTime.nullable(),
  })
  .meta({ id: 'Contact' })
/** A person as shown beside what they did: the name is the alias the user gave, or null. */
export const PersonRef = z
  .strictObject({ did: Did, name: FreeText.nullable(), state: ContactState })
  .meta({ id: 'PersonRef' })

/** What a member can be made; the owner is who began the circle or was given it. */
export const GivenRole = z.enum(['admin', 'member', 'reader'])
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
    /** Display number of the current epoch, from 1; 0 while none is known here. */
    epoch: Count,
    members: z.array(CircleMember),
    /** What one is to it oneself; `closed` when its owner ended it. */
    state: z.enum(['active', 'left', 'removed', 'closed']),
  })
  .meta({ id: 'Circle' })
export const changed = { changed: z.boolean() }

export const Permission = z.enum(['view', 'quote', 'annotate', 'remix', 'reshare'])
export const Include = z.enum(['tools', 'thinking', 'attachments', 'hidden'])
/** Public search and feeds are not there yet: what is shared reaches who was named, and is found nowhere else. */
export const Discoverable = z.enum(['none'])
export const OnFindings = z.enum(['block', 'redact', 'allow'])

/** Ranges of visible message numbers, such as `3-9,12`. */
export const MessageRanges = z
  .string()
  .max(4096)
  .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/)

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

export const Finding = z
  .strictObject({
    rule: z.string(),
    severity: z.enum(['secret', 'personal']),
    /** Number of the message in the copy, from 1; 0 for title and note. */
    messageIndex: Count,
    /** `title`, `note`, or the kind of part and its field: `text`, `toolCall.input`, `attachment.name`, `attachment.file`. */
    where: z.string().optional(),
    /** How often the value stands there. */
    places: Count.optional(),
    /** The value, masked. */
    preview: z.string(),
    /** What would stand in its place, or null where findings are not redacted. */
    replacement: z.string().nullable(),
  })
  .meta({ id: 'Finding' })
/** A file whose bytes are not text: no rule can look into it. */
export const UnscannedFile = z
  .strictObject({ messageIndex: Count, name: FreeText.nullable(), mime: FreeText.nullable(), bytes: Count })
  .meta({ id: 'UnscannedFile' })
export const SharedMessage = z.strictObject({
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

/** Numbers of places by rule. */
const RuleCounts = z.record(z.string(), Count)
const RuleSet = z.string().regex(/^[0-9a-f]{64}$/)
/** What was found in something that was looked over; `messageIndex` is null for a hidden message or one of another branch. */
export const ScanFinding = Finding.extend({
  messageIndex: Count.nullable(),
  /** The message's id in its conversation; null for a title, and in shares. */
  messageId: z.string().nullable(),
}).meta({ id: 'ScanFinding' })
const scanned = {
  messages: Count,
  /** How many different findings there are of each severity. */
  secrets: Count,
  personal: Count,
  counts: RuleCounts,
  /** The first of them; `more` says how many were left out. */
  findings: z.array(ScanFinding),
  more: Count,
  /** Files into which no rule can look. */
  notScanned: Count,
  /** The code of what kept the filter from finishing, or null: then what is said here is not all. */
  error: z.string().nullable(),
}
export const ScannedConversation = z
  .strictObject({
    conversationId: ConversationId,
    title: FreeText.nullable(),
    provider: z.string(),
    ...scanned,
  })
  .meta({ id: 'ScannedConversation' })
export const ScannedShare = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    title: FreeText.nullable(),
    state: ShareState,
    expiresAt: IsoTime.nullable(),
    audience: Audience,
    ...scanned,
  })
  .meta({ id: 'ScannedShare' })
export const scanPage = {
  /** Looked at for this page, with those in which nothing was found and which are not named. */
  scanned: Count,
  messages: Count,
  /** Files of all that was looked at into which no rule can look. */
  notScanned: Count,
  /** Of all pages. */
  total: Count,
  /** For the next page, or null at the end. */
  next: z.string().nullable(),
  rules: RuleSet,
}
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
export const FilterEntry = z
  .strictObject({ text: FreeText, masked: z.boolean(), addedAt: IsoTime })
  .meta({ id: 'FilterEntry' })
export const FilterLists = z
  .strictObject({
    deny: z.array(FilterEntry.extend({ severity: z.enum(['secret', 'personal']) })),
    allow: z.array(FilterEntry),
    /** Hash of all rules and of both lists, as redaction receipts name it. */
    rules: RuleSet,
  })
  .meta({ id: 'FilterLists' })

export const InboxState = z.enum(['new', 'opened', 'held'])
export const InboxItem = z
  .strictObject({
    shareId: ShareId,
    contentId: Cid,
    from: PersonRef,
    title: FreeText.nullable(),
    note: FreeText.nullable(),
    receivedAt: IsoTime,
    state: InboxState,
    expiresAt: IsoTime.nullable(),
    permissions: z.array(Permission),
    noticeId: NoticeId.optional(),
  })
  .meta({ id: 'InboxItem' })
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
    owner: z.strictObject({ did: Did, name: FreeText.nullable() }),
    verified: z.literal(true),
    conversation: z.strictObject({ title: FreeText.nullable(), messages: z.array(SharedMessage) }),
  })
  .meta({ id: 'OpenedShare' })

export const Peer = z
  .strictObject({
    peerId: z.string(),
    addrs: z.array(z.string()),
    direction: z.enum(['inbound', 'outbound']),
    did: Did.nullable(),
    latencyMs: z.number().nullable(),
  })
  .meta({ id: 'Peer' })
