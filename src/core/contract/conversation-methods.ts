/** The methods that bring conversations in, show them and give them out. Part of `methods.ts`. */
import { z } from 'zod'
import {
  ConversationSummary,
  ConversationView,
  ImportFileReport,
  ImportReport,
  SearchHit,
} from './conversation-shapes.ts'
import { type Method, none } from './method.ts'
import { Count, changed, FreeText, Selector } from './shapes.ts'

const page = { limit: z.number().int().min(1).max(1000).default(50), cursor: z.string().max(256).optional() }

export const conversationMethods = {
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
    command: '/vivim/conversation/read/list',
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
    command: '/vivim/conversation/read/show',
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
    command: '/vivim/conversation/read/search',
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
    command: '/vivim/conversation/read/export',
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
    command: '/vivim/conversation/read/asset',
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
    command: '/vivim/conversation/delete',
    params: z.strictObject({ conversation: Selector }),
    result: z.strictObject({
      id: z.string(),
      /** Notebooks and bundles that keep copies of some of its units. */
      keptIn: z.array(z.strictObject({ id: z.string(), name: FreeText, items: Count })),
      ...changed,
    }),
    errors: ['conversation/not-found', 'id/ambiguous'],
  },
} as const satisfies Record<string, Method>
