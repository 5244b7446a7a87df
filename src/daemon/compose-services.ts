/** Part of the composition root: the services of sharing, made of stores and ports, each with what it names and nothing else. */
import type { Ed25519Key } from '../core/crypto/ed25519.ts'
import { decideDocument } from '../core/identity/succession.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { codeOf } from '../core/kernel/errors.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { CircleId, Did } from '../core/model/id.ts'
import type { BlockStore, JobKind } from '../core/pipeline/ports.ts'
import { builtInPolicy } from '../core/policy/decide.ts'
import type { Happenings } from './audit/happenings.ts'
import type { Config } from './config.ts'
import { makeOwnSync } from './devices/own-sync.ts'
import { makeRequests } from './devices/requests.ts'
import { makeSyncCircles } from './devices/sync-circles.ts'
import { makeSyncPeople } from './devices/sync-people.ts'
import { makeSyncReceived } from './devices/sync-received.ts'
import { makeSyncShares } from './devices/sync-shares.ts'
import type { JobHandler } from './jobs/runner.ts'
import { makeAcus } from './library/acus.ts'
import { makeCollections } from './library/collections.ts'
import type { LocalUsers } from './local-users.ts'
import type { Network } from './network/ports.ts'
import { makeArrival } from './sharing/arrival.ts'
import { makeAudiences } from './sharing/audiences.ts'
import { makeCardLetters } from './sharing/card-letters.ts'
import { makeCircleUpkeep } from './sharing/circle-upkeep.ts'
import { makeCircles } from './sharing/circles.ts'
import { makeContacts } from './sharing/contacts.ts'
import { makeDelivery } from './sharing/delivery.ts'
import { makeEndings } from './sharing/endings.ts'
import { makeEnvelopes } from './sharing/envelopes.ts'
import { makeSharingEvents } from './sharing/events.ts'
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
import { makePeople } from './sharing/people.ts'
import { makeProposals } from './sharing/proposals.ts'
import type { Publisher } from './sharing/publisher.ts'
import { makePushes } from './sharing/pushes.ts'
import { makeReaching } from './sharing/reaching.ts'
import { makeReferences } from './sharing/references.ts'
import { makeReissue } from './sharing/reissue.ts'
import { makeScans } from './sharing/scans.ts'
import { makeSealing } from './sharing/sealing.ts'
import { makeShares } from './sharing/shares.ts'
import { makeSyncs } from './sharing/syncs.ts'
import { makeTrust } from './sharing/trust.ts'
import { makeVerification } from './sharing/verification.ts'
import { makeWelcome } from './sharing/welcome.ts'
import type { Master } from './storage/master/master.ts'
import type { ConversationStore } from './storage/user/conversation-store.ts'
import type { UserDatabaseManager } from './storage/user/manager.ts'

/** Jobs of a device that was taken out. */
const REVOKED_AGAIN_MS = 3_600_000
/** Strangers whose items are held at once. */
const MAX_STRANGERS = 200

/** What the services are made of: stores, keys, time and chance, and the two that run only once the services are there. */
export interface Ground {
  config: Config
  peerId: string
  nodeKey: Ed25519Key
  master: Master
  users: UserDatabaseManager
  blocks: BlockStore
  conversations: ConversationStore
  locals: LocalUsers
  happenings: Happenings
  /** @throws `daemon/not-ready` before the node listens. */
  network: () => Network
  publisher: () => Publisher | null
  /** The own document in force is made known everywhere. @returns how many contacts are told. */
  announce: (local: Did) => Promise<number>
  wake: () => void
  clock: Clock
  chance: Chance
  say: (event: string, fields: Record<string, unknown>) => void
}

/** @param scope - closes what must be closed. */
export function makeServices(ground: Ground, scope: Scope) {
  const { config, peerId, nodeKey, master, users, blocks, conversations, locals, happenings } = ground
  const { network, publisher, announce, wake, clock, chance, say } = ground
  const { sessionOf } = locals
  const keys = { keys: (did: Did) => sessionOf(did).keys(), unlocked: (did: Did) => sessionOf(did).unlocked }
  const localUsers = async (): Promise<Did[]> => locals.list()
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
      void upkeep
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
    standing: did => sessionOf(did).nodeRight.shown?.wire ?? null,
    nodeKey,
    quota: { ...config.strangers, people: MAX_STRANGERS },
    clock,
    log: say,
  })
  const endInvites = (did: Did, circle: CircleId): number => invites.endBefore(did, circle)
  const upkeep = makeCircleUpkeep({
    users,
    jobs,
    circles,
    refs: refs.circles,
    audiences,
    gossip,
    welcome: makeWelcome({ store, circles, wake, clock, log: say }),
    keys,
    wantSync: syncs.wantCircle,
    deviceKey: did => sessionOf(did).deviceKey,
    endInvites,
    wake,
    clock,
  })
  const membership = makeMembership({
    users,
    jobs,
    people,
    contacts,
    circles,
    audiences,
    upkeep,
    keys,
    endInvites,
    wake,
    clock,
  })
  const settle = (did: Did, circle: CircleId): Promise<void> =>
    upkeep.settle(did, circle).catch(error => say('circle.not-settled', { circle, code: codeOf(error) }))
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
          takeSlot: (local, wire) => publisher()?.takeSlot(local, wire) ?? false,
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
      const standing = session?.nodeRight.shown
      return session && standing && !session.revoked
        ? { standing: standing.wire, document: session.document.wire }
        : null
    },
    localUsers,
    onConnected: () => publisher()?.soon(),
    clock,
  })

  return {
    keys,
    passed,
    refs,
    events,
    people,
    contacts,
    trust,
    jobs,
    card,
    circles,
    audiences,
    syncs,
    store,
    endings,
    fetching,
    letters,
    upkeep,
    membership,
    lists,
    acus,
    collections,
    shares,
    proposals,
    inbox,
    verification,
    reissue,
    scans,
    requests,
    passing,
    passingJobs,
    invites,
    joins,
    jobHandlers,
    ownSync,
    host,
  }
}

export type Services = ReturnType<typeof makeServices>

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
