/** Who is who: identity documents that are known, proofs on connections, and where people's nodes are. */
import { hmac } from '../../core/crypto/hash.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { sameSecret } from '../../core/crypto/secret.ts'
import { parseCard } from '../../core/identity/card.ts'
import { type IdentityDocument, parseDocument } from '../../core/identity/document.ts'
import { judgeStanding, parseStanding } from '../../core/identity/standing.ts'
import { decideDocument, documentTime, sharedDevices } from '../../core/identity/succession.ts'
import { concat, toHex, utf8 } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { PeerAddress, Proof } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'

/** The public side of people in the master database. */
export interface IdentityStore {
  /** Wire form of the document that counts, or null; `keep` are the signing keys (hex) that a conflict left, null without one. */
  document(did: Did): Promise<{ wire: Uint8Array; keep: string[] | null } | null>
  /** Another document of the same sequence was met: devices that only one of the two lists count no more. */
  keepDevices(did: Did, eds: readonly string[]): Promise<void>
  /** Keep a document that goes forward; another of the same sequence as the known one only raises the alarm. */
  put(document: IdentityDocument): Promise<void>
  peersOf(did: Did): Promise<PeerAddress[]>
  /** DIDs whose node this peer is known to be. */
  didsOf(peer: string): Promise<Did[]>
  putPeer(proof: Proof): Promise<void>
  /** Circles in which both are members here. */
  sharedCircles(local: Did, remote: Did): Promise<CircleId[]>
  /** Everybody who is in a circle with a local user, without them. */
  fellows(local: Did): Promise<Did[]>
}

