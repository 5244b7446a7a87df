/** The one composition root: opens what the daemon is made of, last opened first closed, and hands it to the socket. */
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import type { IdentityDocument } from '../core/identity/document.ts'
import { peerIdFromKey } from '../core/identity/peer-id.ts'
import { toB64u } from '../core/kernel/bytes.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { codeOf, VivimError } from '../core/kernel/errors.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { Did } from '../core/model/id.ts'
import { makeDoors } from './accounts/doors.ts'
import { makeCallAudit } from './audit/calls.ts'
import { makeHappenings } from './audit/happenings.ts'
import { makeAuditLog } from './audit/log.ts'
import { makeCapabilityDoor } from './capabilities/door.ts'
import { makeDeviceServices } from './compose-devices.ts'
import type { Ground } from './compose-ground.ts'
import { makeMethods } from './compose-methods.ts'
import { makeServices } from './compose-services.ts'
import type { Config } from './config.ts'
import { type HomePaths, operatorOf, prepareSocket, readNodeSeed } from './home.ts'
import { type JobRunner, startJobRunner } from './jobs/runner.ts'
import type { KeystoreSession } from './keystore-session.ts'
import { startListening } from './listening.ts'
import { openLocalUsers } from './local-users.ts'
import type { Log } from './log.ts'
import { startNetwork } from './network/network.ts'
import type { Network } from './network/ports.ts'
import type { Door } from './rpc/caller.ts'
import { makeRpcServer } from './rpc/server.ts'
import { startExpiry } from './sharing/expiry.ts'
import { refuseRollback } from './sharing/known-documents.ts'
import { type Publisher, startPublisher } from './sharing/publisher.ts'
import { recoverFromCrash } from './sharing/recovery.ts'
import { openBlockStore } from './storage/blocks/block-store.ts'
import { openMaster } from './storage/master/master.ts'
import { removeUser } from './storage/master/user-removal.ts'
import { makeConversationStore } from './storage/user/conversation-store.ts'
import { openUserDatabases } from './storage/user/manager.ts'
import { WRITER_KEY } from './storage/user/written.ts'
import { finishReplacing } from './user-folder.ts'

export interface ComposeOptions {
  paths: HomePaths
  config: Config
  /** A folder of the user's own for sockets. */
  runtimeFolder: string
  /** Parse every answer against the contract. */
  checkResults: boolean
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
  const say = (event: string, fields: Record<string, unknown>): void => log.info({ ...fields, event }, event)

  const nodeSeed = readNodeSeed(paths)
  const nodeKey = new Ed25519Key(nodeSeed)
  const peerId = peerIdFromKey(nodeKey.publicKey)

  const master = scope.own(await openMaster(config.master, clock), one => one.close())
  const users = scope.own(openUserDatabases(paths.users, { maxOpen: OPEN_DATABASES }), all => all.close())
  const blocks = await openBlockStore(paths.blocks)
  const conversations = makeConversationStore(users)

  // A kill may have come between a new device's folder and the end of the unused user whose place it took.
  for (const did of finishReplacing(paths)) await removeUser(master, did)
  const locals = scope.own(openLocalUsers({ paths, peer: peerId, databases: users, clock, chance }), all =>
    all.close(),
  )
  const { sessionOf } = locals
  let operator = operatorOf(paths)
  const keys = { keys: (did: Did) => sessionOf(did).keys(), unlocked: (did: Did) => sessionOf(did).unlocked }
  const ownDocument = (did: Did): IdentityDocument => sessionOf(did).document
  const audit = scope.own(
    makeAuditLog({ users, anchors: master.auditAnchors, keys, document: ownDocument, clock, log: say }),
    one => one.close(),
  )
  const happenings = makeHappenings(audit)

  // The network and the runner call the services, and the services them: they are reached through what is filled below.
  let running: { network: Network; runner: JobRunner } | null = null
  const network = (): Network => {
    if (running === null) throw new VivimError('daemon/not-ready', 'the network is starting or stopping')
    return running.network
  }
  let publisher: Publisher | null = null
  const wake = (): void => running?.runner.wake()

