/** Adding people to circles: at once where their keys are known, as a wish that a job fulfils where they are not. */
import type { Result } from '../../core/contract/methods.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { JobStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import type { CircleRefs } from './circle-logs.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { GossipMessages } from './gossip-messages.ts'
import type { KeyRing } from './keys.ts'
import type { People } from './people.ts'

export interface MembershipDeps {
  users: UserDatabaseManager
  jobs: JobStore
  people: People
  contacts: Contacts
  circles: Circles
  refs: CircleRefs
  audiences: Audiences
  gossip: GossipMessages
  keys: KeyRing
  wake: () => void
  clock: Clock
}

export function makeMembership(deps: MembershipDeps) {
  const { users, jobs, people, contacts, circles, refs, audiences, gossip, keys, wake, clock } = deps

  const view = (local: Did, circle: CircleId): Result<'circle.show'> => {
    const row = users.read(local, db => db.circles.get(circle))
    if (row === null) throw new VivimError('circle/not-found', 'that circle is gone')
    return audiences.viewCircle(local, row)
  }

  /** A member's node gets the entries and the key of the newest epoch. */
  async function bring(local: Did, circle: CircleId, target: Did): Promise<void> {
    await jobs.drop({ kind: 'circle', circle, target })
    const notBeforeMs = clock.nowMs()
    await jobs.add({ kind: 'circle', owner: local, share: null, circle, target, notBeforeMs })
  }

  /** Every other member's node is told: entries and the key of the newest epoch. */
  async function spread(local: Did, circle: CircleId): Promise<void> {
    for (const target of audiences.members(local, circle)) await bring(local, circle, target)
    await gossip.tellHeads(local, circle)
    wake()
  }

  return {
    /** Finish what an earlier process began: it may have ended between an entry, the references to it and the jobs that bring it to
     *  members' nodes. */
    async resume(local: Did): Promise<void> {
      for (const { circleId } of users.read(local, db => db.circles.list())) {
        await circles.mend(local, circleId)
        const { sealing } = circles.state(local, circleId)
        if (sealing?.maker !== local) continue
        for (const target of audiences.members(local, circleId))
          if (refs.knownEpoch(local, circleId, target) !== sealing.id) await bring(local, circleId, target)
      }
    },

    async create(local: Did, name: string): Promise<Result<'circle.create'>> {
      const known = users.read(local, db => db.circles.list()).find(row => row.alias === name)
      if (known) return { ...view(local, known.circleId), changed: false }
      const circle = await circles.create(local, name)
      return { ...view(local, circle), changed: true }
    },

    list: (local: Did): Result<'circle.list'> => ({
      circles: users
        .read(local, db => db.circles.list())
        .filter(({ circleId }) => audiences.isShown(local, circleId))
        .map(row => audiences.viewCircle(local, row)),
    }),

    show: (local: Did, selector: string): Result<'circle.show'> =>
      audiences.viewCircle(local, audiences.findCircle(local, selector)),

    async add(
      local: Did,
      selector: string,
      names: string[],
      signal: AbortSignal,
    ): Promise<Result<'circle.add'>> {
      const { circleId } = audiences.findCircle(local, selector)
      keys.keys(local)
      circles.mayWrite(local, circleId)
      const rows = names.map(name => contacts.find(local, name))
      for (const row of rows)
        if (row.state === 'blocked')
          throw new VivimError('contact/blocked', 'a blocked contact is not added to circles')
      let changed = false
      let grown = false
      for (const { did } of rows) {
        if (audiences.members(local, circleId).includes(did)) continue
        if ((await people.current(did)) === null) await contacts.reach(local, did, signal)
        const document = await people.current(did)
        if (document !== null) {
          await circles.add(local, circleId, document, 'member')
          grown = true
        } else {
          const wished = users.read(local, db => db.circles.wishes(circleId)).some(wish => wish.did === did)
          if (wished) continue
          await jobs.add({
            kind: 'add-member',
            owner: local,
            share: null,
            circle: circleId,
            target: did,
            notBeforeMs: clock.nowMs(),
          })
          users.write(local, db => db.circles.putWish(circleId, { did, role: 'member' }))
        }
        changed = true
      }
      if (grown) await spread(local, circleId)
      return { ...view(local, circleId), changed }
    },

    async rotate(local: Did, selector: string): Promise<Result<'circle.rotate'>> {
      const { circleId } = audiences.findCircle(local, selector)
      await circles.rotate(local, circleId)
      await spread(local, circleId)
      return { ...view(local, circleId), changed: true }
    },

    /** Write the `add` entry of somebody who was wished for. @returns false while their keys are unknown. */
    async fulfil(local: Did, circle: CircleId, did: Did): Promise<boolean> {
      if (!audiences.members(local, circle).includes(did)) {
        if (!users.read(local, db => db.circles.wishes(circle)).some(wish => wish.did === did)) return true
        const document = await people.current(did)
        if (document === null) return false
        await circles.add(local, circle, document, 'member')
      }
      // Also when an earlier try got as far as the entry and no further.
      await spread(local, circle)
      users.write(local, db => db.circles.deleteWish(circle, did))
      return true
    },
  }
}

export type Membership = ReturnType<typeof makeMembership>
