/** Part of the composition root: the services, among own devices, people and shares; and what the network asks of them. */
import type { Scope } from '../core/kernel/scope.ts'
import type { Ground } from './compose-ground.ts'
import { makePeopleServices } from './compose-people.ts'
import { makeShareServices } from './compose-shares.ts'
import { makeOwnSync } from './devices/own-sync.ts'
import { makeRequests } from './devices/requests.ts'
import { makeSyncCircles } from './devices/sync-circles.ts'
import { makeSyncPeople } from './devices/sync-people.ts'
import { makeSyncReceived } from './devices/sync-received.ts'
import { makeSyncShares } from './devices/sync-shares.ts'
import { makeSharingEvents } from './sharing/events.ts'
import { makeNetworkHost } from './sharing/host.ts'

/** @param scope - closes what must be closed. */
export function makeServices(ground: Ground, scope: Scope) {
  const { peerId, master, users, blocks, locals, keys, network, publisher, announce, clock, chance, say } =
    ground
  const { sessionOf } = locals
  const store = master.shares
  const events = makeSharingEvents()
  const among = makePeopleServices(ground, events, {
    endings: () => sharing.endings,
    ownSoon: did => ownSync.soon(did),
  })
  const { refs, people, contacts, card, circles, expected, gossip } = among
  const sharing = makeShareServices(ground, events, among, scope)
  const { arrival, endings, fetching, inbox, letters } = sharing
  const requests = makeRequests({
    users,
    find: locals.find,
    readSecret: card.readSecret,
    peerId,
    clock,
    chance,
    log: say,
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
    expected,
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
    localUsers: async () => locals.list(),
    onConnected: () => publisher()?.soon(),
    clock,
  })

  return { ...among, ...sharing, events, requests, ownSync, host }
}

export type Services = ReturnType<typeof makeServices>
