/** Where people's nodes are, by all that is known of it; and who may be at a node. */
import type { IdentityDocument } from '../../core/identity/document.ts'
import { remember } from '../../core/kernel/remember.ts'
import type { Did } from '../../core/model/id.ts'
import type { PeerAddress } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { cardFields } from './card-fields.ts'

/** What the master database knows of nodes and their people. */
export interface PeerStore {
  peersOf(did: Did): Promise<PeerAddress[]>
  /** DIDs whose node this peer is known to be. */
  didsOf(peer: string): Promise<Did[]>
  /** Everybody who is in a circle with a local user, without them. */
  fellows(local: Did): Promise<Did[]>
}

export interface Whereabouts {
  addressesOf(local: Did, remote: Did): Promise<PeerAddress[]>
  /** Remember where a person's directory slot said that their nodes are. @returns whether that was news. */
  found(did: Did, peers: readonly PeerAddress[]): boolean
  knownDidsOf(peer: string): Promise<{ local: Did; remote: Did }[]>
  toDial(): Promise<{ local: Did; remote: Did }[]>
}

export interface WhereaboutsDeps {
  /** Peer id of this node. */
  self: string
  users: UserDatabaseManager
  store: PeerStore
  localUsers: () => Promise<Did[]>
  /** Cards of people who are in a circle with a local user, as its entries brought them. */
  fellowCards: (local: Did) => ReadonlyMap<Did, string>
  document: (did: Did) => Promise<IdentityDocument | null>
  isRelated: (local: Did, remote: Did) => Promise<boolean>
  /** The node that proved a DID last since the start, or null. */
  lastPeer: (did: Did) => string | null
}

/** People whose slots were read. */
const MAX_FOUND = 4096

export function makeWhereabouts(deps: WhereaboutsDeps): Whereabouts {
  const { self, users, store, localUsers, fellowCards, document, isRelated, lastPeer } = deps
  const foundAt = new Map<Did, readonly PeerAddress[]>()

  return {
    async addressesOf(local, remote) {
      const byPeer = new Map<string, Set<string>>()
      const add = ({ peer, addrs }: PeerAddress): void => {
        const known = byPeer.get(peer) ?? new Set()
        for (const address of addrs) known.add(address)
        byPeer.set(peer, known)
      }
      for (const address of foundAt.get(remote) ?? []) add(address)
      for (const address of await store.peersOf(remote)) add(address)
      const contact = users.read(local, db => db.contacts.get(remote))
      for (const address of contact?.peers ?? []) add(address)
      const card = fellowCards(local).get(remote)
      for (const address of card === undefined ? [] : cardFields(card).peers) add(address)
      // Nodes that only the document names: where they are, others may know.
      for (const peer of (await document(remote))?.peers ?? [])
        if (peer !== self && !byPeer.has(peer)) add({ peer, addrs: [] })
      const last = lastPeer(remote)
      if (last !== null && last !== self && !byPeer.has(last)) add({ peer: last, addrs: [] })
      if (local === remote) byPeer.delete(self)
      return [...byPeer].map(([peer, addrs]) => ({ peer, addrs: [...addrs] }))
    },

    found(did, peers) {
      const before = foundAt.get(did)
      remember(foundAt, did, peers, MAX_FOUND)
      return JSON.stringify(before) !== JSON.stringify(peers)
    },

    async knownDidsOf(peer) {
      const pairs: { local: Did; remote: Did }[] = []
      const remotes = await store.didsOf(peer)
      for (const local of await localUsers()) {
        const seen = new Set(remotes)
        for (const contact of users.read(local, db => db.contacts.list()))
          if (contact.state !== 'blocked' && contact.peers.some(known => known.peer === peer))
            seen.add(contact.did)
        for (const [did, card] of fellowCards(local))
          if (cardFields(card).peers.some(known => known.peer === peer)) seen.add(did)
        if ((await document(local))?.peers.includes(peer)) seen.add(local)
        for (const remote of seen) if (await isRelated(local, remote)) pairs.push({ local, remote })
      }
      return pairs
    },

    async toDial() {
      const pairs: { local: Did; remote: Did }[] = []
      for (const local of await localUsers()) {
        const wanted = new Set<Did>()
        for (const contact of users.read(local, db => db.contacts.list()))
          if (contact.state !== 'blocked') wanted.add(contact.did)
        // Who is blocked is not called, also when a circle has both: a call would show them that this node is there.
        for (const fellow of await store.fellows(local))
          if (await isRelated(local, fellow)) wanted.add(fellow)
        if (((await document(local))?.peers.length ?? 0) > 1) pairs.push({ local, remote: local })
        for (const remote of wanted) pairs.push({ local, remote })
      }
      return pairs
    },
  }
}
