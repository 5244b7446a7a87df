/** Part of the composition root: people and circles, each service made of what it names and nothing else. */
import { decideDocument } from '../core/identity/succession.ts'
import { codeOf } from '../core/kernel/errors.ts'
import type { CircleId, Did } from '../core/model/id.ts'
import type { Ground } from './compose-ground.ts'
import { makeAudiences } from './sharing/audiences.ts'
import { makeCircleUpkeep } from './sharing/circle-upkeep.ts'
import { makeCircles } from './sharing/circles.ts'
import { makeContacts } from './sharing/contacts.ts'
import type { Endings } from './sharing/endings.ts'
import type { SharingEvents } from './sharing/events.ts'
import { makeExpectedCircles } from './sharing/expected-circles.ts'
import { makeGossipMessages } from './sharing/gossip-messages.ts'
import { makeInvites } from './sharing/invites.ts'
import { makeJoins } from './sharing/joins.ts'
import { makeLetterSending } from './sharing/letter-sending.ts'
import { makeMembership } from './sharing/membership.ts'
import { makeOwnCard } from './sharing/own-card.ts'
import { makePeople } from './sharing/people.ts'
import { makeReaching } from './sharing/reaching.ts'
import { makeReferences } from './sharing/references.ts'
import { makeSyncs } from './sharing/syncs.ts'
import { makeTrust } from './sharing/trust.ts'
import { makeWelcome } from './sharing/welcome.ts'

/** What is made after people and circles, and called by them. */
export interface AfterPeople {
  endings: () => Endings
  /** The user's own devices hear of it soon. */
  ownSoon: (local: Did) => void
}

/** @param after - not called before it is made. */
export function makePeopleServices(ground: Ground, events: SharingEvents, after: AfterPeople) {
  const { peerId, master, users, locals, keys, happenings, network, wake, clock, chance, say } = ground
  const { sessionOf } = locals
  const { jobs, shares: store } = master
  const localUsers = async (): Promise<Did[]> => locals.list()
  const refs = makeReferences(master, users, locals.list, clock, (did, circle) =>
    audiences.isShown(did, circle),
  )
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
      after.ownSoon(did)
      void settle(did, circle)
    },
    entered: happenings.entry,
    joined: happenings.joined,
    clock,
    chance,
    log: say,
  })
  const audiences = makeAudiences({ users, contacts, circles })
  const expected = makeExpectedCircles({ users, contacts })
  const syncs = makeSyncs({
    circles,
    network,
    synced: (did, circle) =>
      void upkeep
        .wasSynced(did, circle)
        .catch(error => say('circle.not-settled', { circle, code: codeOf(error) })),
    stores: refs.identities,
    expected,
    log: say,
  })
  const gossip = makeGossipMessages({
    circles,
    endings: after.endings,
    keys,
    network,
    localUsers,
    wantSync: syncs.wantCircle,
    chance,
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
    welcome: makeWelcome({
      store,
      circles,
      regained: did => users.read(did, db => db.shareContents.regained().map(({ share }) => share)),
      wake,
      clock,
      log: say,
    }),
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
  return {
    refs,
    people,
    contacts,
    trust,
    card,
    reaching,
    sending,
    circles,
    expected,
    audiences,
    syncs,
    gossip,
    upkeep,
    membership,
    invites,
    joins,
  }
}

export type PeopleServices = ReturnType<typeof makePeopleServices>
