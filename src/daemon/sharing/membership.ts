/** Circles as their user changes them: people, roles, name, owner, end. Who is added is in at once where their keys are known, and a wish
 *  that a job fulfils where they are not. */
import type { AddedRole, History } from '../../core/circle/entry.ts'
import type { Result } from '../../core/contract/methods.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { JobStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import type { CircleUpkeep } from './circle-upkeep.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { KeyRing } from './keys.ts'
import type { People } from './people.ts'

export interface MembershipDeps {
  users: UserDatabaseManager
  jobs: JobStore
  people: People
  contacts: Contacts
  circles: Circles
  audiences: Audiences
  upkeep: CircleUpkeep
  keys: KeyRing
  /** End the invites that were made before a removal. @returns how many. */
  endInvites: (local: Did, circle: CircleId) => number
  wake: () => void
  clock: Clock
}

export function makeMembership(deps: MembershipDeps) {
  const { users, jobs, people, contacts, circles, audiences, upkeep, keys, endInvites, wake, clock } = deps

  const view = (local: Did, circle: CircleId): Result<'circle.show'> => {
    const row = users.read(local, db => db.circles.get(circle))
    if (row === null) throw new VivimError('circle/not-found', 'that circle is gone')
    return audiences.viewCircle(local, row)
  }

  /** A member by alias, DID or its beginning, also one who is no contact. @throws `contact/not-found`, `id/ambiguous`. */
  function findMember(local: Did, circle: CircleId, selector: string): Did {
    const found = audiences.members(local, circle).filter(did => did.startsWith(selector))
    if (selector.startsWith('did:') && found.length > 1)
      throw new VivimError('id/ambiguous', `more than one member matches “${selector}”`)
    const [only] = found
    return selector.startsWith('did:') && only !== undefined ? only : contacts.find(local, selector).did
  }

  /** As `findMember`, of who is not the user. @throws `circle/denied`, saying what there is to do with oneself. */
  function findOther(local: Did, circle: CircleId, selector: string, instead: string): Did {
    const isOneself =
      selector === local ||
      (selector === contacts.name(local) && users.read(local, db => db.contacts.find(selector)) === null)
    if (isOneself) throw new VivimError('circle/denied', `that is you: ${instead}`)
    return findMember(local, circle, selector)
  }

  /** @throws `circle/denied`, and as `Circles.asMember`. */
  function mustOwn(local: Did, circle: CircleId): ReturnType<Circles['asMember']>['now'] {
    const { now, role } = circles.asMember(local, circle)
    if (role !== 'owner') throw new VivimError('circle/denied', 'only the owner of this circle may do that')
    return now
  }

  /** @throws `contact/not-found`. */
  function mustBeIn({ members }: ReturnType<typeof mustOwn>, did: Did, name: string) {
    const member = members.find(one => one.did === did)
    if (member === undefined) throw new VivimError('contact/not-found', `“${name}” is not in this circle`)
    return member
  }

  const called = (local: Did, name: string) =>
    users.read(local, db => db.circles.list()).filter(({ alias }) => alias === name)

  /** Closed, or without the user: its name is free again. */
  function isOver(local: Did, circle: CircleId): boolean {
    const { members, closing } = circles.state(local, circle)
    return closing !== null || !members.some(({ did }) => did === local)
  }

  /** Add somebody once their keys are known. @returns false where that was wished for before, in the same role. */
  async function wish(local: Did, circle: CircleId, did: Did, role: AddedRole | undefined): Promise<boolean> {
    const before = users.read(local, db => db.circles.wishes(circle)).find(one => one.did === did)
    if (before !== undefined && (role ?? before.role) === before.role) return false
    if (before === undefined) {
      const notBeforeMs = clock.nowMs()
      await jobs.add({ kind: 'add-member', owner: local, share: null, circle, target: did, notBeforeMs })
    }
    users.write(local, db => db.circles.putWish(circle, { did, role: role ?? 'member' }))
    return true
  }

  /** After a change by the user themselves: tell the others, and show the circle. */
  async function changedBy(local: Did, circle: CircleId): Promise<Result<'circle.add'>> {
    await upkeep.spread(local, circle)
    return { ...view(local, circle), changed: true }
  }

  return {
    async remove(local: Did, selector: string, names: string[]): Promise<Result<'circle.remove'>> {
      const { circleId } = audiences.findCircle(local, selector)
      circles.mayRemove(local, circleId)
      const instead = '`vivim circle leave` takes you out; an owner has `vivim circle transfer` or `close`'
      const targets = names.map(name => findOther(local, circleId, name, instead))
      let changed = false
      let invitesEnded = 0
      try {
        for (const target of new Set(targets)) {
          const wished = users
            .read(local, db => db.circles.wishes(circleId))
            .some(({ did }) => did === target)
          if (wished) users.write(local, db => db.circles.deleteWish(circleId, target))
          const isIn = audiences.members(local, circleId).includes(target)
          if (isIn) {
            await circles.remove(local, circleId, target)
            await upkeep.bring(local, circleId, target)
          }
          changed ||= wished || isIn
        }
      } finally {
        // Also where one of several may not be taken out: those before them are.
        invitesEnded = endInvites(local, circleId)
        if (changed) await upkeep.spread(local, circleId)
      }
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
      for (const target of others) await upkeep.bring(local, circleId, target)
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
      const target = findOther(local, circleId, name, 'others give you another role')
      if (mustBeIn(now, target, name).role === role) return { ...view(local, circleId), changed: false }
      await circles.giveRole(local, circleId, target, role)
      return await changedBy(local, circleId)
    },

    async rename(local: Did, selector: string, name: string): Promise<Result<'circle.rename'>> {
      const { circleId } = audiences.findCircle(local, selector)
      if (circles.mayWrite(local, circleId).name === name) return { ...view(local, circleId), changed: false }
      if (called(local, name).some(row => row.circleId !== circleId && !isOver(local, row.circleId)))
        throw new VivimError('circle/conflict', `another circle of yours is called “${name}”`)
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
      if (mustOwn(local, circleId).history === history) return { ...view(local, circleId), changed: false }
      await circles.setHistory(local, circleId, history)
      return await changedBy(local, circleId)
    },

    async transfer(local: Did, selector: string, name: string): Promise<Result<'circle.transfer'>> {
      const { circleId } = audiences.findCircle(local, selector)
      const { now } = circles.asMember(local, circleId)
      const target = findOther(local, circleId, name, 'name another member')
      if (now.owner === target) return { ...view(local, circleId), changed: false }
      mustBeIn(mustOwn(local, circleId), target, name)
      await circles.transfer(local, circleId, target)
      return await changedBy(local, circleId)
    },

    async close(local: Did, selector: string): Promise<Result<'circle.close'>> {
      const { circleId } = audiences.findCircle(local, selector)
      if (circles.state(local, circleId).closing !== null) return { ...view(local, circleId), changed: false }
      mustOwn(local, circleId)
      await circles.close(local, circleId)
      return await changedBy(local, circleId)
    },

    /** @param history - null: not said. @throws `circle/conflict` for a circle of that name with another one. */
    async create(local: Did, name: string, history: History | null): Promise<Result<'circle.create'>> {
      const named = called(local, name)
      // One that somebody else began, and that the user joined under that name, is another circle.
      const known = named.find(
        ({ circleId }) => circles.adder(local, circleId) === local && !isOver(local, circleId),
      )
      if (known) {
        const shown = view(local, known.circleId)
        if (history !== null && shown.history !== history)
          throw new VivimError('circle/conflict', `“${name}” is there, with history ${shown.history}`)
        return { ...shown, changed: false }
      }
      // What is over gives its name to what begins, and is found by its id.
      for (const row of named)
        if (isOver(local, row.circleId)) users.write(local, db => db.circles.put({ ...row, alias: null }))
      const circle = await circles.create(local, name, history ?? 'now')
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
      role: AddedRole | undefined,
      signal: AbortSignal,
    ): Promise<Result<'circle.add'>> {
      const { circleId } = audiences.findCircle(local, selector)
      keys.keys(local)
      const { members } = circles.mayWrite(local, circleId)
      const rows = names.map(name => contacts.find(local, name))
      for (const row of rows)
        if (row.state === 'blocked')
          throw new VivimError('contact/blocked', 'a blocked contact is not added to circles')
      for (const row of rows)
        if (row.movedTo !== null)
          throw new VivimError('contact/moved', 'this contact has moved to another identity', {
            movedTo: row.movedTo,
          })
      for (const { did, alias } of rows) {
        const is = members.find(member => member.did === did)?.role
        if (role !== undefined && is !== undefined && is !== role)
          throw new VivimError('circle/conflict', `“${alias ?? did}” is in this circle already, as ${is}`)
      }
      let changed = false
      let grown = false
      try {
        for (const { did } of rows) {
          if (audiences.members(local, circleId).includes(did)) continue
          if ((await people.met(local, did)) === null) await contacts.reach(local, did, signal)
          const document = await people.met(local, did)
          // Another call may have added them while their node was looked for.
          if (audiences.members(local, circleId).includes(did)) continue
          if (document !== null) {
            await circles.add(local, circleId, document, role ?? 'member')
            grown = true
            changed = true
          } else if (await wish(local, circleId, did, role)) changed = true
        }
      } finally {
        // Also where one of several cannot be added: those before them are.
        if (grown) await upkeep.spread(local, circleId)
      }
      return { ...view(local, circleId), changed }
    },

    async rotate(local: Did, selector: string): Promise<Result<'circle.rotate'>> {
      const { circleId } = audiences.findCircle(local, selector)
      await circles.rotate(local, circleId)
      await upkeep.spread(local, circleId)
      return { ...view(local, circleId), changed: true }
    },

    /** Somebody used an invite that was judged. @throws as `Circles.add`. */
    async admit(local: Did, circle: CircleId, document: IdentityDocument, role: AddedRole): Promise<void> {
      await circles.add(local, circle, document, role)
      await upkeep.spread(local, circle)
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
      await upkeep.spread(local, circle)
      users.write(local, db => db.circles.deleteWish(circle, did))
      return true
    },
  }
}

export type Membership = ReturnType<typeof makeMembership>
