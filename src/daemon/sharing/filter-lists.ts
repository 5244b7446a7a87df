/** The deny and allow list of a user: kept in their own database, handed to the filter whenever it looks at what they share. */
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import { personalRules, ruleSetHash } from '../../core/filter/inspection.ts'
import {
  denyKey,
  entryText,
  type FilterLists,
  MAX_ENTRY_LENGTH,
  MIN_ENTRY_LENGTH,
  RULE_PREFIX,
} from '../../core/filter/lists.ts'
import { mask } from '../../core/filter/redact.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import type { FilterListName } from '../storage/user/filter-entry-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'

const SALT = 'filter-salt'
const SALT_BYTES = 32
/** More words than this are a dictionary. */
const MAX_ENTRIES = 10_000

export interface FilterListsDeps {
  users: UserDatabaseManager
  clock: Clock
  chance: Chance
}

export function makeFilterLists({ users, clock, chance }: FilterListsDeps) {
  /** What the filter needs of a user's lists; null where they are empty. */
  function of(local: Did): FilterLists | null {
    return users.read(local, db => {
      const rows = db.filterEntries.all()
      const salt = db.profile.bytes(SALT)
      if (rows.length === 0 || salt === null) return null
      return {
        deny: rows
          .filter(({ list }) => list === 'deny')
          .map(({ text, severity }) => ({ text, severity: severity ?? 'personal' })),
        allow: rows.filter(({ list }) => list === 'allow').map(({ text }) => text),
        salt,
      }
    })
  }

  const counted = (local: Did, list: FilterListName): number =>
    users.read(local, db => db.filterEntries.count(list))

  return {
    of,

    list(local: Did, reveal: boolean): Result<'filter.list'> {
      const rows = users.read(local, db => db.filterEntries.all())
      return {
        deny: rows
          .filter(({ list }) => list === 'deny')
          .map(({ text, severity, addedAtMs }) => {
            const masked = !reveal && severity === 'secret'
            return {
              text: masked ? mask(text) : text,
              masked,
              severity: severity ?? 'personal',
              addedAt: isoTime(addedAtMs),
            }
          }),
        allow: rows
          .filter(({ list }) => list === 'allow')
          .map(({ text, addedAtMs }) => {
            const masked = !reveal && !text.startsWith(RULE_PREFIX)
            return { text: masked ? mask(text) : text, masked, addedAt: isoTime(addedAtMs) }
          }),
        rules: ruleSetHash(of(local)),
      }
    },

    /** @throws `usage/invalid` for what is no entry, before anything is added. */
    add(local: Did, { list, texts, severity }: ParsedParams<'filter.add'>): Result<'filter.add'> {
      const entries = texts.map(text => ({ text: entryText(text), key: keyOf(list, text) }))
      for (const entry of entries) checkEntry(list, entry.text)
      if (counted(local, list) + entries.length > MAX_ENTRIES)
        throw new VivimError('usage/invalid', `a list holds at most ${MAX_ENTRIES} entries`)
      const added = users.write(local, db => {
        if (db.profile.bytes(SALT) === null) db.profile.put(SALT, chance.bytes(SALT_BYTES))
        return entries.filter(({ text, key }) =>
          db.filterEntries.put({
            list,
            key,
            text,
            severity: list === 'deny' ? severity : null,
            addedAtMs: clock.nowMs(),
          }),
        ).length
      })
      return { list, added, entries: counted(local, list), changed: added > 0 }
    },

    remove(local: Did, { list, texts }: ParsedParams<'filter.remove'>): Result<'filter.remove'> {
      const removed = users.write(
        local,
        db => texts.filter(text => db.filterEntries.delete(list, keyOf(list, text))).length,
      )
      if (removed > 0) users.compact(local)
      return { list, removed, entries: counted(local, list), changed: removed > 0 }
    },
  }
}

export type FilterListsService = ReturnType<typeof makeFilterLists>

const keyOf = (list: FilterListName, text: string): string =>
  list === 'deny' ? denyKey(entryText(text)) : entryText(text)

/** @param text - folded. The text itself stands in no message: it may be a secret. */
function checkEntry(list: FilterListName, text: string): void {
  if (text.length < MIN_ENTRY_LENGTH || text.length > MAX_ENTRY_LENGTH)
    throw new VivimError(
      'usage/invalid',
      `an entry has ${MIN_ENTRY_LENGTH} to ${MAX_ENTRY_LENGTH} characters, not ${text.length}`,
    )
  if (list !== 'allow' || !text.startsWith(RULE_PREFIX)) return
  const rule = text.slice(RULE_PREFIX.length)
  if (!personalRules.has(rule))
    throw new VivimError(
      'usage/invalid',
      `only rules for personal data can be allowed as a whole: ${[...personalRules].sort().join(', ')}; of a secret, allow the value`,
    )
}
