/** `vivim contact list`. */
import { VivimCommand } from '../base.ts'
import { contactsText } from './text.ts'

export default class ContactList extends VivimCommand {
  static override summary = 'List contacts, and strangers who wrote.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(ContactList)
    this.show(flags, await this.ask(flags, 'contact.list', {}), ({ contacts }) => contactsText(contacts))
  }
}
