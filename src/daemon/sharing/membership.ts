/** Circles as their user changes them: people, roles, name, owner, end; each change is brought to the members' nodes. Who is added is in at once where
 *  their keys are known, and a wish that a job fulfils where they are not. */
import type { AddedRole, History } from '../../core/circle/entry.ts'
import type { Result } from '../../core/contract/methods.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { JobStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import { type CircleRefs, keyMark } from './circle-logs.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { GossipMessages } from './gossip-messages.ts'
import type { KeyRing } from './keys.ts'
import type { People } from './people.ts'
import type { Welcome } from './welcome.ts'

export interface MembershipDeps {
  users: UserDatabaseManager
  jobs: JobStore
  people: People
  contacts: Contacts
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

export function makeMembership(deps: MembershipDeps) {
  const { users, jobs, people, contacts, circles, refs, audiences, gossip, welcome, keys, deviceKey } = deps
  const { wantSync, wake, clock } = deps
  /** Circles that were brought up to date with a member since the start, by user. */
  const synced = new Set<string>()

  const view = (local: Did, circle: CircleId): Result<'circle.show'> => {
    const row = users.read(local, db => db.circles.get(circle))
    if (row === null) throw new VivimError('circle/not-found', 'that circle is gone')
    return audiences.viewCircle(local, row)
  }

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

  /** A member by alias, DID or its beginning, also one who is no contact. @throws `contact/not-found`, `id/ambiguous`. */
  function findMember(local: Did, circle: CircleId, selector: string): Did {
    const found = audiences.members(local, circle).filter(did => did.startsWith(selector))
    if (selector.startsWith('did:') && found.length > 1)
      throw new VivimError('id/ambiguous', `more than one member matches “${selector}”`)
    const [only] = found
    return selector.startsWith('did:') && only !== undefined ? only : contacts.find(local, selector).did
  }

  /** After a change by the user themselves: tell the others, and show the circle. */
  async function changedBy(local: Did, circle: CircleId): Promise<Result<'circle.add'>> {
    await spread(local, circle)
    return { ...view(local, circle), changed: true }
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

  return {
    /** A circle was brought up to date with a member. */
    async wasSynced(local: Did, circle: CircleId): Promise<void> {
      synced.add(`${local} ${circle}`)
      await this.settle(local, circle)
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

    /** Who is new gets what is due to them. Somebody went out without a new epoch for those who are left, or two things happened at
     *  once: the owner's node rotates. An admin's does so when they share: several at once would each call for the next. */
    async settle(local: Did, circle: CircleId): Promise<void> {
      deps.endInvites(local, circle)
      if (await introduce(local, circle)) await spread(local, circle)
      await welcome.welcome(local, circle)
      const { members, sealing, closing, upgrade } = circles.state(local, circle)
      const role = members.find(({ did }) => did === local)?.role
      if (closing === null && role !== undefined) await bringToNewDevices(local, circle)
      if (sealing !== null || closing !== null || upgrade || role !== 'owner') return
      if (!keys.unlocked(local)) return
      await circles.rotate(local, circle)
      await spread(local, circle)
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
      for (const { circleId } of users.read(local, db => db.circles.list()))
        await this.settle(local, circleId)
    },

    async remove(local: Did, selector: string, names: string[]): Promise<Result<'circle.remove'>> {
      const { circleId } = audiences.findCircle(local, selector)
      circles.mayWrite(local, circleId)
      const isOneself = (name: string): boolean =>
        name === local ||
        (name === contacts.name(local) && users.read(local, db => db.contacts.find(name)) === null)
      if (names.some(isOneself))
        throw new VivimError(
          'circle/denied',
          'to go out oneself: `vivim circle leave`, or as its owner `vivim circle transfer` or `vivim circle close`',
        )
      const targets = names.map(name => findMember(local, circleId, name))
      let changed = false
      for (const target of new Set(targets)) {
        const wished = users.read(local, db => db.circles.wishes(circleId)).some(({ did }) => did === target)
        if (wished) users.write(local, db => db.circles.deleteWish(circleId, target))
        const isIn = audiences.members(local, circleId).includes(target)
        if (isIn) {
          await circles.remove(local, circleId, target)
          await bring(local, circleId, target)
        }
        changed ||= wished || isIn
      }
      const invitesEnded = deps.endInvites(local, circleId)
      if (changed) await spread(local, circleId)
      return { ...view(local, circleId), invitesEnded, changed }
    },

    async leave(local: Did, selector: string): Promise<Result<'circle.leave'>> {
      const { circleId } = audiences.findCircle(local, selector)
      if (circles.state(local, circleId).former.some(({ did }) => did === local))
        return { ...view(local, circleId), changed: false }
      if (circles.asMember(local, circleId).role === 'owner')
        throw new VivimError(
          'circle/denied',
          'the owner gives the circle to somebody first (`vivim circle transfer`), or closes it (`vivim circle close`)',
        )
      const others = audiences.members(local, circleId)
      await circles.leave(local, circleId)
      for (const target of others) await bring(local, circleId, target)
      wake()
      return { ...view(local, circleId), changed: true }
    },

    async giveRole(
      local: Did,
      selector: string,
      name: string,
      role: 'admin' | 'member' | 'reader',
    ): Promise<Result<'circle.role'>> {
      const { circleId } = audiences.findCircle(local, selector)
      const now = circles.mayWrite(local, circleId)
      const target = findMember(local, circleId, name)
      const member = now.members.find(({ did }) => did === target)
      if (member === undefined) throw new VivimError('contact/not-found', `“${name}” is not in this circle`)
      if (member.role === role) return { ...view(local, circleId), changed: false }
      await circles.giveRole(local, circleId, target, role)
      return await changedBy(local, circleId)
    },

    async rename(local: Did, selector: string, name: string): Promise<Result<'circle.rename'>> {
      const { circleId } = audiences.findCircle(local, selector)
      if (circles.mayWrite(local, circleId).name === name) return { ...view(local, circleId), changed: false }
      await circles.rename(local, circleId, name)
      return await changedBy(local, circleId)
    },

    async describe(local: Did, selector: string, text: string): Promise<Result<'circle.describe'>> {
      const { circleId } = audiences.findCircle(local, selector)
      if ((circles.mayWrite(local, circleId).description ?? '') === text)
        return { ...view(local, circleId), changed: false }
      await circles.describe(local, circleId, text)
      return await changedBy(local, circleId)
    },

    async setHistory(local: Did, selector: string, history: History): Promise<Result<'circle.history'>> {
      const { circleId } = audiences.findCircle(local, selector)
      const { now, role } = circles.asMember(local, circleId)
      if (role !== 'owner') throw new VivimError('circle/denied', 'only the owner of this circle may do that')
      if (now.history === history) return { ...view(local, circleId), changed: false }
      await circles.setHistory(local, circleId, history)
      return await changedBy(local, circleId)
    },

    async transfer(local: Did, selector: string, name: string): Promise<Result<'circle.transfer'>> {
      const { circleId } = audiences.findCircle(local, selector)
      const { now } = circles.asMember(local, circleId)
      const target = findMember(local, circleId, name)
      if (now.owner === target) return { ...view(local, circleId), changed: false }
      await circles.transfer(local, circleId, target)
      return await changedBy(local, circleId)
    },

    async close(local: Did, selector: string): Promise<Result<'circle.close'>> {
      const { circleId } = audiences.findCircle(local, selector)
      if (circles.state(local, circleId).closing !== null) return { ...view(local, circleId), changed: false }
      await circles.close(local, circleId)
      return await changedBy(local, circleId)
    },

    /** Finish what an earlier process began: it may have ended between an entry, the references to it and the jobs that bring it to
     *  members' nodes. */
    async resume(local: Did): Promise<void> {
      for (const { circleId } of users.read(local, db => db.circles.list())) {
        await circles.mend(local, circleId)
        await this.settle(local, circleId)
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

    async create(local: Did, name: string, history: History): Promise<Result<'circle.create'>> {
      // One that somebody else began, and that the user joined under that name, is another circle.
      const known = users
        .read(local, db => db.circles.list())
        .find(row => row.alias === name && circles.adder(local, row.circleId) === local)
      if (known) return { ...view(local, known.circleId), changed: false }
      const circle = await circles.create(local, name, history)
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
      role: 'admin' | 'member' | 'reader',
      signal: AbortSignal,
    ): Promise<Result<'circle.add'>> {
      const { circleId } = audiences.findCircle(local, selector)
      keys.keys(local)
      circles.mayWrite(local, circleId)
      const rows = names.map(name => contacts.find(local, name))
      for (const row of rows)
        if (row.state === 'blocked')
          throw new VivimError('contact/blocked', 'a blocked contact is not added to circles')
      for (const row of rows)
        if (row.movedTo !== null)
          throw new VivimError('contact/moved', 'this contact has moved to another identity', {
            movedTo: row.movedTo,
          })
      let changed = false
      let grown = false
      for (const { did } of rows) {
        if (audiences.members(local, circleId).includes(did)) continue
        if ((await people.met(local, did)) === null) await contacts.reach(local, did, signal)
        const document = await people.met(local, did)
        if (document !== null) {
          await circles.add(local, circleId, document, role)
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
          users.write(local, db => db.circles.putWish(circleId, { did, role }))
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

    /** Somebody used an invite that was judged. @throws as `Circles.add`. */
    async admit(local: Did, circle: CircleId, document: IdentityDocument, role: AddedRole): Promise<void> {
      await circles.add(local, circle, document, role)
      await spread(local, circle)
    },

    /** Write the `add` entry of somebody who was wished for. @returns false while their keys are unknown. */
    async fulfil(local: Did, circle: CircleId, did: Did): Promise<boolean> {
      if (!audiences.members(local, circle).includes(did)) {
        const wish = users.read(local, db => db.circles.wishes(circle)).find(each => each.did === did)
        if (wish === undefined) return true
        const document = await people.met(local, did)
        if (document === null) return false
        await circles.add(local, circle, document, wish.role)
      }
      // Also when an earlier try got as far as the entry and no further.
      await spread(local, circle)
      users.write(local, db => db.circles.deleteWish(circle, did))
      return true
    },
  }
}

export type Membership = ReturnType<typeof makeMembership>
