/** The one composition root: opens what the daemon is made of, last opened first closed, and hands it to the socket. */
import type { Handlers } from '../core/contract/methods.ts'
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import type { IdentityDocument } from '../core/identity/document.ts'
import { peerIdFromKey } from '../core/identity/peer-id.ts'
import { decideDocument } from '../core/identity/succession.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { codeOf, VivimError } from '../core/kernel/errors.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { CircleId, Did } from '../core/model/id.ts'
import { builtInPolicy } from '../core/policy/decide.ts'
import { makeAccounts } from './accounts/accounts.ts'
import { makeDoors } from './accounts/doors.ts'
import { makeOpening } from './accounts/opening.ts'
import { makeSessions } from './accounts/sessions.ts'
import { makeCallAudit } from './audit/calls.ts'
import { makeHappenings } from './audit/happenings.ts'
import { makeAuditLog } from './audit/log.ts'
import { makeAuditReading } from './audit/reading.ts'
import { makeCapabilityDoor } from './capabilities/door.ts'
import { makeIssued } from './capabilities/issued.ts'
import type { Config } from './config.ts'
import { type HomePaths, operatorOf, prepareSocket, readNodeSeed } from './home.ts'
import { makeImports } from './importing/imports.ts'
import { makeDatabaseSpool, makeShelves, makeSpool, sweepSpool } from './importing/spool.ts'
import { type JobRunner, startJobRunner } from './jobs/runner.ts'
import type { KeystoreSession } from './keystore-session.ts'
import { makeAcus } from './library/acus.ts'
import { makeCollections } from './library/collections.ts'
import { makeMemories } from './library/memories.ts'
import { makeProfile } from './library/profile.ts'
import { startListening } from './listening.ts'
import { openLocalUsers } from './local-users.ts'
import type { Log } from './log.ts'
import { makeAuditMethods } from './methods/audit.ts'
import { makeCapabilityMethods } from './methods/capability.ts'
import { makeConversationMethods } from './methods/conversation.ts'
import { makeFilteringMethods } from './methods/filtering.ts'
import { makeIdentityMethods } from './methods/identity.ts'
import { makeImportMethods } from './methods/import.ts'
import { makeKeystoreMethods } from './methods/keystore.ts'
import { makeLibraryMethods } from './methods/library.ts'
import { makePeerMethods } from './methods/peer.ts'
import { makePeopleMethods } from './methods/people.ts'
import { makeSharingMethods } from './methods/sharing.ts'
import { makeSystemMethods } from './methods/system.ts'
import { makeUserMethods } from './methods/users.ts'
import { startNetwork } from './network/network.ts'
import type { Network } from './network/ports.ts'
import type { Caller, Door } from './rpc/caller.ts'
import { makeRpcServer } from './rpc/server.ts'
import { makeArrival } from './sharing/arrival.ts'
import { makeAudiences } from './sharing/audiences.ts'
import { makeCardLetters } from './sharing/card-letters.ts'
import { makeCircles } from './sharing/circles.ts'
import { makeContacts } from './sharing/contacts.ts'
import { makeDelivery } from './sharing/delivery.ts'
import { makeEndings } from './sharing/endings.ts'
import { makeEnvelopes } from './sharing/envelopes.ts'
import { makeSharingEvents } from './sharing/events.ts'
import { startExpiry } from './sharing/expiry.ts'
import { makeExporting } from './sharing/exporting.ts'
import { makeFetching } from './sharing/fetching.ts'
import { makeFilterLists } from './sharing/filter-lists.ts'
import { makeGossipMessages } from './sharing/gossip-messages.ts'
import { makeNetworkHost } from './sharing/host.ts'
import { makeInbox } from './sharing/inbox.ts'
import { makeInvites } from './sharing/invites.ts'
import { makeJoins } from './sharing/joins.ts'
import { makeLetterSending } from './sharing/letter-sending.ts'
import { makeLetters } from './sharing/letters.ts'
import { makeMembership } from './sharing/membership.ts'
import { makeOwnCard } from './sharing/own-card.ts'
import { makePassed } from './sharing/passed.ts'
import { makePassing } from './sharing/passing.ts'
import { makePassingJobs } from './sharing/passing-jobs.ts'
import { makePeople, refuseRollback } from './sharing/people.ts'
import { PROFILE } from './sharing/profile-keys.ts'
import { makeProposals } from './sharing/proposals.ts'
import { type Publisher, startPublisher } from './sharing/publisher.ts'
import { makePushes } from './sharing/pushes.ts'
import { makeReaching } from './sharing/reaching.ts'
import { recoverFromCrash } from './sharing/recovery.ts'
import { makeReferences } from './sharing/references.ts'
import { makeReissue } from './sharing/reissue.ts'
import { makeScans } from './sharing/scans.ts'
import { makeSealing } from './sharing/sealing.ts'
import { makeShares } from './sharing/shares.ts'
import { makeSyncs } from './sharing/syncs.ts'
import { makeTrust } from './sharing/trust.ts'
import { makeVerification } from './sharing/verification.ts'
import { makeWelcome } from './sharing/welcome.ts'
import { makeStatus } from './status.ts'
import { openBlockStore } from './storage/blocks/block-store.ts'
import { openMaster, pingMaster } from './storage/master/master.ts'
import { removeUser } from './storage/master/user-removal.ts'
import { makeConversationStore } from './storage/user/conversation-store.ts'
import { openUserDatabases } from './storage/user/manager.ts'

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
/** Strangers whose items are held at once. */
const MAX_STRANGERS = 200

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

  const locals = scope.own(openLocalUsers({ paths, peer: peerId, databases: users, clock, chance }), all =>
    all.close(),
  )
  const { sessionOf } = locals
  const operator = operatorOf(paths)
  const keys = { keys: (did: Did) => sessionOf(did).keys(), unlocked: (did: Did) => sessionOf(did).unlocked }
  const localUsers = async (): Promise<Did[]> => locals.list()

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

  const refs = makeReferences(master, users, locals.list, clock, (did, circle) =>
    audiences.isShown(did, circle),
  )
  const events = makeSharingEvents()
  const readSecret = (did: Did): Uint8Array | null => card.readSecret(did)
  const fellowCards = (did: Did): ReadonlyMap<Did, string> => audiences.fellowCards(did)
  const people = makePeople({
    self: peerId,
    users,
    store: refs.identities,
    localUsers,
    fellowCards,
    readSecret,
    documentChanged: (did, how) => void tellDocument(did, how),
    clock,
    log: say,
  })
  /** Whoever has to do with somebody is told that their devices may be others. */
  const tellDocument = async (did: Did, how: 'changed' | 'conflict'): Promise<void> => {
    for (const local of locals.list())
      if (local === did || (await people.isRelated(local, did))) happenings.document(local, did, how)
  }
  const contacts = makeContacts({ users, people, fellowCards, network, clock, log: say })
  const trust = makeTrust({ users, people, contacts, localUsers, clock, log: say })
  people.whenLearning(trust.note)
  // Another device of a user here made it: on disk before it is known elsewhere, or the next start would take the old one for a rollback.
  people.whenLearning(async ({ next, decision }) => {
    const session = locals.find(next.did)
    if (decision === 'accept' && session !== null && decideDocument(session.document, next) === 'accept')
      session.setDocument(next)
  })
  const jobs = master.jobs
  const card = makeOwnCard({ users, keys, jobs, network, wake, clock, log: say })
  const reaching = makeReaching({ people, contacts, network })
  const sending = makeLetterSending({ reaching, network, chance })
  const circles = makeCircles({
    users,
    refs: refs.circles,
    people,
    keys,
    card,
    changed: (did, circle) => void settle(did, circle),
    entered: happenings.entry,
    joined: happenings.joined,
    clock,
    chance,
    log: say,
  })
  const audiences = makeAudiences({ users, contacts, circles })
  const envelopes = makeEnvelopes({
    people,
    circles,
    refs: refs.circles,
    keys,
    introduce: card.introduce,
    isEnded: (did, share, holder) =>
      users.read(did, db =>
        db.passes.rights(share, holder).some(({ link }) => db.capabilities.revokersOf(link).length > 0),
      ),
    gave: (did, rights) =>
      users.write(did, db => {
        for (const right of rights) db.passes.addRight(right)
      }),
    clock,
    chance,
  })
  const syncs = makeSyncs({
    circles,
    network,
    synced: (did, circle) =>
      void membership
        .wasSynced(did, circle)
        .catch(error => say('circle.not-settled', { circle, code: codeOf(error) })),
    stores: refs.identities,
    log: say,
  })
  const gossip = makeGossipMessages({
    circles,
    endings: () => endings,
    keys,
    network,
    localUsers,
    wantSync: syncs.wantCircle,
    chance,
    log: say,
  })
  const store = master.shares
  const endings = makeEndings({
    users,
    conversations,
    store,
    blocks,
    localUsers,
    announce: share => void gossip.tellEnd(share),
    tellPassed: share => passed.bury(share.owner, share.shareId),
    spread: (did, content) => passingJobs.buried(did, content),
    events,
    wake,
    clock,
    log: say,
  })
  const fetching = makeFetching({ users, blocks, people, circles, keys, network, log: say })
  const passed = makePassed({
    users,
    store,
    jobs: master.jobs,
    people,
    revokersOf: async (did, link) => users.read(did, db => db.capabilities.revokersOf(link)),
    events,
    wake,
    clock,
    log: say,
  })
  const letters = makeLetters({
    users,
    people,
    contacts,
    circles,
    endings,
    passed,
    keys,
    events,
    meetMoved: trust.meetMoved,
    takeJoin: (did, sender, join, letter) => invites.take(did, sender, join, letter),
    takeAnswers: (did, sender, answers) => joins.takeAnswers(did, sender, answers),
    circleNews: did => joins.settle(did),
    wantSync: syncs.wantPair,
    wantBlocks: fetching.want,
    clock,
    log: say,
  })
  const pushes = scope.own(
    makePushes({
      blocks,
      isWanted: endings.isWanted,
      isNamedBeside: (block, content) => endings.claims.isNamedBeside(block, { content, by: null }),
      clock,
      log: say,
    }),
    one => one.stop(),
  )
  const arrival = makeArrival({
    pushes,
    users,
    blocks,
    people,
    contacts,
    endings,
    letters,
    standing: did => sessionOf(did).standing?.wire ?? null,
    nodeKey,
    quota: { ...config.strangers, people: MAX_STRANGERS },
    clock,
    log: say,
  })
  const membership = makeMembership({
    users,
    jobs,
    people,
    contacts,
    circles,
    refs: refs.circles,
    audiences,
    gossip,
    welcome: makeWelcome({ store, circles, wake, clock, log: say }),
    keys,
    wantSync: syncs.wantCircle,
    endInvites: (did, circle) => invites.endBefore(did, circle),
    wake,
    clock,
  })
  const settle = (did: Did, circle: CircleId): Promise<void> =>
    membership.settle(did, circle).catch(error => say('circle.not-settled', { circle, code: codeOf(error) }))
  const sealing = makeSealing({
    users,
    store,
    records: refs.records,
    blocks,
    audiences,
    envelopes,
    conversations,
    keys,
    network,
    events,
    wake,
    clock,
    chance,
    log: say,
  })
  const lists = makeFilterLists({ users, clock, chance })
  const acus = makeAcus(users, conversations)
  const collections = makeCollections({ users, acus, clock, chance })
  const shares = makeShares({
    users,
    store,
    jobs,
    audiences,
    conversations,
    collections,
    sealing,
    keys,
    lists,
    events,
    clock,
  })
  const proposals = makeProposals({ users, audiences, shares, clock, chance })
  const policy = builtInPolicy
  const inbox = makeInbox({
    users,
    conversations,
    blocks,
    people,
    contacts,
    fetching,
    endings,
    letters,
    passed,
    policy,
    keys,
    events,
    clock,
  })
  const verification = makeVerification({
    users,
    blocks,
    people,
    shares,
    inbox,
    letters,
    lists,
    keys,
    clock,
  })
  const reissue = makeReissue({ users, audiences, blocks, shares, sealing, endings, lists, keys, clock })
  const scans = makeScans({ users, conversations, store, blocks, shares, lists, keys, clock })
  const passing = makePassing({
    users,
    jobs,
    people,
    card,
    audiences,
    fetching,
    inbox,
    passed,
    keys,
    events,
    wake,
    clock,
    chance,
    log: say,
  })
  const passingJobs = makePassingJobs({
    users,
    jobs,
    blocks,
    people,
    reaching,
    contacts,
    fetching,
    inbox,
    passing,
    passed,
    sending,
    keys,
    network,
    events,
    wake,
    clock,
    chance,
    log: say,
  })
  const invites = makeInvites({
    users,
    jobs,
    people,
    contacts,
    circles,
    audiences,
    membership,
    keys,
    card,
    sending,
    used: happenings.inviteUsed,
    wake,
    clock,
    chance,
    log: say,
  })
  const joins = makeJoins({
    users,
    jobs,
    people,
    contacts,
    circles,
    audiences,
    keys,
    card,
    reaching,
    sending,
    events,
    wake,
    clock,
    chance,
    log: say,
  })
  const delivering = makeDelivery({
    users,
    store,
    blocks,
    people,
    reaching,
    contacts,
    sending,
    circles,
    refs: refs.circles,
    envelopes,
    membership,
    invitations: { send: joins.send, answer: invites.answer },
    endings,
    policy,
    keys,
    network,
    events,
    clock,
    log: say,
  })
  const handlers = {
    ...delivering,
    ...passingJobs.handlers,
    card: makeCardLetters({ users, people, contacts, keys, card, reaching, sending, log: say }),
  }
  const host = makeNetworkHost({
    users,
    identities: refs.identities,
    store,
    blocks,
    people,
    circles,
    arrival,
    letters,
    endings,
    gossip,
    keys,
    proofOf: did => {
      const session = locals.find(did)
      const standing = session?.standing
      return session && standing ? { standing: standing.wire, document: session.document.wire } : null
    },
    localUsers,
    onConnected: () => publisher?.soon(),
    clock,
  })

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
      nodeSeed: nodeSeed.use(bytes => Uint8Array.from(bytes)),
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
  const runner = await startJobRunner({ jobs, handlers, clock, unit, log: say })
  scope.own(runner, one => one.stop())
  running = { network: node, runner }

  const publishing = startPublisher({
    users,
    keys,
    endedSlots: card.endedSlots,
    records: refs.records,
    localUsers,
    network,
    clock,
    chance,
    log: say,
  })
  scope.own(publishing, one => one.stop())
  publisher = publishing
  events.listen(happenings.sharing)
  events.listen(event => {
    if (event.kind === 'share' && event.event === 'accepted') publishing.soon()
  })
  scope.own(await startExpiry({ endings, events, clock, log: say }), one => one.stop())
  scope.own(letters, one => one.stop())

  const hurry = (which: Parameters<typeof jobs.hurry>[0]): void =>
    void jobs
      .hurry(which, clock.nowMs())
      .then(wake, error => say('job.hurry-failed', { code: codeOf(error) }))
  people.whenProved((local, remote) => {
    hurry({ target: remote })
    syncs.wantPair(local, remote)
    fetching.wantFrom(local, remote)
    publishing.soon()
  })
  people.whenLearnt(({ known, next, decision }) => {
    if (decision !== 'accept' || known === null) return
    for (const did of locals.list())
      if (did !== next.did)
        void membership
          .devicesChanged(did, next.did)
          .catch(error => say('circle.not-settled', { code: codeOf(error) }))
  })
  /** The own document in force is known here, in the directory, in circles, and to contacts. @returns how many contacts are told. */
  const announce = async (did: Did): Promise<number> => {
    await people.learn(sessionOf(did).document)
    const told = await card.refresh(did)
    publishing.renewSlot(did)
    publishing.soon()
    await membership.settleAll(did)
    return told
  }
  /** From now on their letters are opened and their circles kept up to date. */
  const serve = async (did: Did, session: KeystoreSession): Promise<void> => {
    const unlocked = (): void => {
      void people
        .learn(session.keys().document)
        .then(() => card.refresh(did))
        .catch(error => say('identity.not-learnt', { did, code: codeOf(error) }))
      card.keep(did)
      publishing.renewSlot(did)
      letters.wake(did)
      void membership.settleAll(did).catch(error => say('circle.not-settled', { code: codeOf(error) }))
      hurry({ lastError: 'keystore/locked' })
    }
    session.onUnlock(unlocked)
    await session.unlockWithout()
    await membership.resume(did)
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

  sweepSpool(paths.tmp)
  const imports = makeImports(conversations, {
    spool: makeSpool(paths.tmp, chance),
    database: makeDatabaseSpool(paths.tmp, chance),
    shelf: makeShelves(paths.tmp, chance),
  })
  const sessions = makeSessions({ table: master.sessions, clock, chance, log: say })
  scope.own(sessions, one => one.close())
  const accounts = makeAccounts({
    paths,
    peer: peerId,
    locals,
    users,
    names: { of: contacts.name, keep: contacts.keepName },
    sessions,
    store,
    jobs,
    blocks,
    endings,
    removeRows: did => removeUser(master, did),
    wake,
    operator,
    clock,
    chance,
    log: say,
  })
  const opening = makeOpening({
    locals,
    sessions,
    byName: accounts.byName,
    nameOf: contacts.name,
    peerId,
    opened: happenings.sessionOpened,
    refused: happenings.sessionRefused,
    clock,
    chance,
    log: say,
  })
  const status = makeStatus({
    home: paths.root,
    clock,
    sessionOf,
    network: node,
    jobs,
    blocks,
    contentBytes: accounts.contentBytes,
    masterEngine: config.master.engine,
    isAuditBroken: audit.isBroken,
    waitingLetters: did => users.read(did, db => db.letters.list('waiting')).length,
    waitingProposals: proposals.waiting,
    changedContacts: did =>
      new Set(users.read(did, db => db.contacts.changes()).map(change => change.did)).size,
    askMaster: () => pingMaster(master),
  })
  const methods: Handlers<Caller> = {
    ...makeSystemMethods({ ...status, node: () => ({ peerId, addrs: node.addrs() }), stop: options.stop }),
    ...makeUserMethods({ accounts, sessions, opening }),
    ...makeKeystoreMethods(sessionOf),
    ...makeIdentityMethods({
      sessionOf,
      beside: makeExporting({ users, contacts, audiences }),
      async announce(did, movedCard) {
        if (movedCard !== null) users.write(did, db => db.profile.put(PROFILE.movedCard, movedCard))
        return announce(did)
      },
    }),
    ...makePeerMethods(node, people.isRelated),
    ...makeImportMethods(imports),
    ...makeConversationMethods(conversations),
    ...makeLibraryMethods({
      acus,
      collections,
      memories: makeMemories({ users, acus, clock, chance }),
      profile: makeProfile(users),
    }),
    ...makePeopleMethods({
      contacts,
      membership,
      inbox,
      invites,
      joins,
      syncs,
      trust,
      card,
      async renewCard(did) {
        const told = await card.renew(did, () => sessionOf(did).renewCard())
        await announce(did)
        return told
      },
    }),
    ...makeFilteringMethods(lists, scans),
    ...makeAuditMethods(
      makeAuditReading({
        users,
        anchors: master.auditAnchors,
        head: audit.head,
        document: ownDocument,
        clock,
      }),
    ),
    ...makeCapabilityMethods(makeIssued({ users, audiences, sessionOf, clock, chance }), proposals),
    ...makeSharingMethods({
      shares,
      inbox,
      verification,
      reissue,
      proposals,
      passing,
      passed,
      contacts,
      endings,
      store,
      jobs,
      events,
      nowMs: () => clock.nowMs(),
      wake,
    }),
  }
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
      handlers: methods,
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
