/** Who speaks on a connection: decided once, at `system.hello`, by the socket it came through and the token that it showed. */
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { LocalUsers } from '../local-users.ts'
import type { Door, RpcUsers, Session } from '../rpc/caller.ts'
import type { Accounts } from './accounts.ts'
import { type Sessions, sessionInvalid, sessionName } from './sessions.ts'

export interface DoorsDeps {
  locals: LocalUsers
  accounts: Accounts
  sessions: Sessions
  nameOf(did: Did): string
}

const unknown = (): VivimError => new VivimError('user/not-found', 'no such user lives here')

export function makeDoors({ locals, accounts, sessions, nameOf }: DoorsDeps): RpcUsers {
  /** A user whose right lasts as long as they live here. */
  function onSocket(did: Did): Session {
    return {
      user: did,
      name: nameOf(did),
      operator: accounts.isOperator(did),
      readOnly: false,
      via: { kind: 'socket' },
      over: locals.leaving(did),
      use: () => locals.find(did) !== null,
    }
  }

  async function byToken(token: string, as: string | undefined, door: Door): Promise<Session> {
    const session = await sessions.find(token)
    if (session === null || locals.find(session.did) === null) throw sessionInvalid()
    const { did } = session
    if (as !== undefined && accounts.byName(as) !== did)
      throw new VivimError('session/needed', 'that session is not of the user who was named')
    return {
      user: did,
      name: nameOf(did),
      // The owner of the home proves it by reaching their own socket: a token alone makes nobody the operator.
      operator: door === 'owner' && accounts.isOperator(did),
      readOnly: false,
      via: { kind: 'session', id: sessionName(session.id) },
      over: session.over,
      use: session.use,
    }
  }

  /** On the owner's socket: everybody whose files the owner can open anyway, and nobody else. */
  function owner(as: string | undefined): Session {
    const [only, ...others] = locals.list()
    if (as === undefined && only !== undefined && others.length === 0) return onSocket(only)
    if (as === undefined) return nobody('node', true)
    const did = accounts.byName(as)
    if (did === null) throw unknown()
    if (!accounts.isOperator(did) && locals.sessionOf(did).needsPassphrase)
      throw new VivimError('session/needed', 'another user is spoken for with a session of theirs only')
    return onSocket(did)
  }

  return {
    isRevoked: did => locals.find(did)?.revoked === true,
    async session(as, token, door) {
      if (door === 'monitor') return nobody('monitor', false)
      if (token !== undefined) return byToken(token, as, door)
      if (door === 'owner') return owner(as)
      // The same for every name: whether somebody of that name lives here is nobody's business.
      if (as !== undefined) throw new VivimError('session/needed', 'this socket needs a session')
      return nobody('guest', false)
    },
  }
}

/** A connection that speaks for no user. */
const nobody = (kind: 'node' | 'guest' | 'monitor', operator: boolean): Session => ({
  user: null,
  name: '',
  operator,
  readOnly: kind !== 'node',
  via: { kind },
  over: null,
  use: () => true,
})
