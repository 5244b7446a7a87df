/** RPC methods of the nouns `session` and `user`. */
import type { Handlers } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { isoTime } from '../../core/model/id.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Opening } from '../accounts/opening.ts'
import { type Sessions, sessionName } from '../accounts/sessions.ts'
import type { Caller } from '../rpc/caller.ts'

export type UserMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `session.${string}` | `user.${string}`>
>

export interface UserPorts {
  accounts: Accounts
  sessions: Sessions
  opening: Opening
}

export function makeUserMethods({ accounts, sessions, opening }: UserPorts): UserMethods {
  const current = ({ via }: Caller): string | null => (via.kind === 'session' ? via.id : null)

  /** @throws `session/not-found`, `id/ambiguous`. */
  async function chosen(caller: Caller, named: string | undefined): Promise<string> {
    const wanted = named ?? current(caller)
    if (wanted === null)
      throw new VivimError('session/not-found', 'this connection has no session: name one, or give --all')
    const rows = (await sessions.list(caller.did)).filter(({ id }) => sessionName(id).startsWith(wanted))
    if (rows.length > 1) throw new VivimError('id/ambiguous', `more than one session begins with “${wanted}”`)
    const [row] = rows
    if (row === undefined)
      throw new VivimError('session/not-found', `no session of yours is called “${wanted}”`)
    return row.id
  }

  return {
    'session.challenge': async caller => {
      const { nonce, peerId, untilMs } = opening.challenge(caller)
      return { nonce, peerId, expiresAt: isoTime(untilMs) }
    },
    'session.open': async (caller, p) => {
      const { expiresAtMs, ...opened } = await opening.open(caller, p)
      return { ...opened, expiresAt: isoTime(expiresAtMs) }
    },
    'session.list': async caller => ({
      sessions: (await sessions.list(caller.did)).map(({ id, createdAtMs, expiresAtMs, lastUsedAtMs }) => ({
        sessionId: sessionName(id),
        createdAt: isoTime(createdAtMs),
        expiresAt: isoTime(expiresAtMs),
        lastUsedAt: isoTime(lastUsedAtMs),
        current: sessionName(id) === current(caller),
      })),
    }),
    'session.end': async (caller, p) => {
      if (p.all) {
        const ended = await sessions.endAll(caller.did)
        return { ended, changed: ended > 0 }
      }
      const ended = Number(await sessions.end(await chosen(caller, p.session)))
      return { ended, changed: ended > 0 }
    },

    'user.create': (_caller, p) => accounts.create(p.name, p.passphrase),
    'user.list': () => accounts.list(),
    'user.delete': (_caller, p, signal) => accounts.remove(p.user, signal),
    'user.migrate': async (_caller, p) => accounts.migrate(p.user),
  }
}
