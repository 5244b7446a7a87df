/** What the services ask of the master database about people, circles and records, put together from its tables. */
import { toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import { recordPlace } from '../../core/pipeline/holding.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import type { Master } from '../storage/master/master.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { CircleRefs } from './circle-logs.ts'
import type { IdentityStore } from './people.ts'
import type { RecordStore } from './sealing.ts'

export interface References {
  identities: IdentityStore
  circles: CircleRefs
  records: RecordStore
}

export function makeReferences(
  master: Master,
  users: UserDatabaseManager,
  localUsers: () => readonly Did[],
  clock: Clock,
  /** Circles into which a stranger put the user make nobody related to them until the stranger is accepted. */
  isShown: (local: Did, circle: CircleId) => boolean,
): References {
  const knownKey = (circle: CircleId, member: Did): string => `circle.known ${circle} ${member}`

  const isBlocked = (local: Did, did: Did): boolean =>
    users.read(local, db => db.contacts.get(did))?.state === 'blocked'

  const identities: IdentityStore = {
    async document(did) {
      const row = await master.identities.get(did)
      if (row === null) return null
      const keep = row.alarm ? (await master.identities.devices(did)).map(({ ed }) => ed) : null
      return { wire: row.document, keep }
    },
    keepDevices: (did, eds) => master.identities.keepDevices(did, eds),
    async put(document) {
      await master.identities.put({
        did: document.did,
        local: localUsers().includes(document.did),
        recovery: document.byRecovery,
        seq: document.seq,
        hash: toHex(document.hash),
        document: document.wire,
        devices: document.devices.map(({ ed, at }) => ({
          ed: toHex(ed),
          addedAtMs: at,
          revokedAtMs: document.revoked.find(gone => toHex(gone.ed) === toHex(ed))?.at ?? null,
        })),
        atMs: clock.nowMs(),
      })
    },
    peersOf: async did => (await master.peers.peersOf(did)).map(({ peer, addrs }) => ({ peer, addrs })),
    didsOf: peer => master.peers.didsOf(peer),
    putPeer: ({ did, peer, standing }) =>
      master.peers.put({ peer, addrs: [], lastSeenMs: clock.nowMs(), did, standing }),
    sharedCircles: async (local, remote) =>
      isBlocked(local, remote)
        ? []
        : (await master.circles.shared(local, remote)).filter(circle => isShown(local, circle)),
    async fellows(local) {
      const fellows = new Set<Did>()
      for (const { circleId } of await master.circles.ofUser(local)) {
        if (!isShown(local, circleId)) continue
        for (const { member } of await master.circles.members(local, circleId))
          if (member !== local && !isBlocked(local, member)) fellows.add(member)
      }
      return [...fellows]
    },
  }

  const circles: CircleRefs = {
    put: (local, circle, { epoch, shard, members }) =>
      master.circles.put(
        { circleId: circle, did: local, epoch, shard, createdAtMs: clock.nowMs() },
        members.map(({ did, role }) => ({ member: did, role, state: 'active' })),
      ),
    async matches(local, circle, members) {
      const known = new Set((await master.circles.members(local, circle)).map(({ member }) => member))
      return known.size === members.length && members.every(({ did }) => known.has(did))
    },
    knownEpoch: (local, circle, member) => users.read(local, db => db.profile.text(knownKey(circle, member))),
    setKnownEpoch: (local, circle, member, epoch) =>
      users.write(local, db => db.profile.put(knownKey(circle, member), epoch)),
  }

  const records: RecordStore = {
    put: (shareId, wire) => master.records.put({ shareId, wire, publishedAtMs: null }),
    published: share => master.records.published(share, clock.nowMs()),
    async live() {
      const live = []
      for (const local of localUsers())
        for (const { shareId, state } of await master.shares.list(local, {})) {
          const row = isLive(state) ? await master.records.get(shareId) : null
          if (row !== null) live.push({ share: shareId, key: recordPlace(row.wire), wire: row.wire })
        }
      return live
    },
  }

  return { identities, circles, records }
}
