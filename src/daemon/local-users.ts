/** Who lives here: the users of this home with their keystore sessions. They may come and go while the daemon runs. */
import type { Chance, Clock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { type HomePaths, listUsers, userPaths } from './home.ts'
import { type KeystoreSession, openKeystoreSession } from './keystore-session.ts'
import type { UserDatabaseManager } from './storage/user/manager.ts'

export interface LocalUsersDeps {
  paths: HomePaths
  /** Peer id of this node, which standing statements name. */
  peer: string
  databases: UserDatabaseManager
  clock: Clock
  chance: Chance
}

export interface LocalUsers {
  /** Ascending by DID. */
  list(): Did[]
  /** @throws `user/not-found`. */
  sessionOf(did: Did): KeystoreSession
  find(did: Did): KeystoreSession | null
  /** Fires when that user is served no longer. @throws `user/not-found`. */
  leaving(did: Did): AbortSignal
  /** Serve a user whose folder with keystore and document is there. @param first - done once they are in the list and before anything is
   *  done for them. @returns false when they are served already.
   *  @throws `keystore/corrupt`. */
  add(did: Did, first?: () => Promise<void>): Promise<boolean>
  /** Lock and serve them no longer; the folder stays. @returns false when they are not served. */
  remove(did: Did): Promise<boolean>
  /** What is done for each user who comes after the start, and for each who goes. */
  whenChanged(listener: {
    added(did: Did, session: KeystoreSession): Promise<void>
    removed(did: Did): Promise<void>
  }): void
  /** Lock all. */
  close(): void
}

/** Open the sessions of everybody whose folder is in the home, locked. @throws `keystore/corrupt`. */
export function openLocalUsers({ paths, peer, databases, clock, chance }: LocalUsersDeps): LocalUsers {
  const sessions = new Map<Did, KeystoreSession>()
  const served = new Map<Did, AbortController>()
  const listeners: Parameters<LocalUsers['whenChanged']>[0][] = []

  function open(did: Did): KeystoreSession {
    const session = openKeystoreSession({ did, paths: userPaths(paths, did), peer, clock, chance })
    databases.create(did)
    sessions.set(did, session)
    served.set(did, new AbortController())
    return session
  }

  for (const did of listUsers(paths)) open(did)

  return {
    list: () => [...sessions.keys()].sort(),
    find: did => sessions.get(did) ?? null,

    sessionOf(did) {
      const session = sessions.get(did)
      if (session === undefined) throw new VivimError('user/not-found', 'no such user lives here')
      return session
    },

    leaving(did) {
      const controller = served.get(did)
      if (controller === undefined) throw new VivimError('user/not-found', 'no such user lives here')
      return controller.signal
    },

    async add(did, first) {
      if (sessions.has(did)) return false
      const session = open(did)
      await first?.()
      for (const listener of listeners) await listener.added(did, session)
      return true
    },

    async remove(did) {
      const session = sessions.get(did)
      if (session === undefined) return false
      session.lock()
      sessions.delete(did)
      served.get(did)?.abort(new VivimError('user/not-found', 'no such user lives here'))
      served.delete(did)
      for (const listener of listeners) await listener.removed(did)
      return true
    },

    whenChanged: listener => void listeners.push(listener),

    close() {
      for (const session of sessions.values()) session.lock()
    },
  }
}
