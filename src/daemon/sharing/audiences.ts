/** Audiences: contacts and circles by what the user calls them, and what they are called when shown. */
import type { Result } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import { spelling } from '../../core/model/spelling.ts'
import type { CircleRow } from '../storage/user/circle-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'

export interface Audience {
  contacts: Did[]
  circles: CircleId[]
  /** People who are to be in one of the circles once their keys are known: each gets a grant of their own. */
  wished: Did[]
}

export interface AudiencesDeps {
  users: UserDatabaseManager
  contacts: Contacts
  circles: Circles
}

export function makeAudiences({ users, contacts, circles }: AudiencesDeps) {
  /** @throws `circle/not-found`, `id/ambiguous`. */
  function findCircle(local: Did, selector: string): CircleRow {
    const found = users.read(local, db => db.circles.find(selector))
    if (found === 'ambiguous')
      throw new VivimError('id/ambiguous', `more than one circle matches “${selector}”`)
    if (found === null || !isShown(local, found.circleId)) {
      const theirs = users
        .read(local, db => db.circles.list())
        .find(({ name, circleId }) => spelling(name) === selector && isShown(local, circleId))
      const isAsked = users
        .read(local, db => db.joins.list())
        .some(
          ({ circleId, name, code }) =>
            code === null && (circleId.startsWith(selector) || spelling(name) === selector),
        )
      throw new VivimError(
        'circle/not-found',
        theirs !== undefined
          ? `“${selector}” is what others call a circle, and selects none: give its id, ${theirs.circleId.slice(0, 10)}`
          : isAsked
            ? `you are not in “${selector}” yet: who invited you has to let you in`
            : `no circle is called “${selector}”`,
      )
    }
    return found
  }

  /** A circle that a stranger put the user into is not shown until they are accepted. */
  function isShown(local: Did, circle: CircleId): boolean {
    const adder = circles.adder(local, circle)
    if (adder === null) return false
    if (adder === local) return true
    const state = contacts.get(local, adder)?.state
    return state === 'known' || state === 'verified'
  }

  /** The cards of everybody in the circles that are shown, as their entries brought them; also of who went out, who is to be told. */
  function fellowCards(local: Did): Map<Did, string> {
    const cards = new Map<Did, string>()
    for (const { circleId } of users.read(local, db => db.circles.list())) {
      if (!isShown(local, circleId)) continue
      const { members, former } = circles.state(local, circleId)
      for (const { did, card } of [...former, ...members])
        if (did !== local && card !== null) cards.set(did, card)
    }
    return cards
  }

  /** People who are to be in a circle, where those who come get what was shared before they came. */
  const wishedFor = (local: Did, circle: CircleId): Did[] =>
    circles.state(local, circle).history === 'none'
      ? []
      : users.read(local, db => db.circles.wishes(circle)).map(({ did }) => did)

  const nameOf = (local: Did, did: Did): string | null =>
    did === local ? contacts.name(local) : (contacts.get(local, did)?.alias ?? null)

  return {
    findCircle,
    isShown,
    fellowCards,
    nameOf,
    wishedFor,

    /** Members of a circle without the user. */
    members: (local: Did, circle: CircleId): Did[] =>
      circles
        .state(local, circle)
        .members.map(({ did }) => did)
        .filter(did => did !== local),

    /** @throws `contact/not-found`, `contact/blocked`, `contact/moved`, `circle/not-found`, `circle/denied`, `circle/closed`, `id/ambiguous`. */
    resolve(local: Did, { to, circles: named }: { to: string[]; circles: string[] }): Audience {
      const people = new Set<Did>()
      for (const selector of to) {
        const row = contacts.find(local, selector)
        if (row.state === 'blocked')
          throw new VivimError('contact/blocked', `“${selector}” is blocked, so nothing is shared with them`)
        if (row.movedTo !== null)
          throw new VivimError('contact/moved', `“${selector}” has moved to another identity`, {
            movedTo: row.movedTo,
          })
        people.add(row.did)
      }
      const ids = new Set<CircleId>()
      const wished = new Set<Did>()
      for (const selector of named) {
        const { circleId } = findCircle(local, selector)
        if (circles.asMember(local, circleId).role === 'reader')
          throw new VivimError('circle/denied', 'readers of a circle may not share with it')
        ids.add(circleId)
        for (const did of wishedFor(local, circleId)) wished.add(did)
      }
      return { contacts: [...people], circles: [...ids], wished: [...wished] }
    },

    view(local: Did, audience: Audience): Result<'share.preview'>['audience'] {
      return {
        contacts: audience.contacts.map(did => ({ did, name: nameOf(local, did) })),
        circles: audience.circles.map(circleId => {
          const row = users.read(local, db => db.circles.get(circleId))
          return { circleId, name: row && (row.alias ?? row.name) }
        }),
        link: false,
        public: false,
      }
    },

    viewCircle(local: Did, { circleId, alias, name }: CircleRow): Result<'circle.show'> {
      const state = circles.state(local, circleId)
      const wishes = users.read(local, db => db.circles.wishes(circleId))
      return {
        circleId,
        name: alias ?? name,
        description: state.description,
        history: state.history,
        epoch: (state.sealing ?? state.epochs.at(-1))?.number ?? 0,
        state: state.closing ? 'closed' : (state.former.find(({ did }) => did === local)?.how ?? 'active'),
        members: [
          ...state.members.map(({ did, role }) => ({
            did,
            name: nameOf(local, did),
            role,
            state: 'active' as const,
          })),
          ...wishes.map(({ did, role }) => ({
            did,
            name: nameOf(local, did),
            role,
            state: 'pending' as const,
          })),
        ],
      }
    },
  }
}

export type Audiences = ReturnType<typeof makeAudiences>
