/** Contacts for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { instant } from '../text/amounts.ts'
import { table } from '../text/table.ts'

type Contact = Result<'contact.list'>['contacts'][number]

/** The alias that the user gave, else the DID: a name that somebody else chose stands for nobody. */
export const nameOf = (person: { did: string; name: string | null }): string =>
  person.name === null ? person.did : visibleLine(person.name)

export const contactsText = (contacts: readonly Contact[]): string =>
  contacts.length === 0
    ? 'No contact is here yet: add one with `vivim contact add CARD`.'
    : table(
        ['name', 'state', 'last seen', 'did', ''],
        contacts.map(one => [one.name, one.state, instant(one.lastSeen), one.did, newsOf(one)]),
      )

const CHANGES: Readonly<Record<Contact['changes'][number]['what'], string>> = {
  'device-added': 'has a new device',
  'device-removed': 'has a device less',
  recovered: 'signed with the recovery key',
  conflict: 'two documents of one number: somebody may have their key',
  moved: 'moved to another identity',
}

export const changeText = (what: Contact['changes'][number]['what']): string => CHANGES[what]

/** What is to be looked at of a contact, on one line. */
const newsOf = ({ changes, movedTo }: Contact): string => {
  const news = [...new Set(changes.map(({ what }) => changeText(what)))]
  return [...news, ...(movedTo !== null && news.length === 0 ? [changeText('moved')] : [])].join('; ')
}

export const contactText =
  (verb: string) =>
  (contact: Contact & { changed: boolean }): string =>
    contact.changed
      ? `${nameOf(contact)} ${verb}; state ${contact.state}.`
      : `Nothing changed: ${nameOf(contact)} is ${contact.state}.`
