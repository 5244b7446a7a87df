/** Circles that are not known here and of which a letter brought a part: its sender is asked for the whole log by sync. Kept in memory: the
 *  letter waits on disk and says it again. */
import { remember } from '../../core/kernel/remember.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Contacts } from './contacts.ts'

/** Of all contacts together; a circle that was forgotten is expected again at the next start. */
const MAX_EXPECTED = 256

interface Expected {
  readonly local: Did
  readonly from: Did
  readonly circle: CircleId
}

export function makeExpectedCircles({ users, contacts }: { users: UserDatabaseManager; contacts: Contacts }) {
  const all = new Map<string, Expected>()

  return {
    add: (local: Did, from: Did, circle: CircleId): void =>
      remember(all, `${local} ${from} ${circle}`, { local, from, circle }, MAX_EXPECTED),

    /** What to ask a person for, who may have been blocked since. */
    of(local: Did, from: Did): CircleId[] {
      const state = contacts.get(local, from)?.state
      if (state !== 'known' && state !== 'verified') return []
      return [...all.values()].flatMap(each =>
        each.local === local &&
        each.from === from &&
        users.read(local, db => db.circles.get(each.circle)) === null
          ? [each.circle]
          : [],
      )
    },
  }
}

export type ExpectedCircles = ReturnType<typeof makeExpectedCircles>
