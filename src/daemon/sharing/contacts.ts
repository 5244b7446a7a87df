/** Contacts: people by their cards. */

import type { Result } from '../../core/contract/methods.ts'
import { parseDocument } from '../../core/identity/document.ts'
import { openSlot, parseSlot, slotKey } from '../../core/identity/slot.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import { remember } from '../../core/kernel/remember.ts'
import type { Did } from '../../core/model/id.ts'
import { isoTime } from '../../core/model/id.ts'
import type { Network } from '../network/ports.ts'
import type { ContactRow } from '../storage/user/contact-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { cardFields, cardFieldsOf } from './card-fields.ts'
import type { People } from './people.ts'
import { PROFILE } from './profile-keys.ts'

/** How long adding a contact waits for their node; whoever is away is reached later. */
const REACH_MS = 4_000

/** Somebody whose node does not answer is looked up in the directory at most this often. */
const LOOK_UP_EVERY_MS = 10_000
const MAX_LOOKED_UP = 4096

export interface ContactsDeps {
  users: UserDatabaseManager
  people: People
  fellowCards: (local: Did) => ReadonlyMap<Did, string>
  network: () => Network
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeContacts({ users, people, fellowCards, network, clock, log }: ContactsDeps) {
  /** When a slot was last asked for. */
  const lookedUpMs = new Map<Did, number>()

  const get = (local: Did, did: Did): ContactRow | null => users.read(local, db => db.contacts.get(did))

  /** @throws `contact/not-found`, `id/ambiguous`. */
  function find(local: Did, selector: string): ContactRow {
    const found = users.read(local, db => db.contacts.find(selector))
    if (found === 'ambiguous')
      throw new VivimError('id/ambiguous', `more than one contact matches “${selector}”`)
    if (found === null) throw new VivimError('contact/not-found', `no contact is called “${selector}”`)
    return found
  }

  const put = (local: Did, row: ContactRow): void => users.write(local, db => db.contacts.put(row))

  const view = (
    local: Did,
    row: ContactRow,
    reachable?: boolean,
  ): Omit<Result<'contact.add'>, 'changed'> => ({
    did: row.did,
    name: row.alias,
    state: row.state,
    reachable: reachable ?? network().provedTo(local).includes(row.did),
    lastSeen: row.lastSeenMs === null ? null : isoTime(row.lastSeenMs),
    movedTo: row.movedTo,
    changes: users
      .read(local, db => db.contacts.changes(row.did))
      .map(({ what, atMs }) => ({ at: isoTime(atMs), what })),
  })

  /** Somebody of whom nothing is known yet. */
  const stranger = (did: Did): ContactRow => ({
    did,
    alias: null,
    state: 'stranger',
    card: null,
    dir: null,
    readSecret: null,
    peers: [],
    addedAtMs: clock.nowMs(),
    lastSeenMs: null,
    cardAtMs: 0,
    movedTo: null,
    movedCard: null,
    byInvite: false,
  })

  /** Reach a person's node, or else read their slot in the directory. @returns whether the node answered. */
  async function reach(local: Did, did: Did, signal: AbortSignal): Promise<boolean> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(REACH_MS)])
    try {
      const { document } = await network().prove(local, did, bounded)
      await people.meet(local, parseDocument(document))
      return true
    } catch (error) {
      log('contact.unreached', { did, code: codeOf(error) })
    }
    await lookUp(local, did, signal)
    return false
  }

  /** What reads the slot of a contact or of a fellow member. */
  function slotOf(local: Did, did: Did): { dir: Uint8Array; readSecret: Uint8Array } | null {
    if (local === did) {
      const [dir, readSecret] = users.read(local, db => [
        db.profile.bytes(PROFILE.directory),
        db.profile.bytes(PROFILE.read),
      ])
      return dir && readSecret ? { dir, readSecret } : null
    }
    const row = get(local, did)
    if (row?.dir && row.readSecret) return { dir: row.dir, readSecret: row.readSecret }
    const card = fellowCards(local).get(did)
    return card === undefined ? null : cardFields(card)
  }

  /** Read a person's slot with their card: a newer document and newer addresses are kept. @returns whether it told of addresses that
   *  were not known from it before. */
  async function lookUp(local: Did, did: Did, signal: AbortSignal): Promise<boolean> {
    const card = slotOf(local, did)
    if (card === null) return false
    remember(lookedUpMs, did, clock.nowMs(), MAX_LOOKED_UP)
    try {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(REACH_MS)])
      const wire = await network().dhtGet('vivimid', slotKey(card.dir), bounded)
      const slot = wire && openSlot(parseSlot(wire), card.readSecret)
      if (!slot || slot.document.did !== did) return false
      await people.meet(local, slot.document)
      const peers = slot.peers.map(({ peer, addrs }) => ({ peer, addrs: [...addrs] }))
      const row = get(local, did)
      if (row === null) return people.found(did, peers)
      const known = new Map(row.peers.map(({ peer, addrs }) => [peer, addrs]))
      for (const { peer, addrs } of peers) known.set(peer, addrs)
      put(local, { ...row, peers: [...known].map(([peer, addrs]) => ({ peer, addrs })) })
      return people.found(did, peers)
    } catch (error) {
      log('contact.slot-unread', { did, code: codeOf(error) })
      return false
    }
  }

  /** Look a person up who cannot be reached where they were, unless that was done a moment ago. @returns whether it brought news. */
  async function findAgain(local: Did, did: Did, signal: AbortSignal): Promise<boolean> {
    if (clock.nowMs() - (lookedUpMs.get(did) ?? Number.NEGATIVE_INFINITY) < LOOK_UP_EVERY_MS) return false
    return lookUp(local, did, signal)
  }

  return {
    get,
    find,
    reach,
    lookUp,
    findAgain,
    view,
    stranger,

    name: (local: Did): string => users.read(local, db => db.profile.text(PROFILE.name)) ?? '',
    keepName: (local: Did, name: string): void =>
      users.write(local, db => db.profile.put(PROFILE.name, name)),

    async add(
      local: Did,
      { card, name }: { card: string; name?: string | undefined },
      signal: AbortSignal,
    ): Promise<Result<'contact.add'>> {
      const fields = cardFields(card)
      if (fields.did === local) throw new VivimError('contact/self', 'that card is your own')
      const known = get(local, fields.did)
      checkAlias(local, name, fields.did)
      const row: ContactRow = {
        ...stranger(fields.did),
        ...known,
        ...fields,
        alias: name ?? known?.alias ?? null,
        state: 'verified',
        byInvite: false,
      }
      const changed = known === null || JSON.stringify(comparable(known)) !== JSON.stringify(comparable(row))
      if (changed) put(local, row)
      const reachable = await reach(local, fields.did, signal)
      const movedTo = (await people.document(fields.did))?.movedTo ?? null
      const now = { ...(get(local, fields.did) ?? row), movedTo }
      if (movedTo !== row.movedTo) put(local, now)
      return { ...view(local, now, reachable), changed }
    },

    /** Keep the card that came in somebody's letter, unless a newer one came before. A new person is a stranger.
     *  @param cardAtMs - when it was made, as its owner says; 0: nobody said. */
    meet(local: Did, did: Did, card: string | undefined, cardAtMs = 0): ContactRow {
      const known = get(local, did)
      const isNewest = cardAtMs >= (known?.cardAtMs ?? 0)
      const fields = card === undefined || !isNewest ? null : cardFieldsOf(card, did)
      const row: ContactRow = {
        ...stranger(did),
        lastSeenMs: clock.nowMs(),
        ...known,
        ...(fields && { ...fields, cardAtMs }),
      }
      if (known === null || JSON.stringify(comparable(known)) !== JSON.stringify(comparable(row)))
        put(local, row)
      return row
    },

    /** Take somebody as known by the card that came with an invite, or with its use. Who is blocked stays so.
     *  @param byInvite - they used one, which may be in any hands: what they leave here is bounded until the user accepts them. */
    know(local: Did, did: Did, card: string | undefined, byInvite: boolean): void {
      const row = this.meet(local, did, card)
      if (row.state === 'stranger') put(local, { ...row, state: 'known', byInvite })
    },

    list: (local: Did, state?: ContactRow['state']): Result<'contact.list'> => ({
      contacts: users.read(local, db => db.contacts.list(state)).map(row => view(local, row)),
    }),

    /** Accept a stranger, lift a block, or take note of what changed. */
    accept(local: Did, selector: string, name: string | undefined): Result<'contact.accept'> {
      const row = find(local, selector)
      checkAlias(local, name, row.did)
      const state = row.state === 'verified' ? 'verified' : 'known'
      const next: ContactRow = { ...row, state, alias: name ?? row.alias, byInvite: false }
      const changed = next.state !== row.state || next.alias !== row.alias || row.byInvite
      if (changed) put(local, next)
      const seen = users.write(local, db => db.contacts.seeChanges(row.did))
      return { ...view(local, next), changed: changed || seen }
    },

    block(local: Did, selector: string): Result<'contact.block'> {
      const row = find(local, selector)
      if (row.state !== 'blocked') put(local, { ...row, state: 'blocked' })
      return { ...view(local, { ...row, state: 'blocked' }), changed: row.state !== 'blocked' }
    },

    remove(local: Did, selector: string): Result<'contact.remove'> {
      const row = find(local, selector)
      const shown = view(local, row)
      return { ...shown, changed: users.write(local, db => db.contacts.delete(row.did)) }
    },
  }

  /** @throws `contact/alias-taken` when another contact has that alias. */
  function checkAlias(local: Did, name: string | undefined, did: Did): void {
    if (name === undefined) return
    const others = users.read(local, db => db.contacts.list())
    if (others.some(row => row.alias === name && row.did !== did))
      throw new VivimError('contact/alias-taken', `another contact is called “${name}” already`)
  }
}

const comparable = ({ did, alias, state, card, cardAtMs, byInvite }: ContactRow) => ({
  did,
  alias,
  state,
  card,
  cardAtMs,
  byInvite,
})

export type Contacts = ReturnType<typeof makeContacts>
