/** Part of the composition root: shares and what becomes of them, each service made of what it names and nothing else. */
import type { Clock } from '../core/kernel/env.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { Did } from '../core/model/id.ts'
import type { JobKind } from '../core/pipeline/ports.ts'
import { builtInPolicy } from '../core/policy/decide.ts'
import type { Ground } from './compose-ground.ts'
import type { PeopleServices } from './compose-people.ts'
import type { JobHandler } from './jobs/runner.ts'
import { makeAcus } from './library/acus.ts'
import { makeCollections } from './library/collections.ts'
import type { LocalUsers } from './local-users.ts'
import { makeArrival } from './sharing/arrival.ts'
import { makeCardLetters } from './sharing/card-letters.ts'
import { makeDelivery } from './sharing/delivery.ts'
import { makeEndings } from './sharing/endings.ts'
import { makeEnvelopes } from './sharing/envelopes.ts'
import type { SharingEvents } from './sharing/events.ts'
import { makeFetching } from './sharing/fetching.ts'
import { makeFilterLists } from './sharing/filter-lists.ts'
import { makeHandingBack } from './sharing/handing-back.ts'
import { makeInbox } from './sharing/inbox.ts'
import { makeLetters } from './sharing/letters.ts'
import { makePassed } from './sharing/passed.ts'
import { makePassing } from './sharing/passing.ts'
import { makePassingJobs } from './sharing/passing-jobs.ts'
import { makeProposals } from './sharing/proposals.ts'
import { makePushes } from './sharing/pushes.ts'
import { makeQuotas } from './sharing/quotas.ts'
import { makeRegaining } from './sharing/regaining.ts'
import { makeReissue } from './sharing/reissue.ts'
import { makeScans } from './sharing/scans.ts'
import { makeSealing } from './sharing/sealing.ts'
import { makeShares } from './sharing/shares.ts'
import { makeVerification } from './sharing/verification.ts'

/** Jobs of a device that was taken out. */
const REVOKED_AGAIN_MS = 3_600_000
/** Strangers whose items are held at once. */
const MAX_STRANGERS = 200

/** @param scope - closes what must be closed. */
export function makeShareServices(
  ground: Ground,
  events: SharingEvents,
  among: PeopleServices,
  scope: Scope,
) {
  const {
    config,
    nodeKey,
    master,
    users,
    blocks,
    conversations,
    locals,
    keys,
    network,
    wake,
    clock,
    chance,
    say,
  } = ground
  const { refs, people, contacts, trust, card, reaching, sending, circles, expected, audiences, syncs } =
    among
  const { gossip, membership, invites, joins } = among
  const { sessionOf } = locals
  const { jobs, shares: store } = master
  const localUsers = async (): Promise<Did[]> => locals.list()
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
    jobs: jobs,
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
    expected,
    endings,
    passed,
    keys,
    events,
    meetMoved: trust.meetMoved,
    takeJoin: (did, sender, join, letter) => invites.take(did, sender, join, letter),
    takeAnswers: (did, sender, answers) => joins.takeAnswers(did, sender, answers),
    takeReturns: (did, sender, returns) => regaining.take(did, sender, returns),
    canOpen: fetching.canOpen,
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
  const quotas = makeQuotas({
    users,
    contacts,
    strangers: config.strangers,
    maxStrangers: MAX_STRANGERS,
    accepted: config.contacts,
  })
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
    quotas,
    clock,
    log: say,
  })
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
  const proposals = makeProposals({ users, audiences, shares, store, clock, chance })
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
    chance,
    log: say,
  })
  const regaining = makeRegaining({
    users,
    store,
    blocks,
    people,
    fetching,
    dropBlocks: endings.dropBlocks,
    isKnown: async (local, did) => {
      const state = contacts.get(local, did)?.state
      if (state === 'known' || state === 'verified') return true
      return state !== 'blocked' && (await refs.identities.sharedCircles(local, did)).length > 0
    },
    keys,
    events,
    wake,
    clock,
    chance,
    log: say,
  })
  const handingBack = makeHandingBack({
    users,
    store,
    jobs,
    people,
    sending,
    introduce: card.introduce,
    wake,
    clock,
    log: say,
  })
  const jobHandlers = unlessRevoked(locals, clock, {
    ...delivering,
    ...passingJobs.handlers,
    card: makeCardLetters({ users, people, contacts, keys, card, reaching, sending, log: say }),
    'hand-back': handingBack.run,
  })
  return {
    passed,
    endings,
    fetching,
    letters,
    arrival,
    lists,
    acus,
    collections,
    shares,
    proposals,
    inbox,
    verification,
    reissue,
    scans,
    passing,
    passingJobs,
    jobHandlers,
    handingBack,
    regaining,
  }
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
