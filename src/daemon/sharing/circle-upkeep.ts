/** Circles kept up to date on this node and brought to the members' nodes: newer documents, keys for new devices, epochs that are due, and what
 *  an earlier process began. */
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { JobStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import { type CircleRefs, keyMark } from './circle-logs.ts'
import type { Circles } from './circles.ts'
import type { GossipMessages } from './gossip-messages.ts'
import type { KeyRing } from './keys.ts'
import type { Welcome } from './welcome.ts'

export interface CircleUpkeepDeps {
  users: UserDatabaseManager
  jobs: JobStore
  circles: Circles
  refs: CircleRefs
  audiences: Audiences
  gossip: GossipMessages
  welcome: Welcome
  keys: KeyRing
  /** With every member whose node is connected. */
  wantSync: (local: Did, circle: CircleId) => void
  /** The public key of this device of a user, 32 bytes; null before the first unlock. */
  deviceKey: (local: Did) => Uint8Array | null
  /** End the invites that were made before a removal. @returns how many. */
  endInvites: (local: Did, circle: CircleId) => number
  wake: () => void
  clock: Clock
}

export function makeCircleUpkeep(deps: CircleUpkeepDeps) {
  const { users, jobs, circles, refs, audiences, gossip, welcome, keys, deviceKey } = deps
  const { wantSync, endInvites, wake, clock } = deps
  /** Circles that were brought up to date with a member since the start, by user. */
  const synced = new Set<string>()

  /** A member's node gets the entries and the key of the newest epoch. */
  async function bring(local: Did, circle: CircleId, target: Did): Promise<void> {
    await jobs.drop({ kind: 'circle', owner: local, circle, target })
    const notBeforeMs = clock.nowMs()
    await jobs.add({ kind: 'circle', owner: local, share: null, circle, target, notBeforeMs })
  }

  /** Whether this device signed an entry: what another own device began is its own to finish. */
  function isMine(local: Did, circle: CircleId, hash: string): boolean {
    const own = deviceKey(local)
    const entry = circles.load(local, circle).entries.find(one => one.hash === hash)
    return own === null || (entry !== undefined && sameBytes(entry.by, own))
  }

  /** Members whose nodes got the key that counts, but not for all the devices that they have now. */
  async function bringToNewDevices(local: Did, circle: CircleId): Promise<void> {
    const { sealing, members } = circles.state(local, circle)
    if (sealing === null) return
    for (const { did, devices } of members) {
      const known = did === local ? null : refs.knownEpoch(local, circle, did)
      if (known?.startsWith(`${sealing.id} `) && known !== keyMark(sealing.id, devices))
        await bring(local, circle, did)
    }
    wake()
  }

  /** Every other member's node is told: entries and the key of the newest epoch; who is new gets what is due to them. */
  async function spread(local: Did, circle: CircleId): Promise<void> {
    await welcome.welcome(local, circle)
    for (const target of audiences.members(local, circle)) await bring(local, circle, target)
    await gossip.tellHeads(local, circle)
    wake()
  }

  /** Bring a newer own document or card into a circle. What the devices that it revokes signed counts only in its ancestors: so the
   *  log is brought up to date with a member first, where there is one. @returns whether it was brought. */
  async function introduce(local: Did, circle: CircleId): Promise<boolean> {
    if (!keys.unlocked(local) || !circles.hasNews(local, circle)) return false
    if (!synced.has(`${local} ${circle}`) && audiences.members(local, circle).length > 0) {
      wantSync(local, circle)
      return false
    }
    return circles.bringDocument(local, circle)
  }

  /** Who is new gets what is due to them. Somebody went out without a new epoch for those who are left, or two things happened at
   *  once: the owner's node rotates. An admin's does so when they share: several at once would each call for the next. */
  async function settle(local: Did, circle: CircleId): Promise<void> {
    endInvites(local, circle)
    if (await introduce(local, circle)) await spread(local, circle)
    await welcome.welcome(local, circle)
    const { members, sealing, closing, upgrade } = circles.state(local, circle)
    const role = members.find(({ did }) => did === local)?.role
    if (closing === null && role !== undefined) await bringToNewDevices(local, circle)
    if (sealing !== null || closing !== null || upgrade || role !== 'owner') return
    if (!keys.unlocked(local)) return
    await circles.rotate(local, circle)
    await spread(local, circle)
  }

  return {
    bring,
    spread,
    settle,

    /** A circle was brought up to date with a member. */
    async wasSynced(local: Did, circle: CircleId): Promise<void> {
      synced.add(`${local} ${circle}`)
      await settle(local, circle)
    },

    /** A person's identity document changed: the key of each circle in common goes to the devices that they have now. */
    async devicesChanged(local: Did, did: Did): Promise<void> {
      for (const { circleId } of users.read(local, db => db.circles.list())) {
        if (!audiences.isShown(local, circleId) || !audiences.members(local, circleId).includes(did)) continue
        refs.setKnownEpoch(local, circleId, did, '')
        await bring(local, circleId, did)
      }
      wake()
    },

    /** Devices of the user came or went: each circle gets the document that says so, and where it took one out and the user may, a new key
     *  in the same step; elsewhere the owner's node makes one once it learns of it. */
    async renewed(local: Did): Promise<void> {
      for (const { circleId } of users.read(local, db => db.circles.list())) {
        const { members, closing, upgrade } = circles.state(local, circleId)
        const role = members.find(({ did }) => did === local)?.role
        if (closing !== null || upgrade || role === undefined) continue
        const isNews = await circles.bringDocument(local, circleId)
        const mayRotate = role === 'owner' || (role === 'admin' && isNews)
        const lacksKey = circles.state(local, circleId).sealing === null
        if (lacksKey && mayRotate) await circles.rotate(local, circleId)
        if (isNews || (lacksKey && mayRotate)) await spread(local, circleId)
      }
    },

    /** All circles of a user, such as once their keystore is unlocked. */
    async settleAll(local: Did): Promise<void> {
      for (const { circleId } of users.read(local, db => db.circles.list())) await settle(local, circleId)
    },

    /** Finish what an earlier process began: it may have ended between an entry, the references to it and the jobs that bring it to
     *  members' nodes. */
    async resume(local: Did): Promise<void> {
      for (const { circleId } of users.read(local, db => db.circles.list())) {
        await circles.mend(local, circleId)
        await settle(local, circleId)
        const { sealing, former, members, closing, owner } = circles.state(local, circleId)
        if (closing !== null && owner === local && isMine(local, circleId, closing))
          for (const target of audiences.members(local, circleId))
            if (refs.knownEpoch(local, circleId, target) !== closing) await bring(local, circleId, target)
        const left = former.find(({ did, by }) => did === local && by === local)
        if (left && isMine(local, circleId, left.exit))
          for (const { did } of members)
            if (refs.knownEpoch(local, circleId, did) !== left.exit) await bring(local, circleId, did)
        for (const { did, exit, by } of former)
          if (
            by === local &&
            did !== local &&
            refs.knownEpoch(local, circleId, did) !== exit &&
            isMine(local, circleId, exit)
          )
            await bring(local, circleId, did)
        if (sealing?.maker !== local || !isMine(local, circleId, sealing.id)) continue
        for (const { did, devices } of members)
          if (did !== local && refs.knownEpoch(local, circleId, did) !== keyMark(sealing.id, devices))
            await bring(local, circleId, did)
      }
    },
  }
}

export type CircleUpkeep = ReturnType<typeof makeCircleUpkeep>