  const ground: Ground = {
    config,
    peerId,
    nodeKey,
    master,
    users,
    blocks,
    conversations,
    locals,
    keys,
    happenings,
    network,
    publisher: () => publisher,
    announce: did => announce(did),
    wake,
    clock,
    chance,
    say,
  }
  const services = makeServices(ground, scope)
  const {
    refs,
    events,
    people,
    contacts,
    card,
    audiences,
    syncs,
    endings,
    fetching,
    letters,
    upkeep,
    passingJobs,
    jobHandlers,
    ownSync,
    handingBack,
    regaining,
    host,
  } = services
  const { jobs, shares: store } = master

  /** Before the network is there, or the user on it: what is known of them elsewhere, and what a crash left. */
  const prepare = async (did: Did, session: KeystoreSession): Promise<void> => {
    await refuseRollback(people, session.document)
    await audit.open(did)
    session.onUnlock(() => happenings.unlocked(did))
    session.onLocking(device => happenings.locking(did, device))
    await people.learn(session.document)
    conversations.sweepAssets(did)
    await conversations.purge(did)
  }
  if (locals.list().length === 1) for (const did of locals.list()) contacts.keepName(did, config.name)
  await recoverFromCrash({ users, store, blocks, endings, localUsers: locals.list(), log: say })
  for (const did of locals.list()) await prepare(did, sessionOf(did))

  const start = (listen: string[]): Promise<Network> =>
    startNetwork({ ...config.network, listen }, host, {
      nodeSeed: nodeSeed.reveal(),
      databasePath: paths.network,
      clock,
      chance,
      log: say,
    })
  const node = scope.own(
    await startListening(paths, config.network.listen, start, one => one.listening()),
    one => one.stop(),
  )
  const unit = (): number => (new DataView(chance.bytes(4).buffer).getUint32(0) % 1_000_000) / 1_000_000
  const runner = await startJobRunner({ jobs, handlers: jobHandlers, clock, unit, log: say })
  scope.own(runner, one => one.stop())
  running = { network: node, runner }

  const publishing = startPublisher({
    users,
    keys,
    endedSlots: card.endedSlots,
    records: refs.records,
    // What was taken out says no more where its person is.
    localUsers: async () => locals.list().filter(did => !sessionOf(did).revoked),
    network,
    ownNodes: (local, document, peers) => {
      void people
        .learn(document)
        .catch(error => say('identity.not-learnt', { did: local, code: codeOf(error) }))
      if (
        people.found(
          local,
          peers.map(({ peer, addrs }) => ({ peer, addrs: [...addrs] })),
        )
      )
        ownSync.soon(local)
    },
    clock,
    chance,
    log: say,
  })
  scope.own(publishing, one => one.stop())
  publisher = publishing
  events.listen(happenings.sharing)
  events.listen(event => {
    if (event.kind === 'share' && event.event === 'accepted') publishing.soon()
    ownSync.soon(event.kind === 'share' ? event.owner : event.local)
  })
  scope.own(await startExpiry({ endings, events, clock, log: say }), one => one.stop())
  scope.own(letters, one => one.stop())

