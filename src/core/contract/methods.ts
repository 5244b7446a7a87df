/** The only description of the RPC: every method with who may call it, what it takes, gives and throws. */
import { z } from 'zod'
import type { ErrorCode } from '../kernel/errors.ts'
import { Cid, Did, IsoTime, ShareId } from '../model/id.ts'
import { libraryMethods } from './library-methods.ts'
import {
  Circle,
  Contact,
  ContactState,
  ConversationSummary,
  ConversationView,
  Count,
  changed,
  FilterLists,
  FreeText,
  GivenName,
  GivenRole,
  ImportFileReport,
  ImportReport,
  InboxItem,
  OpenedShare,
  Peer,
  ScannedConversation,
  ScannedShare,
  SearchHit,
  Selector,
  ShareCreated,
  ShareEvent,
  SharePreview,
  ShareState,
  ShareSummary,
  ShareTerms,
  ShareVerified,
  ShareView,
  ShareWhat,
  ShareWho,
  scanPage,
  TimeText,
  Warning,
} from './shapes.ts'

/** Who may call: anybody on the socket, a user's session for reading or writing, the operator of the node. */
export type Access = 'open' | 'read' | 'write' | 'operator'

export interface Method {
  summary: string
  access: Access
  params: z.ZodType
  result: z.ZodType
  errors: readonly ErrorCode[]
  /** How long the daemon works on one call at most, unless the caller gives less. */
  timeoutMs?: number
  /** The shape of the notifications that follow, for subscriptions. */
  event?: z.ZodType
}

const none = z.strictObject({})
const page = { limit: z.number().int().min(1).max(1000).default(50), cursor: z.string().max(256).optional() }
const waitMs = z.number().int().min(0).max(3_600_000)
const CircleChanged = Circle.extend(changed)
const ContactChanged = Contact.extend(changed)
const Secret = z.string().max(4096)
const listEntries = {
  list: z.enum(['deny', 'allow']),
  texts: z.array(FreeText.min(1).max(4096)).min(1).max(1000),
}
const scanWhat = {
  severity: z.enum(['secret', 'personal']).optional(),
  cursor: z.string().max(256).optional(),
}

