/** Who is who: identity documents that are known, proofs on connections, and where people's nodes are. */
import { hmac } from '../../core/crypto/hash.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { sameSecret } from '../../core/crypto/secret.ts'
import { parseCard } from '../../core/identity/card.ts'
import { type IdentityDocument, parseDocument } from '../../core/identity/document.ts'
import { judgeStanding, parseStanding } from '../../core/identity/standing.ts'
import { decideDocument, documentTime, sharedDevices } from '../../core/identity/succession.ts'
import { concat, sameBytes, toHex, utf8 } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict, VivimError } from '../../core/kernel/errors.ts'
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
  /** As `current`, of somebody whom this user has met: another user's acquaintance with a person tells nothing here. */
  met(local: Did, did: Did): Promise<IdentityDocument | null>
  /** As `learn`, and remember that this user has met the person. */
  meet(local: Did, document: IdentityDocument): Promise<boolean>
  /** Whether two documents of one sequence were met: only devices of both count. */
  isInConflict(did: Did): Promise<boolean>
  /** Keep a document that was met, when it goes forward. @returns whether what counts changed. */
  learn(document: IdentityDocument): Promise<boolean>
  /** Contact that is not blocked, stranger or not, or member of a circle in common. */
  isRelated(local: Did, remote: Did): Promise<boolean>
  judge(proof: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Proof | null>
  /** What a node proved of a DID since the start, judged again now; null when it does not hold. */
  proofAt(did: Did, peer: string): Promise<Proof | null>
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
  /** Called before a document is kept that takes another's place or contradicts it: what it changes is never kept in silence. */
  whenLearning(listener: (learning: Learning) => Promise<void>): void
  /** Called after a document took another's place, or contradicted it. */
  whenLearnt(listener: (learning: Learning) => void): void
  /** Told of a document by somebody, whoever they are: it is kept where its person is known here. */
  told(wire: Uint8Array): Promise<void>
  /** The document that counts for a local user, when the statement shown is of a device that it took out; else null. */
  newerFor(shown: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Uint8Array | null>
  /** Called after a DID was proved, with whether a newer document came with it. */
  whenProved(listener: (local: Did, remote: Did, changed: boolean) => void): void
}

/** A document that is news. `known` is what counted before, null at the first meeting. */
export interface Learning {
  readonly known: IdentityDocument | null
  readonly next: IdentityDocument
  readonly decision: 'accept' | 'conflict'
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

/** Key of the profile table: this user has met that person. */
const metKey = (did: Did): string => `met ${did}`

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
  const before: ((learning: Learning) => Promise<void>)[] = []
  const after: ((learning: Learning) => void)[] = []
  /** By DID and node. */
  const nodeProofs = new Map<string, Proof>()
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
    if (decision !== 'accept' && decision !== 'conflict') return false
    const learning = { known, next, decision }
    for (const listener of before) await listener(learning)
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
    } else {
      await store.put(next)
      remember(documents, next.did, next, MAX_CACHED)
      log('identity.learnt', { did: next.did, seq: next.seq, devices: next.devices.length })
      if (known !== null) documentChanged(next.did, 'changed')
    }
    for (const listener of after) listener(learning)
    return decision === 'accept'
  }

  async function isRelated(local: Did, remote: Did): Promise<boolean> {
    // Another node of the same person.
    if (local === remote) return true
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

  async function current(did: Did): Promise<IdentityDocument | null> {
    const found = await document(did)
    return found && documentTime(found, clock.nowMs()) === 'current' ? found : null
  }

  async function judge(
    shown: { standing: Uint8Array; document: Uint8Array },
    peer: string,
  ): Promise<Proof | null> {
    try {
      const standing = parseStanding(shown.standing)
      const given = parseDocument(shown.document)
      const known = await document(given.did)
      const decision = decideDocument(known, given)
      // Who contradicts what is known is not let in; that they tried is an alarm by whatever door it came.
      if (decision === 'conflict') await learn(given)
      if (decision === 'foreign' || decision === 'conflict') return null
      const counts = known && decision !== 'accept' ? known : given
      const why = judgeStanding(standing, counts, peer, clock.nowMs())
      if (why !== null) {
        log('peer.proof-refused', { did: given.did, peer, why })
        return null
      }
      const proof = { did: given.did, peer, standing: shown.standing, document: counts.wire }
      remember(proofs, given.did, proof, MAX_PROOFS)
      remember(nodeProofs, `${given.did} ${peer}`, proof, MAX_PROOFS)
      return proof
    } catch (error) {
      if (!isVerdict(error)) throw error
      log('peer.proof-refused', { peer, why: codeOf(error) })
      return null
    }
  }

  return {
    document,
    learn,
    current,
    isInConflict: async did => ((await store.document(did))?.keep ?? null) !== null,

    async met(local, did) {
      const isMet =
        did === local ||
        users.read(
          local,
          db => db.contacts.get(did)?.lastSeenMs != null || db.profile.text(metKey(did)) !== null,
        ) ||
        (await store.sharedCircles(local, did)).length > 0
      return isMet ? current(did) : null
    },

    async meet(local, next) {
      const changed = await learn(next)
      users.write(local, db => db.profile.put(metKey(next.did), '1'))
      return changed
    },

    isRelated,
    judge,

    async proofAt(did, peer) {
      const known = nodeProofs.get(`${did} ${peer}`)
      return known === undefined ? null : await judge(known, peer)
    },

    lastProof: did => proofs.get(did) ?? null,

    async onProved(local, proof) {
      // Not when it is judged: anybody can show any number of identities, and would push out those that were let in.
      remember(proofs, proof.did, proof, MAX_PROOFS)
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
      // Nodes that only the document names: where they are, others may know.
      for (const peer of (await document(remote))?.peers ?? [])
        if (peer !== self && !byPeer.has(peer)) add({ peer, addrs: [] })
      const last = proofs.get(remote)
      if (last && last.peer !== self && !byPeer.has(last.peer)) add({ peer: last.peer, addrs: [] })
      if (local === remote) byPeer.delete(self)
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

    async told(wire) {
      const shown = parseDocument(wire)
      const known = await document(shown.did)
      if (known === null) return
      if (decideDocument(known, shown) === 'accept') await learn(shown)
    },

    async newerFor(shown, peer) {
      try {
        const standing = parseStanding(shown.standing)
        if (standing.peer !== peer || !(await localUsers()).includes(standing.did)) return null
        const known = await document(standing.did)
        return known?.revoked.some(({ ed }) => sameBytes(ed, standing.by)) ? known.wire : null
      } catch (error) {
        if (!isVerdict(error)) throw error
        return null
      }
    },

    whenLearning(listener) {
      before.push(listener)
    },

    whenLearnt(listener) {
      after.push(listener)
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

/** The fields of a card, or null when it is broken or somebody else's. */
export function cardFieldsOf(text: string, did: Did) {
  try {
    return parseCard(text).did === did ? cardFields(text) : null
  } catch {
    return null
  }
}

/** An own document that goes back: a newer one was in force on this node. @throws `identity/rolled-back`. */
export async function refuseRollback(people: Pick<People, 'document'>, own: IdentityDocument): Promise<void> {
  const known = await people.document(own.did)
  const decision = decideDocument(known, own)
  if (known === null || decision === 'accept' || decision === 'same' || decision === 'conflict') return
  throw new VivimError(
    'identity/rolled-back',
    'the own identity document is older than one that was in force',
    {
      found: own.seq,
      known: known.seq,
    },
  )
}