export interface People {
  /** The document that counts for a DID, or null. Expired ones are returned too: `current` says. */
  document(did: Did): Promise<IdentityDocument | null>
  /** The document, when it counts now. */
  current(did: Did): Promise<IdentityDocument | null>
  /** Keep a document that was met, when it goes forward. @returns whether what counts changed. */
  learn(document: IdentityDocument): Promise<boolean>
  /** Contact that is not blocked, stranger or not, or member of a circle in common. */
  isRelated(local: Did, remote: Did): Promise<boolean>
  judge(proof: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Proof | null>
  /** The last proof of a DID on any connection since the start; also of strangers. */
  lastProof(did: Did): Proof | null
  onProved(local: Did, proof: Proof): Promise<void>
  mayLearn(asker: Did, local: Did, mac: Uint8Array | null, peers: Peers): Promise<boolean>
  macFor(local: Did, remote: Did, peers: Peers): Promise<Uint8Array | null>
  addressesOf(local: Did, remote: Did): Promise<PeerAddress[]>
  /** Remember where a person's directory slot said that their nodes are. @returns whether that was news. */
  found(did: Did, peers: readonly PeerAddress[]): boolean
  knownDidsOf(peer: string): Promise<{ local: Did; remote: Did }[]>
  toDial(): Promise<{ local: Did; remote: Did }[]>
  /** Called after a DID was proved, with whether a newer document came with it. */
  whenProved(listener: (local: Did, remote: Did, changed: boolean) => void): void
}

interface Peers {
  dialler: string
  listener: string
}

export interface PeopleDeps {
  /** Peer id of this node. */
  self: string
  users: UserDatabaseManager
  store: IdentityStore
  localUsers: () => Promise<Did[]>
  /** Cards of people who are in a circle with a local user, as its entries brought them. */
  fellowCards: (local: Did) => ReadonlyMap<Did, string>
  /** The read secret of a local user's own card, 16 bytes. */
  readSecret: (local: Did) => Uint8Array | null
  /** A document that was known went forward, or met a rival. */
  documentChanged: (did: Did, how: 'changed' | 'conflict') => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Proofs of strangers are remembered for as many, so that their first letter can be judged. */
const MAX_PROOFS = 2048
const MAX_CACHED = 4096

const macOf = (read: Uint8Array, { dialler, listener }: Peers): Uint8Array =>
  hmac(read, bound(LABELS.didAsk, concat(utf8(dialler), utf8(listener))))

/** Put at the end, and let the oldest go over `max`. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > max) for (const oldest of map.keys()) return void map.delete(oldest)
}

export function makePeople(deps: PeopleDeps): People {
  const { self, users, store, localUsers, fellowCards, readSecret, documentChanged, clock, log } = deps
  const foundAt = new Map<Did, readonly PeerAddress[]>()
  const documents = new Map<Did, IdentityDocument>()
  const proofs = new Map<Did, Proof>()
  const listeners: ((local: Did, remote: Did, changed: boolean) => void)[] = []

  async function document(did: Did): Promise<IdentityDocument | null> {
    const cached = documents.get(did)
    if (cached) return cached
    const row = await store.document(did)
    if (row === null) return null
    const whole = parseDocument(row.wire)
    const { keep } = row
    const parsed =
      keep === null
        ? whole
        : { ...whole, devices: whole.devices.filter(({ ed }) => keep.includes(toHex(ed))) }
    remember(documents, did, parsed, MAX_CACHED)
    return parsed
  }

  async function learn(next: IdentityDocument): Promise<boolean> {
    if (documentTime(next, clock.nowMs()) === 'ahead') return false
    const known = await document(next.did)
    const decision = decideDocument(known, next)
    if (decision === 'conflict') {
      await store.put(next)
      if (known !== null)
        await store.keepDevices(
          next.did,
          sharedDevices(known, next).map(({ ed }) => toHex(ed)),
        )
      documents.delete(next.did)
      log('identity.conflict', { did: next.did, seq: next.seq })
      documentChanged(next.did, 'conflict')
    }
    if (decision !== 'accept') return false
    await store.put(next)
    remember(documents, next.did, next, MAX_CACHED)
    log('identity.learnt', { did: next.did, seq: next.seq, devices: next.devices.length })
    if (known !== null) documentChanged(next.did, 'changed')
    return true
  }

  async function isRelated(local: Did, remote: Did): Promise<boolean> {
    const contact = users.read(local, db => db.contacts.get(remote))
    if (contact) return contact.state !== 'blocked'
    return (await store.sharedCircles(local, remote)).length > 0
  }

  async function mayLearnOf(asker: Did, local: Did, mac: Uint8Array | null, peers: Peers): Promise<boolean> {
    if (mac !== null) {
      const read = readSecret(local)
      if (read !== null && sameSecret(macOf(read, peers), mac)) {
        const contact = users.read(local, db => db.contacts.get(asker))
        return contact?.state !== 'blocked'
      }
    }
    return isRelated(local, asker)
  }

  return {
    document,
    learn,
    isRelated,
    async current(did) {
      const found = await document(did)
      return found && documentTime(found, clock.nowMs()) === 'current' ? found : null
    },

    async judge(shown, peer) {
      try {
        const standing = parseStanding(shown.standing)
        const given = parseDocument(shown.document)
        const known = await document(given.did)
        const decision = decideDocument(known, given)
        if (decision === 'foreign' || decision === 'conflict') return null
        const counts = known && decision !== 'accept' ? known : given
        const why = judgeStanding(standing, counts, peer, clock.nowMs())
        if (why !== null) {
          log('peer.proof-refused', { did: given.did, peer, why })
          return null
        }
        const proof = { did: given.did, peer, standing: shown.standing, document: counts.wire }
        remember(proofs, given.did, proof, MAX_PROOFS)
        return proof
      } catch (error) {
        if (!isVerdict(error)) throw error
        log('peer.proof-refused', { peer, why: codeOf(error) })
        return null
      }
    },

    lastProof: did => proofs.get(did) ?? null,

    async onProved(local, proof) {
      if (!(await isRelated(local, proof.did))) return
      const changed = await learn(parseDocument(proof.document))
      // That somebody lives here is found in their card, as by anybody else, and in no list that another user's questions meet.
      if (proof.peer !== self) await store.putPeer(proof)
      users.write(local, db => db.contacts.seen(proof.did, clock.nowMs()))
      for (const listener of listeners) listener(local, proof.did, changed)
    },

    async mayLearn(asker, asked, mac, peers) {
      const here = await localUsers()
      // For who does not live here the same is asked of somebody who does: neither the answer nor its time tells.
      const local = here.includes(asked) ? asked : here[0]
      if (local === undefined) return false
      const may = await mayLearnOf(asker, local, mac, peers)
      return may && local === asked
    },

    async macFor(local, remote, peers) {
      const contact = users.read(local, db => db.contacts.get(remote))
      const card = fellowCards(local).get(remote)
      const read = contact?.readSecret ?? (card === undefined ? null : cardFields(card).readSecret)
      return read && macOf(read, peers)
    },

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
      const last = proofs.get(remote)
      if (last && last.peer !== self && !byPeer.has(last.peer)) add({ peer: last.peer, addrs: [] })
      return [...byPeer].map(([peer, addrs]) => ({ peer, addrs: [...addrs] }))
    },

    found(did, peers) {
      const before = foundAt.get(did)
      remember(foundAt, did, peers, MAX_CACHED)
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
        for (const fellow of await store.fellows(local)) wanted.add(fellow)
        for (const remote of wanted) pairs.push({ local, remote })
      }
      return pairs
    },

    whenProved(listener) {
      listeners.push(listener)
    },
  }
}

/** What a contact row keeps of a card. */
export const cardFields = (text: string) => {
  const card = parseCard(text)
  return {
    did: card.did,
    card: text.replace(/\s+/g, '').toLowerCase(),
    dir: card.directory,
    readSecret: card.read,
    peers: [{ peer: card.peer, addrs: [...card.addrs] }],
  }
}
