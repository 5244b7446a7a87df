/** Answers what the network asks: one small router from peers' requests to the services. */
import { hpkeSetupReceiver } from '../../core/crypto/hpke.ts'
import { parseManifest } from '../../core/crypto/manifest.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { hasCode } from '../../core/kernel/errors.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import { parseSlip } from '../../core/pipeline/holding.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import type { BlockStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { NetworkHost } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Arrival } from './arrival.ts'
import type { Circles } from './circles.ts'
import type { Endings } from './endings.ts'
import type { ExpectedCircles } from './expected-circles.ts'
import type { GossipMessages } from './gossip-messages.ts'
import type { KeyRing } from './keys.ts'
import type { Letters } from './letters.ts'
import type { IdentityStore, People } from './people.ts'

export interface HostDeps {
  users: UserDatabaseManager
  identities: IdentityStore
  store: ShareStore
  blocks: BlockStore
  people: People
  circles: Circles
  expected: ExpectedCircles
  arrival: Arrival
  letters: Letters
  endings: Endings
  gossip: GossipMessages
  keys: KeyRing
  /** What a local user's node shows: standing statement and document, or null. */
  proofOf: NetworkHost['proofOf']
  localUsers: () => Promise<Did[]>
  /** Pairing and syncing of own devices. */
  devices: Pick<NetworkHost, 'onPairing' | 'pairingState' | 'onTaken' | 'openDeviceSync'>
  /** A peer connected: what the directory should hold can be put there. */
  onConnected: () => void
  clock: Clock
}

export function makeNetworkHost(deps: HostDeps): NetworkHost {
  const {
    users,
    identities,
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
    proofOf,
    localUsers,
    devices,
    onConnected,
    clock,
  } = deps

  /** The slip under which a content id is held here: an own share that lives, or one that was received. */
  async function slipFor(content: Cid): Promise<Uint8Array | null> {
    const own = await store.findByContent(content)
    if (own !== null && isLive(own.state)) return own.slip
    for (const local of await localUsers()) {
      const row = users.read(local, db => db.received.byContent(content))[0]
      if (row?.slip) return row.slip
    }
    return null
  }

  return {
    ...devices,
    proofOf,
    judge: people.judge,
    mayLearn: people.mayLearn,
    macFor: people.macFor,
    addressesOf: people.addressesOf,
    onConnected,
    onProved: people.onProved,
    knownDidsOf: people.knownDidsOf,
    contactsToDial: people.toDial,
    newerFor: people.newerFor,
    onDocument: people.told,

    onDelivery: arrival.onDelivery,
    onBlock: arrival.onBlock,
    onDelivered: arrival.onDelivered,
    onTombstone: async (from, to, tombstone) => {
      // Whoever has a card may prove themselves; of somebody who never wrote there is nothing to take back.
      // An owner whose share somebody else passed on is no stranger to it.
      const isOwner = (): boolean => users.read(to, db => db.received.isFrom(from))
      if ((await people.isRelated(to, from)) || isOwner()) await endings.onTombstone(to, tombstone, from)
    },

    async onFetch({ content, want }) {
      const [slip, manifest] = await Promise.all([slipFor(content), blocks.get(content)])
      if (slip === null || manifest === null) return null
      const { shareKey, chunks } = parseManifest(manifest)
      const { notBeforeMs, expiresMs } = parseSlip(slip, shareKey)
      const nowMs = clock.nowMs()
      if ((notBeforeMs !== null && nowMs < notBeforeMs) || (expiresMs !== null && nowMs >= expiresMs))
        return null
      const named = new Set<Cid>(chunks)
      if (want.some(cid => !named.has(cid))) return null
      return { slip, manifest, getBlock: cid => blocks.get(cid) }
    },

    sharedCircles: async (local, remote) => [
      ...(await identities.sharedCircles(local, remote)),
      ...expected.of(local, remote),
    ],
    circleEntries: async (local, circle) => circles.entries(local, circle),
    loadCircle: async (local, circle) => users.read(local, db => db.circles.get(circle))?.document ?? null,

    async saveCircle(local, circle, document, newEntries) {
      await circles.takeEntries(local, newEntries)
      // With something in it that the log does not keep it would grow without end, and not be told of that again when it is needed.
      if (document !== null && circles.holds(local, circle, newEntries))
        users.write(local, db => db.circles.setDocument(circle, document))
      letters.wake(local)
    },

    openSync(local, enc, info) {
      try {
        return hpkeSetupReceiver(keys.keys(local).kem, enc, info)
      } catch (error) {
        if (hasCode(error, 'keystore/locked')) return null
        throw error
      }
    },

    onGossip: (shard, bytes) => gossip.take(shard, bytes),
  }
}
