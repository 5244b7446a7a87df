/** The one composition root: opens what the daemon is made of, last opened first closed, and hands it to the socket. */
import type { Handlers } from '../core/contract/methods.ts'
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import { peerIdFromKey } from '../core/identity/peer-id.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { Did } from '../core/model/id.ts'
import type { Config } from './config.ts'
import { type HomePaths, listUsers, prepareSocket, readNodeSeed, userPaths } from './home.ts'
import { makeImports } from './importing/imports.ts'
import { makeSpool } from './importing/spool.ts'
import { openKeystoreSession } from './keystore-session.ts'
import type { Log } from './log.ts'
import { makeConversationMethods } from './methods/conversation.ts'
import { makeIdentityMethods } from './methods/identity.ts'
import { makeImportMethods } from './methods/import.ts'
import { makeKeystoreMethods } from './methods/keystore.ts'
import { makeSystemMethods } from './methods/system.ts'
import type { Caller, RpcUsers } from './rpc/caller.ts'
import { makeRpcServer } from './rpc/server.ts'
import { makeStatus } from './status.ts'
import { makeConversationStore } from './storage/user/conversation-store.ts'
import { openUserDatabases } from './storage/user/manager.ts'

export interface ComposeOptions {
  paths: HomePaths
  config: Config
  /** A folder of the user's own for sockets. */
  runtimeFolder: string
  log: Log
  clock: Clock
  chance: Chance
  /** Begin a clean stop of the process. */
  stop(): void
}

export interface Daemon {
  socket: string
  peerId: string
  /** Multiaddrs as they stand in a card. */
  addrs(): string[]
}

/** User databases kept open at once. */
const OPEN_DATABASES = 32

/** Open everything, closed by `scope`. Ready when it resolves. */
export async function compose(options: ComposeOptions, scope: Scope): Promise<Daemon> {
  const { paths, config, log, clock, chance } = options
  const peerId = peerIdFromKey(new Ed25519Key(readNodeSeed(paths)).publicKey)
  const users = scope.own(openUserDatabases(paths.users, { maxOpen: OPEN_DATABASES }), all => all.close())
  const sessions = new Map(
    listUsers(paths).map(did => {
      const session = openKeystoreSession({ did, paths: userPaths(paths, did), peer: peerId, clock, chance })
      return [did, session]
    }),
  )
  for (const [did, session] of sessions) {
    users.create(did)
    scope.own(session, one => one.lock())
    await session.unlockWithout()
  }
  const sessionOf = (did: Did) => {
    const session = sessions.get(did)
    if (session === undefined) throw new VivimError('usage/invalid', 'no such user lives here')
    return session
  }
  const conversations = makeConversationStore(users)
  const imports = makeImports(conversations, makeSpool(paths.tmp, chance))
  const status = makeStatus({
    home: paths.root,
    clock,
    sessionOf,
    network: { peerId, addrs: () => [], peers: () => [], reachability: () => 'unknown' },
    jobs: { list: async () => [] },
    blocks: { bytes: async () => 0 },
    masterEngine: config.master.engine,
    askMaster: async () => undefined,
  })
  const handlers = {
    ...makeSystemMethods({ ...status, stop: options.stop }),
    ...makeKeystoreMethods(sessionOf),
    ...makeIdentityMethods(sessionOf),
    ...makeImportMethods(imports),
    ...makeConversationMethods(conversations),
  }
  const server = scope.own(
    await makeRpcServer({
      socketPath: prepareSocket(paths, options.runtimeFolder),
      handlers: handlers as Handlers<Caller>,
      users: rpcUsers(config.name, [...sessions.keys()]),
      log,
      chance,
    }),
    one => one.close(),
  )
  return { socket: server.socketPath, peerId, addrs: () => [] }
}

/** A home with one user is theirs, and they are its operator. */
const rpcUsers = (name: string, dids: readonly Did[]): RpcUsers => ({
  session: async as => {
    const [did] = dids
    if (did === undefined || (as !== undefined && as !== name && as !== did))
      throw new VivimError('usage/invalid', 'no such user lives here')
    return { did, name, operator: true }
  },
})
