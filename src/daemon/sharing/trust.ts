/** Whom a user is sure of: changes of contacts' identities are noted before they count, safety numbers are compared, moves followed. */
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import { isSafetyNumber, safetyNumber } from '../../core/identity/safety-number.ts'
import { documentTime } from '../../core/identity/succession.ts'
import { changesBetween, shakesTrust } from '../../core/identity/trust.ts'
import { toB64u, toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import type { ContactRow } from '../storage/user/contact-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { cardFieldsOf } from './card-fields.ts'
import type { Contacts } from './contacts.ts'
import type { Learning } from './known-documents.ts'
import type { People } from './people.ts'

export interface TrustDeps {
  users: UserDatabaseManager
  people: People
  contacts: Contacts
  localUsers: () => Promise<Did[]>
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeTrust({ users, people, contacts, localUsers, clock, log }: TrustDeps) {
  /** Note what a document changes, for every user here who has its person as a contact. */
  async function note({ known, next, decision }: Learning): Promise<void> {
    const changes =
      decision === 'conflict' ? (['conflict'] as const) : known === null ? [] : changesBetween(known, next)
    const movedTo = decision === 'accept' ? next.movedTo : null
    if (changes.length === 0 && movedTo === null) return
    for (const local of await localUsers()) {
      if (contacts.get(local, next.did) === null) continue
      const fresh = users.write(local, db => {
        const row = db.contacts.get(next.did)
        if (row === null) return []
        const news = changes.filter(what =>
          db.contacts.addChange(next.did, toHex(next.hash), what, clock.nowMs()),
        )
        const state = row.state === 'verified' && shakesTrust(news) ? 'known' : row.state
        db.contacts.put({ ...row, state, movedTo: movedTo ?? row.movedTo })
        return news
      })
      for (const what of fresh) log('contact.changed', { did: next.did, what })
    }
  }

  async function numberOf(local: Did, did: Did): Promise<string | null> {
    const [own, other] = await Promise.all([people.document(local), people.document(did)])
    return own && other && safetyNumber(own, other)
  }

  /** The contact who was followed to this one, when that is done already. */
  const followed = (local: Did, row: ContactRow): boolean =>
    users.read(local, db => db.contacts.list()).some(({ movedTo }) => movedTo === row.did)

  return {
    note,

    async show(local: Did, selector: string): Promise<Result<'contact.show'>> {
      const row = contacts.find(local, selector)
      const document = await people.document(row.did)
      return {
        ...contacts.view(local, row),
        addedAt: isoTime(row.addedAtMs),
        document: document && {
          sequence: document.seq,
          madeAt: isoTime(document.atMs),
          expiresAt: isoTime(document.expiresAtMs),
          time: documentTime(document, clock.nowMs()),
          byRecovery: document.byRecovery,
          alarm: await people.isInConflict(row.did),
          hash: toHex(document.hash),
          wireB64: Buffer.from(document.wire).toString('base64'),
        },
        devices: (document?.devices ?? []).map(({ ed, at }) => ({
          key: toB64u(ed),
          addedAt: isoTime(at),
          revoked: document?.revoked.some(gone => toHex(gone.ed) === toHex(ed)) ?? false,
        })),
        safetyNumber: await numberOf(local, row.did),
      }
    },

    /** Show the safety number; compare it with what the other side sees, where that is given.
     *  @throws `contact/keys-unknown`, `contact/not-verified`, `contact/blocked`. */
    async verify(
      local: Did,
      { contact, code }: ParsedParams<'contact.verify'>,
    ): Promise<Result<'contact.verify'>> {
      const row = contacts.find(local, contact)
      if (row.state === 'blocked') throw new VivimError('contact/blocked', 'this contact is blocked')
      const number = await numberOf(local, row.did)
      if (number === null)
        throw new VivimError('contact/keys-unknown', 'their identity document was not found yet')
      if (code === undefined) return { ...contacts.view(local, row), safetyNumber: number, changed: false }
      if (!isSafetyNumber(number, code))
        throw new VivimError('contact/not-verified', 'the two numbers differ: nothing was changed')
      const changed = users.write(local, db => {
        const seen = db.contacts.seeChanges(row.did)
        if (row.state !== 'verified') db.contacts.put({ ...row, state: 'verified', byInvite: false })
        return seen || row.state !== 'verified'
      })
      return { ...contacts.view(local, { ...row, state: 'verified' }), safetyNumber: number, changed }
    },

    /** Keep the card of the identity that a person moved to, when their own document says so. */
    async meetMoved(local: Did, did: Did, card: string): Promise<void> {
      const document = await people.document(did)
      const row = contacts.get(local, did)
      if (row === null || document?.movedTo == null || cardFieldsOf(card, document.movedTo) === null) return
      users.write(local, db => db.contacts.put({ ...row, movedTo: document.movedTo, movedCard: card }))
    },

    /** Take on the new identity of somebody who moved: the alias goes over, the old contact stays without one.
     *  @throws `contact/not-moved`, `contact/card-needed`, `card/invalid`. */
    async follow(
      local: Did,
      { contact, card }: ParsedParams<'contact.follow'>,
      signal: AbortSignal,
    ): Promise<Result<'contact.follow'>> {
      const row = contacts.find(local, contact)
      if (row.movedTo === null) {
        if (followed(local, row)) return { ...contacts.view(local, row), changed: false }
        throw new VivimError('contact/not-moved', 'this contact has not moved to another identity')
      }
      const { movedTo } = row
      const text = card ?? row.movedCard
      const known = contacts.get(local, movedTo)
      if (text === null && known === null)
        throw new VivimError('contact/card-needed', 'the card of their new identity is not here', {
          movedTo,
        })
      const fields = text === null ? null : cardFieldsOf(text, movedTo)
      if (text !== null && fields === null)
        throw new VivimError('card/invalid', 'that card is not of the identity that they moved to')
      users.write(local, db => {
        // Their recovery key says who they are now; whether that key was in the right hands is for people to compare.
        const state = known?.state === 'verified' || known?.state === 'blocked' ? known.state : 'known'
        db.contacts.put({
          ...contacts.stranger(movedTo),
          ...known,
          ...fields,
          alias: row.alias ?? known?.alias ?? null,
          state,
          byInvite: false,
        })
        db.contacts.put({ ...row, alias: null })
        db.contacts.seeChanges(row.did)
      })
      const reachable = await contacts.reach(local, movedTo, signal)
      const now = contacts.get(local, movedTo)
      if (now === null) throw new VivimError('contact/not-found', 'that contact is gone')
      return { ...contacts.view(local, now, reachable), changed: true }
    },
  }
}

export type Trust = ReturnType<typeof makeTrust>
