/** The methods of what a user collects: units, notebooks, memories, bundles, profile. Part of `methods.ts`. */
import { z } from 'zod'
import { BundleId, Did, MemoryId, NotebookId } from '../model/id.ts'
import { GivenName } from '../model/name.ts'
import {
  Acu,
  AcuHit,
  AcuKind,
  Bundle,
  BundleView,
  Memory,
  MemoryKind,
  MemoryState,
  Notebook,
  NotebookView,
  ProfileKey,
} from './library-shapes.ts'
import { type Method, none } from './method.ts'
import { Count, changed, FreeText, MessageRanges, Selector } from './shapes.ts'

const Statement = FreeText.min(1).max(2_000)
/** What goes into a notebook: units by id, all units of messages, or a note of one's own. */
const parts = {
  acus: z.array(Selector).max(1_000).default([]),
  conversation: Selector.optional(),
  messages: MessageRanges.optional(),
  text: FreeText.min(1).max(10_000).optional(),
  /** Beside each unit that is added. */
  note: FreeText.min(1).max(10_000).optional(),
}
const items = z.array(Selector).min(1).max(1_000)
const MemoryChanged = Memory.extend(changed)
const query = z.string().max(500)

export const libraryMethods = {
  'acu.list': {
    summary: 'The units of a conversation: what of it stands alone.',
    access: 'read',
    command: '/vivim/conversation/read/acu-list',
    params: z.strictObject({ conversation: Selector, kind: AcuKind.optional() }),
    result: z.strictObject({ acus: z.array(Acu) }),
    errors: ['conversation/not-found', 'id/ambiguous'],
  },
  'acu.show': {
    summary: 'One unit with its place and its neighbours.',
    access: 'read',
    command: '/vivim/conversation/read/acu-show',
    params: z.strictObject({ acu: Selector }),
    result: Acu.extend({ title: FreeText.nullable() }),
    errors: ['acu/not-found', 'id/ambiguous'],
  },
  'acu.search': {
    summary: 'Full-text search that answers with the unit in each message that was found.',
    access: 'read',
    command: '/vivim/conversation/read/acu-search',
    params: z.strictObject({ query, limit: z.number().int().min(1).max(200).default(20) }),
    result: z.strictObject({ hits: z.array(AcuHit) }),
    errors: ['query/invalid'],
  },

  'notebook.create': {
    summary: 'Make a notebook; one of that name is returned as it is.',
    access: 'write',
    params: z.strictObject({ name: GivenName }),
    result: Notebook.extend(changed),
    errors: [],
  },
  'notebook.list': {
    summary: 'Notebooks by name.',
    access: 'read',
    params: none,
    result: z.strictObject({ notebooks: z.array(Notebook) }),
    errors: [],
  },
  'notebook.show': {
    summary: 'One notebook with what stands in it, in order.',
    access: 'read',
    params: z.strictObject({ notebook: Selector }),
    result: NotebookView,
    errors: ['notebook/not-found', 'id/ambiguous'],
  },
  'notebook.add': {
    summary: 'Add units of own conversations, or a note; units keep their text as it is now.',
    access: 'write',
    params: z.strictObject({ notebook: Selector, ...parts }),
    result: Notebook.extend({ added: Count, ...changed }),
    errors: [
      'notebook/not-found',
      'acu/not-found',
      'conversation/not-found',
      'id/ambiguous',
      'library/not-own',
      'library/full',
    ],
  },
  'notebook.remove': {
    summary: 'Take items out of a notebook, by their id or by the id of the unit.',
    access: 'write',
    params: z.strictObject({ notebook: Selector, items }),
    result: Notebook.extend({ removed: Count, ...changed }),
    errors: ['notebook/not-found', 'id/ambiguous'],
  },
  'notebook.delete': {
    summary: 'Delete a notebook with its copies; conversations and shares stay.',
    access: 'write',
    params: z.strictObject({ notebook: Selector }),
    result: z.strictObject({ notebookId: NotebookId, name: FreeText, ...changed }),
    errors: ['notebook/not-found', 'id/ambiguous'],
  },

  'bundle.create': {
    summary: 'Make a context bundle; one of that name is returned as it is.',
    access: 'write',
    params: z.strictObject({ name: GivenName }),
    result: Bundle.extend(changed),
    errors: [],
  },
  'bundle.list': {
    summary: 'Context bundles by name.',
    access: 'read',
    params: none,
    result: z.strictObject({ bundles: z.array(Bundle) }),
    errors: [],
  },
  'bundle.show': {
    summary: 'One bundle with what stands in it, in order.',
    access: 'read',
    params: z.strictObject({ bundle: Selector }),
    result: BundleView,
    errors: ['bundle/not-found', 'id/ambiguous'],
  },
  'bundle.add': {
    summary: 'Add units, memories that were kept, whole notebooks, or a note.',
    access: 'write',
    params: z.strictObject({
      bundle: Selector,
      ...parts,
      memories: z.array(Selector).max(1_000).default([]),
      notebooks: z.array(Selector).max(100).default([]),
    }),
    result: Bundle.extend({ added: Count, ...changed }),
    errors: [
      'bundle/not-found',
      'notebook/not-found',
      'memory/not-found',
      'memory/not-kept',
      'acu/not-found',
      'conversation/not-found',
      'id/ambiguous',
      'library/not-own',
      'library/full',
    ],
  },
  'bundle.remove': {
    summary: 'Take items out of a bundle, by their id or by the id of what they stand for.',
    access: 'write',
    params: z.strictObject({ bundle: Selector, items }),
    result: Bundle.extend({ removed: Count, ...changed }),
    errors: ['bundle/not-found', 'id/ambiguous'],
  },
  'bundle.render': {
    summary: 'A bundle as Markdown or JSON within a budget of estimated tokens, and what did not fit.',
    access: 'read',
    params: z.strictObject({
      bundle: Selector,
      format: z.enum(['markdown', 'json']).default('markdown'),
      budget: z.number().int().min(100).max(10_000_000).default(4_000),
    }),
    result: z.strictObject({
      bundleId: BundleId,
      name: FreeText,
      format: z.enum(['markdown', 'json']),
      budget: Count,
      /** Estimated for `text`, never over the budget. */
      tokens: Count,
      text: FreeText,
      leftOut: z.array(z.strictObject({ itemId: z.string(), tokens: Count, text: FreeText })),
    }),
    errors: ['bundle/not-found', 'id/ambiguous'],
  },
  'bundle.delete': {
    summary: 'Delete a bundle; what it was made of stays.',
    access: 'write',
    params: z.strictObject({ bundle: Selector }),
    result: z.strictObject({ bundleId: BundleId, name: FreeText, ...changed }),
    errors: ['bundle/not-found', 'id/ambiguous'],
  },

  'memory.add': {
    summary: 'Keep a short statement, with where it comes from.',
    access: 'write',
    params: z.strictObject({
      text: Statement,
      /** Of a new one `factual` where it is not said; of one that is there, its new kind. */
      kind: MemoryKind.optional(),
      /** A unit or a conversation of one's own. */
      acu: Selector.optional(),
      conversation: Selector.optional(),
    }),
    result: MemoryChanged,
    errors: ['acu/not-found', 'conversation/not-found', 'id/ambiguous', 'library/not-own', 'library/full'],
  },
  'memory.list': {
    summary: 'Memories, newest first; rejected ones only when asked for.',
    access: 'read',
    command: '/vivim/memory/read/list',
    params: z.strictObject({
      kind: MemoryKind.optional(),
      state: MemoryState.optional(),
      /** Words that must all occur. */
      query: query.optional(),
    }),
    result: z.strictObject({ memories: z.array(Memory) }),
    errors: [],
  },
  'memory.show': {
    summary: 'One memory.',
    access: 'read',
    command: '/vivim/memory/read/show',
    params: z.strictObject({ memory: Selector }),
    result: Memory,
    errors: ['memory/not-found', 'id/ambiguous'],
  },
  'memory.edit': {
    summary: 'Change the words or the kind of a memory.',
    access: 'write',
    params: z.strictObject({ memory: Selector, text: Statement.optional(), kind: MemoryKind.optional() }),
    result: MemoryChanged,
    errors: ['memory/not-found', 'memory/exists', 'id/ambiguous', 'usage/invalid'],
  },
  'memory.accept': {
    summary: 'Keep what was proposed or rejected.',
    access: 'write',
    params: z.strictObject({ memory: Selector }),
    result: MemoryChanged,
    errors: ['memory/not-found', 'id/ambiguous'],
  },
  'memory.reject': {
    summary: 'Not this one: it is not proposed again, and leaves with no bundle.',
    access: 'write',
    params: z.strictObject({ memory: Selector }),
    result: MemoryChanged,
    errors: ['memory/not-found', 'id/ambiguous'],
  },
  'memory.remove': {
    summary: 'Delete a memory.',
    access: 'write',
    params: z.strictObject({ memory: Selector }),
    result: z.strictObject({ memoryId: MemoryId, ...changed }),
    errors: ['memory/not-found', 'id/ambiguous'],
  },
  'memory.propose': {
    summary:
      'Propose the memories that an assistant had written down, in a conversation or in a file of its export.',
    access: 'write',
    command: '/vivim/memory/propose',
    params: z.strictObject({
      conversation: Selector.optional(),
      /** The text of Claude.ai's `memories.json`. */
      file: z.string().max(700_000).optional(),
    }),
    result: z.strictObject({ proposed: z.array(Memory), ...changed }),
    errors: [
      'conversation/not-found',
      'id/ambiguous',
      'library/full',
      'library/not-own',
      'import/unreadable',
    ],
  },

  'profile.show': {
    summary: 'What the user wrote down about themselves; it stays on this node.',
    access: 'read',
    params: none,
    result: z.strictObject({ did: Did, name: FreeText, profile: z.record(z.string(), FreeText) }),
    errors: [],
  },
  'profile.set': {
    summary: 'Set one value of the profile.',
    access: 'write',
    params: z.strictObject({ key: ProfileKey, value: FreeText.min(1).max(10_000) }),
    result: z.strictObject({ key: z.string(), value: FreeText, ...changed }),
    errors: ['library/full'],
  },
  'profile.unset': {
    summary: 'Remove one value of the profile.',
    access: 'write',
    params: z.strictObject({ key: ProfileKey }),
    result: z.strictObject({ key: z.string(), ...changed }),
    errors: [],
  },
} as const satisfies Record<string, Method>
