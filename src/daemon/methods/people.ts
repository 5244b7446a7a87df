/** RPC methods of the nouns `contact` and `circle`. */
import type { Handlers } from '../../core/contract/methods.ts'
import { hasCode } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { Caller } from '../rpc/caller.ts'
import type { Contacts } from '../sharing/contacts.ts'
import type { Inbox } from '../sharing/inbox.ts'
import type { Invites } from '../sharing/invites.ts'
import type { Joins } from '../sharing/joins.ts'
import type { Membership } from '../sharing/membership.ts'
import type { OwnCard } from '../sharing/own-card.ts'
import type { Syncs } from '../sharing/syncs.ts'
import type { Trust } from '../sharing/trust.ts'

export type PeopleMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `contact.${string}` | `circle.${string}`>
>

export interface PeoplePorts {
  contacts: Contacts
  membership: Membership
  inbox: Inbox
  invites: Invites
  joins: Joins
  syncs: Pick<Syncs, 'wantPair'>
  trust: Trust
  card: Pick<OwnCard, 'text'>
  /** Make the cards that are out worthless. @returns how many contacts are told. */
  renewCard(local: Did): Promise<number>
}

export const makePeopleMethods = ({
  contacts,
  membership,
  inbox,
  invites,
  joins,
  syncs,
  trust,
  card,
  renewCard,
}: PeoplePorts): PeopleMethods => ({
  'contact.card': async caller => ({ card: card.text(caller.did), did: caller.did, name: caller.name }),
  'contact.renewCard': async caller => {
    const told = await renewCard(caller.did)
    return { card: card.text(caller.did), did: caller.did, name: caller.name, told, changed: true }
  },
  'contact.show': (caller, p) => trust.show(caller.did, p.contact),
  'contact.verify': async (caller, p) => {
    const verified = await trust.verify(caller.did, p)
    if (verified.state === 'verified') inbox.release(caller.did, verified.did)
    return verified
  },
  'contact.follow': async (caller, p, signal) => {
    const followed = await trust.follow(caller.did, p, signal)
    syncs.wantPair(caller.did, followed.did)
    return followed
  },
  'contact.add': async (caller, p, signal) => {
    const added = await contacts.add(caller.did, p, signal)
    inbox.release(caller.did, added.did)
    syncs.wantPair(caller.did, added.did)
    return added
  },
  'contact.list': async (caller, p) => contacts.list(caller.did, p.state),
  'contact.accept': async (caller, p) => {
    const accepted = contacts.accept(caller.did, p.contact, p.name)
    inbox.release(caller.did, accepted.did)
    // Circles that they brought the user into are shown, and kept up to date, from now on.
    syncs.wantPair(caller.did, accepted.did)
    return accepted
  },
  'contact.block': async (caller, p) => contacts.block(caller.did, p.contact),
  'contact.remove': async (caller, p) => contacts.remove(caller.did, p.contact),

  'circle.create': (caller, p) => membership.create(caller.did, p.name, p.history ?? null),
  'circle.list': async caller => {
    // Who left and is invited again waits for the circle that they knew.
    const waiting = joins.list(caller.did)
    const known = membership.list(caller.did).circles
    const isWaiting = (id: string): boolean => waiting.some(({ circleId }) => circleId === id)
    return { circles: [...known.filter(({ circleId }) => !isWaiting(circleId)), ...waiting] }
  },
  'circle.show': async (caller, p) => {
    try {
      return membership.show(caller.did, p.circle)
    } catch (error) {
      // Only then: what an invite calls its circle hides none of the user's own.
      const waiting = hasCode(error, 'circle/not-found') ? joins.find(caller.did, p.circle) : null
      if (waiting === null) throw error
      return waiting
    }
  },
  'circle.invite': (caller, p) => invites.invite(caller.did, p.circle, p),
  'circle.invites': async (caller, p) => invites.list(caller.did, p.circle),
  'circle.uninvite': async (caller, p) => invites.uninvite(caller.did, p.circle, p.invite),
  'circle.join': (caller, p, signal) => joins.join(caller.did, p.invite, p.waitMs, signal),
  'circle.add': (caller, p, signal) => membership.add(caller.did, p.circle, p.contacts, p.role, signal),
  'circle.remove': (caller, p) => membership.remove(caller.did, p.circle, p.contacts),
  'circle.leave': async (caller, p) =>
    (await joins.withdraw(caller.did, p.circle)) ?? membership.leave(caller.did, p.circle),
  'circle.role': (caller, p) => membership.giveRole(caller.did, p.circle, p.contact, p.role),
  'circle.rename': (caller, p) => membership.rename(caller.did, p.circle, p.name),
  'circle.describe': (caller, p) => membership.describe(caller.did, p.circle, p.text.toWellFormed()),
  'circle.history': (caller, p) => membership.setHistory(caller.did, p.circle, p.history),
  'circle.transfer': (caller, p) => membership.transfer(caller.did, p.circle, p.contact),
  'circle.close': (caller, p) => membership.close(caller.did, p.circle),
  'circle.rotate': (caller, p) => membership.rotate(caller.did, p.circle),
})
