/** What an export holds beside the keys: the people and circles that a recovered identity can ask. */
import type { IdentityExport } from '../../core/identity/export-file.ts'
import type { Did } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import type { Contacts } from './contacts.ts'

export type Exporting = (local: Did) => Pick<IdentityExport, 'name' | 'contacts' | 'circles'>

export interface ExportingDeps {
  users: UserDatabaseManager
  contacts: Contacts
  audiences: Audiences
}

/** Strangers are left out; blocked contacts are in, without a card, so that they stay blocked. Members of circles who are no contacts
 *  come with their cards: their nodes hand the circle back. */
export const makeExporting =
  ({ users, contacts, audiences }: ExportingDeps): Exporting =>
  local => {
    const people = users
      .read(local, db => db.contacts.list())
      .filter(({ state }) => state !== 'stranger')
      .map(({ did, alias, card, state }) => {
        const blocked = state === 'blocked'
        return { did, alias, card: blocked ? null : card, blocked }
      })
    const known = new Set(people.map(({ did }) => did))
    const fellows = [...audiences.fellowCards(local)]
      .filter(([did]) => !known.has(did))
      .map(([did, card]) => ({ did, alias: null, card, blocked: false }))
    return {
      name: contacts.name(local),
      contacts: [...people, ...fellows],
      circles: users
        .read(local, db => db.circles.list())
        .filter(({ circleId }) => audiences.isShown(local, circleId))
        .map(({ circleId, alias, name }) => ({ circleId, name: alias ?? name })),
    }
  }
