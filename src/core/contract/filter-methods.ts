/** The methods of the content filter: scans, and the own deny and allow list. Part of `methods.ts`. */
import { z } from 'zod'
import { FilterLists } from './filter-shapes.ts'
import type { Method } from './method.ts'
import { ScannedConversation, ScannedShare, scanPage } from './scan-shapes.ts'
import { Count, changed, FreeText, Selector } from './shapes.ts'

const listEntries = {
  list: z.enum(['deny', 'allow']),
  texts: z.array(FreeText.min(1).max(4096)).min(1).max(1000),
}
const scanWhat = {
  severity: z.enum(['secret', 'personal']).optional(),
  cursor: z.string().max(256).optional(),
}

export const filterMethods = {
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
} as const satisfies Record<string, Method>
