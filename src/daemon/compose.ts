/** The one composition root: opens what the daemon is made of, last opened first closed, and hands it to the socket. */
import { methods as contract, type Handlers } from '../core/contract/methods.ts'
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import type { IdentityDocument } from '../core/identity/document.ts'
import { peerIdFromKey } from '../core/identity/peer-id.ts'
import { decideDocument } from '../core/identity/succession.ts'
import { toB64u } from '../core/kernel/bytes.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { codeOf, VivimError } from '../core/kernel/errors.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { CircleId, Did } from '../core/model/id.ts'
import type { JobKind } from '../core/pipeline/ports.ts'
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
import { readRecord, writeRecord } from './devices/device-records.ts'
import { makeDevices } from './devices/devices.ts'
import { makeJoining } from './devices/joining.ts'
import { makeOwnSync } from './devices/own-sync.ts'
import { makeRequests } from './devices/requests.ts'
import { makeSyncCircles } from './devices/sync-circles.ts'
import { makeSyncPeople } from './devices/sync-people.ts'
import { makeSyncReceived } from './devices/sync-received.ts'
import { makeSyncShares } from './devices/sync-shares.ts'
import { type HomePaths, operatorOf, prepareSocket, readNodeSeed } from './home.ts'
import { makeImports } from './importing/imports.ts'
import { makeDatabaseSpool, makeShelves, makeSpool, sweepSpool } from './importing/spool.ts'
import { type JobHandler, type JobRunner, startJobRunner } from './jobs/runner.ts'
import type { KeystoreSession } from './keystore-session.ts'
import { makeAcus } from './library/acus.ts'
import { makeCollections } from './library/collections.ts'
import { makeMemories } from './library/memories.ts'
import { makeProfile } from './library/profile.ts'
import { startListening } from './listening.ts'
import { type LocalUsers, openLocalUsers } from './local-users.ts'
import type { Log } from './log.ts'
import { makeAuditMethods } from './methods/audit.ts'
import { makeCapabilityMethods } from './methods/capability.ts'
import { makeConversationMethods } from './methods/conversation.ts'
import { makeDeviceMethods } from './methods/device.ts'
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
/** Jobs of a device that was taken out. */
const REVOKED_AGAIN_MS = 3_600_000
/** How long a node is tried that is to be told of a newer document. */
const TELL_TIMEOUT_MS = 5_000
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

  // A kill may have come between a new device's folder and the end of the unused user whose place it took.
  for (const did of finishReplacing(paths)) await removeUser(master, did)
  const locals = scope.own(openLocalUsers({ paths, peer: peerId, databases: users, clock, chance }), all =>
    all.close(),
  )
  const { sessionOf } = locals
  let operator = operatorOf(paths)
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
    changed: (did, circle) => {
      ownSync.soon(did)
      void settle(did, circle)
    },
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
    deviceKey: did => sessionOf(did).deviceKey,
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
  const requests = makeRequests({
    users,
    find: locals.find,
    readSecret,
    peerId,
    clock,
    chance,
    log: say,
  })
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
  const jobHandlers = unlessRevoked(locals, clock, {
    ...delivering,
    ...passingJobs.handlers,
    card: makeCardLetters({ users, people, contacts, keys, card, reaching, sending, log: say }),
  })
  const nowMs = (): number => clock.nowMs()
  const ownSync = scope.own(
    makeOwnSync({
      users,
      find: locals.find,
      localUsers: locals.list,
      network,
      kinds: [
        ...makeSyncPeople({
          users,
          people,
          fellows: refs.identities.fellows,
          cardDrawn: card.drawnMs,
          directorySeed: local => sessionOf(local).directorySeed(),
          takeCard: async (local, given) => {
            const isNew = await card.adopt(local, given, () => sessionOf(local).renewCard(given))
            if (isNew) await announce(local)
            return isNew
          },
          takeSlot: (local, wire) => publisher?.takeSlot(local, wire) ?? false,
          release: (local, owner) => inbox.release(local, owner),
          keys,
          nowMs,
        }),
        ...makeSyncCircles({ users, circles, wakeLetters: letters.wake, nowMs }),
        ...makeSyncShares({ users, store, blocks, endings, keys, events, nowMs, chance, log: say }),
        makeSyncReceived({
          users,
          blocks,
          contacts,
          endings,
          fetching,
          keys,
          events,
          nowMs,
          chance,
          log: say,
        }),
      ],
      lookUp: (local, signal) => contacts.findAgain(local, local, signal),
      log: say,
    }),
    one => one.stop(),
  )
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
    devices: {
      onPairing: requests.opening,
      pairingState: requests.state,
      async onTaken(did, request, peer) {
        await requests.taken(did, request, peer)
        ownSync.soon(did)
      },
      openDeviceSync: ownSync.open,
    },
    proofOf: did => {
      const session = locals.find(did)
      const standing = session?.standing
      return session && standing && !session.revoked
        ? { standing: standing.wire, document: session.document.wire }
        : null
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
      users.write(did, db => db.profile.put(WRITER_KEY, toB64u(session.keys().device.publicKey)))
      void people
        .learn(session.keys().document)
        .then(() => card.refresh(did))
        .catch(error => say('identity.not-learnt', { did, code: codeOf(error) }))
      card.keep(did)
      publishing.renewSlot(did)
      ownSync.soon(did)
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

  // A document that a peer showed may come into force at any time from here on.
  people.whenLearnt(({ next: document, decision }) => {
    if (decision !== 'accept') return
    const session = locals.find(document.did)
    if (session && decideDocument(session.document, document) === 'accept') session.setDocument(document)
    void node.recheck(document.did).catch(error => say('peer.not-rechecked', { code: codeOf(error) }))
    if (session) publishing.soon()
    for (const did of locals.list()) ownSync.soon(did)
  })
  const renewCard = async (did: Did): Promise<number> => {
    const told = await card.renew(did, () => sessionOf(did).renewCard())
    await announce(did)
    ownSync.soon(did)
    return told
  }
  const devices = makeDevices({
    renewCard,
    users,
    sessionOf,
    requests,
    peerId,
    nodesOf: did => master.peers.peersOf(did),
    epochNumbers: local =>
      Object.fromEntries(
        users
          .read(local, db => db.circles.list())
          .map(({ circleId }) => [circleId, circles.state(local, circleId).sealing?.number ?? 0]),
      ),
    async announce(local, document, change) {
      // Own nodes first: also the one that is taken out is told, as long as it can be reached.
      for (const { peer, addrs } of await people.addressesOf(local, local))
        if (peer !== peerId)
          void node
            .tellDocument({ peer, addrs }, document.wire, AbortSignal.timeout(TELL_TIMEOUT_MS))
            .catch(error => say('device.not-told', { peer, code: codeOf(error) }))
      await people.learn(document)
      await membership.renewed(local)
      const nowMs = clock.nowMs()
      for (const { did, state } of users.read(local, db => db.contacts.list()))
        if (state === 'known' || state === 'verified')
          await jobs.add({
            kind: 'document',
            owner: local,
            share: null,
            circle: null,
            target: did,
            notBeforeMs: nowMs,
          })
      runner.wake()
      say('device.announced', { did: local, seq: document.seq, change })
    },
    clock,
    chance,
    log: say,
  })
  const joining = makeJoining({
    paths,
    network,
    isUnused: async local => {
      if (locals.list().length !== 1 || locals.list()[0] !== local) return false
      if (sessionOf(local).document.devices.length !== 1 || sessionOf(local).document.seq !== 1) return false
      if ((await store.list(local, {})).length > 0) return false
      return users.read(
        local,
        db =>
          db.conversations.list({ limit: 1 }).conversations.length === 0 &&
          db.contacts.list().length === 0 &&
          db.circles.list().length === 0 &&
          db.received.list().length === 0 &&
          db.letters.list('waiting').length === 0 &&
          db.memories.list().length === 0 &&
          db.collections.list('notebook').length === 0 &&
          db.collections.list('bundle').length === 0,
      )
    },
    needsPassphrase: local => sessionOf(local).needsPassphrase,
    async replace(old, did, { name, ed, passphrase }) {
      await locals.add(did)
      contacts.keepName(did, config.name)
      if (name !== null) {
        const record = users.read(did, db => readRecord(db, ed))
        writeRecord(users, did, ed, { ...record, name, nameSeq: record.nameSeq + 1 })
      }
      if (passphrase !== null) await sessionOf(did).unlock(passphrase, null)
      await locals.remove(old)
      users.delete(old)
      for (const gone of [old, ...finishReplacing(paths)]) await removeUser(master, gone)
      // They were alone here, and so is this person now.
      operator = operatorOf(paths)
      publishing.soon()
      ownSync.soon(did)
    },
    isDeviceOf: local => !sessionOf(local).revoked,
    clock,
    chance,
    log: say,
  })
  scope.own(joining, one => one.stop())
  for (const did of locals.list()) requests.sweep(did)

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
    operator: () => operator,
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
    ...makeDeviceMethods(devices, joining),
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
      renewCard,
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
      endings,
      store,
      jobs,
      events,
      nowMs: () => clock.nowMs(),
      wake,
    }),
  }
  const handlers = afterWrites(methods, did => ownSync.soon(did))
  const callAudit = makeCallAudit(audit, () => operator)
  const doors = makeDoors({ locals, accounts, sessions, nameOf: contacts.name })
  const capabilities = makeCapabilityDoor({
    users,
    localUsers: locals.list,
    documentOf: ownDocument,
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
/** A device that was taken out sends nothing more: its jobs wait, and what only ends something here goes on. */
function unlessRevoked(
  locals: LocalUsers,
  clock: Clock,
  handlers: Record<JobKind, JobHandler>,
): Record<JobKind, JobHandler> {
  const refusing =
    (handle: JobHandler): JobHandler =>
    async (job, signal) =>
      locals.find(job.owner)?.revoked === true
        ? { code: 'device/revoked', atMs: clock.nowMs() + REVOKED_AGAIN_MS }
        : handle(job, signal)
  const wrapped = Object.entries(handlers).map(([kind, handle]) => [
    kind,
    kind === 'expire' ? handle : refusing(handle),
  ])
  return Object.fromEntries(wrapped) as Record<JobKind, JobHandler>
}

/** What a person changes is told to their other devices. */
function afterWrites(handlers: Handlers<Caller>, changed: (did: Did) => void): Handlers<Caller> {
  const wrapped: Record<string, unknown> = { ...handlers }
  for (const name of Object.keys(handlers) as (keyof Handlers<Caller>)[]) {
    if (contract[name].access !== 'write') continue
    const handle = handlers[name] as (caller: Caller, params: never, signal: AbortSignal) => Promise<unknown>
    wrapped[name] = async (caller: Caller, params: never, signal: AbortSignal) => {
      const result = await handle(caller, params, signal)
      if (caller.user !== null) changed(caller.user)
      return result
    }
  }
  return wrapped as unknown as Handlers<Caller>
}
