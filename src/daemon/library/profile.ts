/** The profile: what a user writes down about themselves, by key. It stays on the node; the same table holds what the node keeps
 *  for itself, under keys that nobody can name from outside. */
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'

const OWN = 'own/'
const MAX_KEYS = 500

export const makeProfile = (users: UserDatabaseManager) => ({
  show: (local: Did): Record<string, string> =>
    Object.fromEntries(
      users
        .read(local, db => db.profile.texts(OWN))
        .map(({ key, value }) => [key.slice(OWN.length), value] as const),
    ),

  /** @returns whether it differs from before. @throws `library/full` */
  set(local: Did, key: string, value: string): boolean {
    const was = users.write(local, db => {
      const before = db.profile.text(OWN + key)
      if (before === null && db.profile.texts(OWN).length >= MAX_KEYS)
        throw new VivimError('library/full', `a profile has at most ${MAX_KEYS} keys`, { max: MAX_KEYS })
      if (before !== value) db.profile.put(OWN + key, value)
      return before
    })
    if (was !== null && was !== value) users.compact(local)
    return was !== value
  },

  /** @returns whether there was one. */
  unset(local: Did, key: string): boolean {
    const changed = users.write(local, db => db.profile.delete(OWN + key))
    if (changed) users.compact(local)
    return changed
  },
})

export type Profile = ReturnType<typeof makeProfile>
