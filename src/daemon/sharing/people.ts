/** Who is who: whom a user has met, and what was proved on connections. */
import { hmac } from '../../core/crypto/hash.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { sameSecret } from '../../core/crypto/secret.ts'
import { type IdentityDocument, parseDocument } from '../../core/identity/document.ts'
import { judgeStanding, parseStanding } from '../../core/identity/standing.ts'
import { decideDocument } from '../../core/identity/succession.ts'
import { concat, sameBytes, utf8 } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import { remember } from '../../core/kernel/remember.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { Proof } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { cardFields } from './card-fields.ts'
import { type DocumentStore, type KnownDocuments, makeKnownDocuments } from './known-documents.ts'
import { makeWhereabouts, type PeerStore, type Whereabouts } from './whereabouts.ts'

/** The public side of people in the master database. */
export interface IdentityStore extends DocumentStore, PeerStore {
  putPeer(proof: Proof): Promise<void>
  /** Circles in which both are members here. */
  sharedCircles(local: Did, remote: Did): Promise<CircleId[]>
}

export interface People extends KnownDocuments, Whereabouts {
  /** As `current`, of somebody whom this user has met: another user's acquaintance with a person tells nothing here. */
  met(local: Did, did: Did): Promise<IdentityDocument | null>
  /** As `learn`, and remember that this user has met the person. */
  meet(local: Did, document: IdentityDocument): Promise<boolean>
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
  /** The document that counts for a local user, when the statement shown is of a device that it took out; else null. */
  newerFor(shown: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Uint8Array | null>
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

const macOf = (read: Uint8Array, { dialler, listener }: Peers): Uint8Array =>
  hmac(read, bound(LABELS.didAsk, concat(utf8(dialler), utf8(listener))))

/** Key of the profile table: this user has met that person. */
const metKey = (did: Did): string => `met ${did}`

export function makePeople(deps: PeopleDeps): People {
  const { self, users, store, localUsers, fellowCards, readSecret, documentChanged, clock, log } = deps
  const documents = makeKnownDocuments({ store, documentChanged, clock, log })
  const { document, learn, current } = documents
  const proofs = new Map<Did, Proof>()
  /** By DID and node. */
  const nodeProofs = new Map<string, Proof>()
  const listeners: ((local: Did, remote: Did, changed: boolean) => void)[] = []

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
    ...documents,
    ...makeWhereabouts({
      self,
      users,
      store,
      localUsers,
      fellowCards,
      document,
      isRelated,
      lastPeer: did => proofs.get(did)?.peer ?? null,
    }),

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

    whenProved(listener) {
      listeners.push(listener)
    },
  }
}
