/** `vivim contact remove`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { contactText } from './text.ts'

export default class ContactRemove extends VivimCommand {
  static override summary = 'Forget a contact; shares made to them stay until they end.'
  static override examples = ['<%= config.bin %> <%= command.id %> bob']
  static override args = {
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactRemove)
    const result = await this.ask(flags, 'contact.remove', { contact: args.contact })
    this.show(flags, result, contactText('is removed'))
  }
}