  const hurry = (which: Parameters<typeof jobs.hurry>[0]): void =>
    void jobs
      .hurry(which, clock.nowMs())
      .then(wake, error => say('job.hurry-failed', { code: codeOf(error) }))
  people.whenProved((local, remote) => {
    hurry({ target: remote })
    if (local === remote) ownSync.soon(local)
    else syncs.wantPair(local, remote)
    fetching.wantFrom(local, remote)
    void handingBack
      .look(local, remote)
      .then(() => regaining.bringFrom(local, remote))
      .catch(error => say('share.not-handed-back', { code: codeOf(error) }))
    publishing.soon()
  })
  people.whenLearnt(({ known, next, decision }) => {
    if (decision !== 'accept' || known === null) return
    for (const did of locals.list())
      if (did !== next.did)
        void upkeep
          .devicesChanged(did, next.did)
          .catch(error => say('circle.not-settled', { code: codeOf(error) }))
  })
  /** The own document in force is known here, in the directory, in circles, and to contacts. @returns how many contacts are told. */
  const announce = async (did: Did): Promise<number> => {
    await people.learn(sessionOf(did).document)
    const told = await card.refresh(did)
    publishing.renewSlot(did)
    publishing.soon()
    await upkeep.settleAll(did)
    return told
  }
  /** From now on their letters are opened and their circles kept up to date. */
  const serve = async (did: Did, session: KeystoreSession): Promise<void> => {
    const unlocked = (): void => {
      users.write(did, db => db.profile.put(WRITER_KEY, toB64u(session.keys().device.publicKey)))
      void people
        .learn(session.keys().document)
        .then(() => card.refresh(did))
        .catch(error => say('identity.not-learnt', { did, code: codeOf(error) }))
      card.keep(did)
      publishing.renewSlot(did)
      ownSync.soon(did)
      letters.wake(did)
      void upkeep.settleAll(did).catch(error => say('circle.not-settled', { code: codeOf(error) }))
      hurry({ lastError: 'keystore/locked' })
    }
    session.onUnlock(unlocked)
    await session.unlockWithout()
    await upkeep.resume(did)
    await passingJobs.resume(did)
  }
  for (const did of locals.list()) await serve(did, sessionOf(did))
  locals.whenChanged({
    async added(did, session) {
      await prepare(did, session)
      await serve(did, session)
      runner.wake()
    },
    removed: async did => {
      node.forgetUser(did)
      await audit.release(did)
    },
  })
  runner.wake()

  // A document that a peer showed may come into force at any time from here on.
  people.whenLearnt(({ next: document, decision }) => {
    if (decision !== 'accept') return
    void node.recheck(document.did).catch(error => say('peer.not-rechecked', { code: codeOf(error) }))
    if (locals.find(document.did) !== null) publishing.soon()
    for (const did of locals.list()) ownSync.soon(did)
  })
  const renewCard = async (did: Did): Promise<number> => {
    const told = await card.renew(did, () => sessionOf(did).renewCard())
    await announce(did)
    ownSync.soon(did)
    return told
  }
  const { devices, joining } = makeDeviceServices(
    {
      ground,
      services,
      renewCard,
      paths,
      node,
      runner,
      publishing,
      operatorChanged() {
        operator = operatorOf(paths)
      },
    },
    scope,
  )
  const { handlers, accounts, sessions } = makeMethods(
    {
      ground,
      services,
      paths,
      node,
      audit,
      devices,
      joining,
      ownDocument,
      operator: () => operator,
      announce,
      renewCard,
      stop: options.stop,
    },
    scope,
  )
  const callAudit = makeCallAudit(audit, () => operator)
  const doors = makeDoors({ locals, accounts, sessions, nameOf: contacts.name })
  const capabilities = makeCapabilityDoor({
    users,
    localUsers: locals.list,
    documentOf: ownDocument,
    deviceOf: did => sessionOf(did).device,
    nameOf: contacts.name,
    resolve: audiences.resolve,
    clock,
  })
  const serveOn = async (door: Door, socketPath: string, gid: number | null): Promise<string> => {
    const { checkResults } = options
    const ports = {
      handlers,
      users: doors,
      capabilities,
      audit: callAudit,
      log,
      chance,
      checkResults,
    }
    const server = await makeRpcServer({ ...ports, socketPath, door, gid })
    scope.own(server, one => one.close())
    return server.socketPath
  }
  const { group, monitor } = config.sockets
  if (group !== null) await serveOn('group', group.path, group.gid)
  if (monitor !== null) await serveOn('monitor', monitor.path, monitor.gid)
  const socket = await serveOn('owner', prepareSocket(paths, options.runtimeFolder), null)
  return { socket, peerId, addrs: () => node.addrs() }
}