export const methods = {
  'system.hello': {
    summary: 'Say the contract version and choose the user; must be the first call on a connection.',
    access: 'open',
    params: z.strictObject({
      contract: z.number().int(),
      client: z.string().max(100),
      as: Selector.optional(),
      token: z.string().max(4096).optional(),
    }),
    result: z.looseObject({
      contract: z.number().int(),
      version: z.string(),
      pid: z.number().int(),
      frameBytes: z.number().int(),
      user: z.strictObject({ did: Did, name: FreeText }),
    }),
    errors: ['rpc/version'],
  },
  'system.methods': {
    summary: 'List every method with its summary and access.',
    access: 'open',
    params: none,
    result: z.strictObject({
      methods: z.array(z.strictObject({ name: z.string(), summary: z.string(), access: z.string() })),
    }),
    errors: [],
  },
  'system.status': {
    summary: 'State of daemon, identity, network, queue and storage, with warnings.',
    access: 'read',
    params: none,
    result: z.looseObject({
      daemon: z.looseObject({
        version: z.string(),
        pid: z.number(),
        uptimeMs: z.number(),
        rssBytes: z.number(),
      }),
      identity: z.looseObject({ did: Did, name: FreeText, unlocked: z.boolean() }),
      network: z.looseObject({
        peerId: z.string(),
        addrs: z.array(z.string()),
        peers: Count,
        reachability: z.string(),
      }),
      queue: z.looseObject({ pending: Count, failed: Count, oldestAgeMs: z.number().nullable() }),
      storage: z.looseObject({ masterEngine: z.enum(['sqlite', 'postgres']), blocksBytes: Count }),
      warnings: z.array(Warning),
    }),
    errors: [],
  },
  'system.doctor': {
    summary: 'Check the node and say what to mend.',
    access: 'read',
    params: none,
    result: z.strictObject({
      ok: z.boolean(),
      checks: z.array(
        z.strictObject({
          code: z.string(),
          ok: z.boolean(),
          severity: z.enum(['info', 'warning', 'error']),
          message: z.string(),
          hint: z.string(),
        }),
      ),
    }),
    errors: [],
  },
  'system.stop': {
    summary: 'Stop the daemon cleanly; it answers before it ends.',
    access: 'operator',
    params: none,
    result: z.strictObject({ stopped: z.boolean() }),
    errors: [],
  },
  'system.unsubscribe': {
    summary: 'End a subscription of this connection.',
    access: 'open',
    params: z.strictObject({ subscription: z.string().max(64) }),
    result: z.strictObject(changed),
    errors: [],
  },

  'keystore.unlock': {
    summary: 'Unlock the keystore into the daemon, for a while or until it stops.',
    access: 'write',
    params: z.strictObject({ passphrase: Secret.optional(), for: TimeText.optional() }),
    result: z.strictObject({ unlocked: z.boolean(), until: IsoTime.nullable(), ...changed }),
    errors: ['keystore/wrong-passphrase', 'keystore/corrupt'],
  },
  'keystore.lock': {
    summary: 'Forget the unlocked keys.',
    access: 'write',
    params: none,
    result: z.strictObject({ unlocked: z.boolean(), ...changed }),
    errors: [],
  },
  'identity.show': {
    summary: 'The own identity: DID, devices, document and whether the recovery seed was exported.',
    access: 'read',
    params: none,
    result: z.looseObject({
      did: Did,
      name: FreeText,
      sequence: Count,
      createdAt: IsoTime,
      expiresAt: IsoTime,
      devices: z.array(
        z.looseObject({ key: z.string(), addedAt: IsoTime, current: z.boolean(), revoked: z.boolean() }),
      ),
      exported: z.boolean(),
    }),
    errors: [],
  },
  'identity.export': {
    summary: 'The encrypted export with identity key and recovery seed, for the caller to write to a file.',
    access: 'write',
    params: z.strictObject({ passphrase: Secret.min(1) }),
    result: z.strictObject({ fileB64: z.string(), sha256: z.string() }),
    errors: ['keystore/locked'],
  },
  'identity.exported': {
    summary: 'Confirm that the export is safely on disk; the node then deletes its recovery seed.',
    access: 'write',
    params: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    result: z.strictObject(changed),
    errors: ['usage/invalid'],
  },

  'peer.list': {
    summary: 'Connected peers.',
    access: 'read',
    params: none,
    result: z.strictObject({ peers: z.array(Peer) }),
    errors: [],
  },
  'peer.connect': {
    summary: 'Dial a multiaddr.',
    access: 'write',
    params: z.strictObject({ address: z.string().min(1).max(512) }),
    result: Peer.extend(changed),
    errors: ['peer/bad-address', 'peer/unreachable'],
  },
  'peer.block': {
    summary: 'Cut a peer off and refuse it from now on.',
    access: 'operator',
    params: z.strictObject({ peer: z.string().min(1).max(128) }),
    result: z.strictObject({ peerId: z.string(), ...changed }),
    errors: ['peer/bad-address'],
  },
  'peer.unblock': {
    summary: 'Allow a blocked peer again.',
    access: 'operator',
    params: z.strictObject({ peer: z.string().min(1).max(128) }),
    result: z.strictObject({ peerId: z.string(), ...changed }),
    errors: ['peer/bad-address'],
  },

  'import.begin': {
    summary: 'Begin an import; its files follow as chunks of bytes.',
    access: 'write',
    params: none,
    result: z.strictObject({ importId: z.string() }),
    errors: ['rpc/busy'],
  },
  'import.file': {
    summary: 'Begin one file of an import; `path` is only a label in the report.',
    access: 'write',
    params: z.strictObject({
      importId: z.string(),
      path: FreeText.max(4096),
      size: Count.optional(),
      /** Leave the file out of the report of the import when it is of no known format: nobody named it. */
      ifKnown: z.boolean().default(false),
      /** Leave the file out of the report when it is known to hold no conversations, as what lies beside them in an export. */
      inFolder: z.boolean().default(false),
      /** For a SQLite database: bytes of its write-ahead log, sent after the `size` bytes of the database. */
      walBytes: Count.optional(),
    }),
    result: z.strictObject({ fileId: z.string() }),
    errors: ['usage/invalid'],
  },
  'import.chunk': {
    summary: 'The next bytes of a file, base64; answers when the daemon is ready for more.',
    access: 'write',
    params: z.strictObject({ fileId: z.string(), dataB64: z.string().max(768 * 1024) }),
    result: z.strictObject({
      receivedBytes: Count,
      read: Count,
      messages: Count,
      /** No more bytes of this file are wanted: it cannot be read, or not further. */
      enough: z.boolean(),
    }),
    errors: ['usage/invalid', 'storage/full'],
    timeoutMs: 300_000,
  },
  'import.endFile': {
    summary:
      'No more bytes: finish the file and report; a file that could not be read says why in `skipped`.',
    access: 'write',
    params: z.strictObject({ fileId: z.string() }),
    result: ImportFileReport,
    errors: ['storage/full'],
    timeoutMs: 3_600_000,
  },
  'import.finish': {
    summary: 'End the import and give the whole report.',
    access: 'write',
    params: z.strictObject({ importId: z.string() }),
    result: ImportReport,
    errors: [],
  },

  'conversation.list': {
    summary: 'Conversations, newest first.',
    access: 'read',
    params: z.strictObject({
      query: z.string().max(500).optional(),
      provider: z.string().max(64).optional(),
      ...page,
    }),
    result: z.strictObject({ conversations: z.array(ConversationSummary), next: z.string().nullable() }),
    errors: ['query/invalid'],
  },
  'conversation.show': {
    summary: 'One conversation with its messages.',
    access: 'read',
    params: z.strictObject({
      conversation: Selector,
      allBranches: z.boolean().default(false),
      hidden: z.boolean().default(false),
    }),
    result: ConversationView,
    errors: ['conversation/not-found', 'id/ambiguous'],
  },
  'conversation.search': {
    summary:
      'Full-text search over own conversations and opened shares, with phrases, role:, provider:, before:, after: and code:.',
    access: 'read',
    params: z.strictObject({
      query: z.string().max(500),
      limit: z.number().int().min(1).max(200).default(20),
    }),
    result: z.strictObject({ hits: z.array(SearchHit) }),
    errors: ['query/invalid'],
  },
  'conversation.export': {
    summary: 'One conversation as Markdown, or as the JSON document that `import` reads back.',
    access: 'read',
    params: z.strictObject({
      conversation: Selector,
      format: z.enum(['markdown', 'json']).default('markdown'),
      /** Markdown links images and attachments to files of this folder. */
      assetFolder: FreeText.max(4096).optional(),
    }),
    result: z.strictObject({
      id: z.string(),
      format: z.string(),
      text: FreeText,
      /** What `conversation.asset` gives the bytes of; `name` is the file that Markdown links to. */
      assets: z.array(
        z.strictObject({ sha256: z.string(), name: z.string(), mime: z.string().nullable(), bytes: Count }),
      ),
    }),
    errors: ['conversation/not-found', 'id/ambiguous'],
  },
  'conversation.asset': {
    summary: 'The next bytes of an image or attachment of a conversation, base64; none at its end.',
    access: 'read',
    params: z.strictObject({
      conversation: Selector,
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      offset: Count.default(0),
    }),
    result: z.strictObject({ dataB64: z.string() }),
    errors: ['conversation/not-found', 'id/ambiguous'],
  },
  'conversation.delete': {
    summary: 'Delete a conversation from the own database; shares of it stay.',
    access: 'write',
    params: z.strictObject({ conversation: Selector }),
    result: z.strictObject({
      id: z.string(),
      /** Notebooks and bundles that keep copies of some of its units. */
      keptIn: z.array(z.strictObject({ id: z.string(), name: FreeText, items: Count })),
      ...changed,
    }),
    errors: ['conversation/not-found', 'id/ambiguous'],
  },

  ...libraryMethods,

  'contact.card': {
    summary: 'The own contact card: one line to give to others.',
    access: 'read',
    params: z.strictObject({ renew: z.boolean().default(false) }),
    result: z.strictObject({ card: z.string(), did: Did, name: FreeText }),
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
    params: z.strictObject({ state: ContactState.optional() }),
    result: z.strictObject({ contacts: z.array(Contact) }),
    errors: [],
  },
  'contact.accept': {
    summary: 'Accept a stranger; what they sent is released.',
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
    summary: 'Make a circle with oneself as owner.',
    access: 'write',
    params: z.strictObject({ name: GivenName }),
    result: CircleChanged,
    errors: ['keystore/locked'],
  },
  'circle.list': {
    summary: 'Circles one is in.',
    access: 'read',
    params: none,
    result: z.strictObject({ circles: z.array(Circle) }),
    errors: [],
  },
  'circle.show': {
    summary: 'One circle with its members.',
    access: 'read',
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
      role: GivenRole.default('member'),
    }),
    result: CircleChanged,
    errors: ['circle/not-found', 'contact/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.remove': {
    summary: 'Take members out, under a new key; what they already have stays with them.',
    access: 'write',
    params: z.strictObject({ circle: Selector, contacts: z.array(Selector).min(1).max(256) }),
    result: CircleChanged,
    errors: ['circle/not-found', 'contact/not-found', 'circle/denied', 'circle/closed', 'keystore/locked'],
  },
  'circle.leave': {
    summary: 'Leave a circle; what was shared before stays.',
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
    params: z.strictObject({ circle: Selector, name: FreeText.min(1).max(100) }),
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

  'share.preview': {
    summary: 'Exactly what would leave, with findings and the digest of its bytes.',
    access: 'read',
    params: z.strictObject({ ...ShareWhat, ...ShareWho, onFindings: ShareTerms.onFindings }),
    result: SharePreview,
    errors: [
      'conversation/not-found',
      'notebook/not-found',
      'bundle/not-found',
      'acu/not-found',
      'usage/invalid',
      'share/nothing-selected',
      'filter/failed',
    ],
    timeoutMs: 120_000,
  },
  'share.create': {
    summary: 'Seal a conversation for an audience, store it and queue it for publishing.',
    access: 'write',
    params: z.strictObject({
      ...ShareWhat,
      ...ShareWho,
      ...ShareTerms,
      expectDigest: z.string().max(128).optional(),
      wait: z.enum(['queued', 'published', 'acknowledged']).default('queued'),
      waitMs: waitMs.default(30_000),
      again: z.boolean().default(false),
      key: z.string().min(1).max(200).optional(),
    }),
    result: ShareCreated,
    errors: [
      'conversation/not-found',
      'notebook/not-found',
      'bundle/not-found',
      'acu/not-found',
      'usage/invalid',
      'contact/not-found',
      'circle/not-found',
      'circle/denied',
      'circle/closed',
      'share/no-audience',
      'share/nothing-selected',
      'share/denied',
      'share/digest-mismatch',
      'share/key-reused',
      'filter/findings',
      'filter/failed',
      'keystore/locked',
    ],
    timeoutMs: 3_700_000,
  },
  'share.list': {
    summary: 'Shares, own and received, newest first.',
    access: 'read',
    params: z.strictObject({
      state: ShareState.optional(),
      side: z.enum(['mine', 'received', 'all']).default('all'),
    }),
    result: z.strictObject({ shares: z.array(ShareSummary) }),
    errors: [],
  },
  'share.show': {
    summary: 'One own share with its recipients and jobs.',
    access: 'read',
    params: z.strictObject({ share: Selector }),
    result: ShareView,
    errors: ['share/not-found', 'id/ambiguous'],
  },
  'share.watch': {
    summary: 'Follow the events of one own share, or of all.',
    access: 'read',
    params: z.strictObject({ share: Selector.optional() }),
    result: z.strictObject({ subscription: z.string() }),
    errors: ['share/not-found', 'id/ambiguous'],
    event: ShareEvent,
  },
  'share.revoke': {
    summary: 'Take a share back: a tombstone goes out, delivery stops, grants and blocks are dropped.',
    access: 'write',
    params: z.strictObject({ share: Selector, reason: FreeText.max(500).optional() }),
    result: z.strictObject({ shareId: ShareId, state: ShareState, ...changed }),
    errors: ['share/not-found', 'id/ambiguous'],
  },
  'share.retry': {
    summary: 'Try the waiting deliveries of a share now.',
    access: 'write',
    params: z.strictObject({ share: Selector }),
    result: z.strictObject({ shareId: ShareId, state: ShareState, ...changed }),
    errors: ['share/not-found', 'id/ambiguous', 'share/revoked', 'share/expired'],
  },

  'share.verify': {
    summary: 'Check a share again: bytes, owner, redaction receipt, and what the rules of today find in it.',
    access: 'read',
    params: z.strictObject({ share: Selector }),
    result: ShareVerified,
    errors: [
      'share/not-found',
      'id/ambiguous',
      'share/not-verified',
      'share/revoked',
      'share/expired',
      'contact/stranger',
      'keystore/locked',
      'filter/failed',
    ],
    timeoutMs: 300_000,
  },
  'share.reissue': {
    summary:
      'Replace a live share: the same bytes redacted by the rules of today, for the same audience on the same terms.',
    access: 'write',
    params: z.strictObject({ share: Selector }),
    result: ShareCreated.extend({ replaces: ShareId }),
    errors: [
      'share/not-found',
      'id/ambiguous',
      'share/revoked',
      'share/expired',
      'keystore/locked',
      'filter/failed',
    ],
    timeoutMs: 300_000,
  },
  'scan.conversations': {
    summary: 'Look over own conversations, all of each, with the rules of today: a page of what was found.',
    access: 'read',
    params: z.strictObject({ conversation: Selector.optional(), ...scanWhat }),
    result: z.strictObject({ conversations: z.array(ScannedConversation), ...scanPage }),
    errors: ['conversation/not-found', 'id/ambiguous', 'usage/invalid'],
    timeoutMs: 600_000,
  },
  'scan.shares': {
    summary: 'Look over own live shares with the rules of today: a page of what should not be out.',
    access: 'read',
    params: z.strictObject({ share: Selector.optional(), ...scanWhat }),
    result: z.strictObject({ shares: z.array(ScannedShare), ...scanPage }),
    errors: ['share/not-found', 'id/ambiguous', 'share/revoked', 'share/expired', 'keystore/locked'],
    timeoutMs: 600_000,
  },
  'filter.list': {
    summary: 'The own deny and allow list; secret entries masked unless `reveal`.',
    access: 'read',
    params: z.strictObject({ reveal: z.boolean().default(false) }),
    result: FilterLists,
    errors: [],
  },
  'filter.add': {
    summary: 'Add texts to the deny list, or values or `rule:NAME` to the allow list.',
    access: 'write',
    params: z.strictObject({ ...listEntries, severity: z.enum(['secret', 'personal']).default('personal') }),
    result: z.strictObject({ list: listEntries.list, added: Count, entries: Count, ...changed }),
    errors: ['usage/invalid'],
  },
  'filter.remove': {
    summary: 'Take texts from the deny or allow list.',
    access: 'write',
    params: z.strictObject(listEntries),
    result: z.strictObject({ list: listEntries.list, removed: Count, entries: Count, ...changed }),
    errors: [],
  },

  'inbox.list': {
    summary: 'What others shared; with `waitMs`, returns when something new is there.',
    access: 'read',
    params: z.strictObject({ waitMs: waitMs.optional() }),
    result: z.strictObject({ items: z.array(InboxItem) }),
    errors: ['inbox/nothing-new'],
    timeoutMs: 3_700_000,
  },
  'inbox.open': {
    summary: 'Open a received share: verified, decrypted, indexed for search.',
    access: 'write',
    params: z.strictObject({ share: Selector }),
    result: OpenedShare,
    errors: [
      'share/not-found',
      'id/ambiguous',
      'contact/stranger',
      'keystore/locked',
      'share/revoked',
      'share/expired',
      'crypto/cannot-open',
    ],
    timeoutMs: 120_000,
  },
  'inbox.forget': {
    summary: 'Remove a received share with its blocks, grant, opened text and index.',
    access: 'write',
    params: z.strictObject({ share: Selector }),
    result: z.strictObject({ shareId: ShareId, contentId: Cid, ...changed }),
    errors: ['share/not-found', 'id/ambiguous'],
  },
} as const satisfies Record<string, Method>

export type MethodName = keyof typeof methods
/** What a caller may write: defaults may be left out. */
export type Params<M extends MethodName> = z.input<(typeof methods)[M]['params']>
/** What a handler gets: defaults filled in. */
export type ParsedParams<M extends MethodName> = z.output<(typeof methods)[M]['params']>
export type Result<M extends MethodName> = z.output<(typeof methods)[M]['result']>

/** One handler a method; a missing one fails the build. `C` is what the dispatcher knows of the caller. */
export type Handlers<C> = {
  [M in MethodName]: (caller: C, params: ParsedParams<M>, signal: AbortSignal) => Promise<Result<M>>
}
