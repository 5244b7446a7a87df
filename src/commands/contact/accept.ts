/** `vivim contact accept`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { contactText } from './text.ts'

export default class ContactAccept extends VivimCommand {
  static override summary = 'Accept a stranger, or take note of what changed of a contact.'
  static override examples = ['<%= config.bin %> <%= command.id %> did:key:z6Mk… --name alice']
  static override args = {
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }
  static override flags = { name: Flags.string({ helpValue: 'ALIAS', description: 'what you call them' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactAccept)
    const result = await this.ask(flags, 'contact.accept', {
      contact: args.contact,
      ...(flags.name === undefined ? {} : { name: flags.name }),
    })
    this.show(flags, result, contactText('is accepted'))
  }
}
