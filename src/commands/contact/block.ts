/** `vivim contact block`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { contactText } from './text.ts'

export default class ContactBlock extends VivimCommand {
  static override summary = 'Take nothing more from a person.'
  static override examples = ['<%= config.bin %> <%= command.id %> bob']
  static override args = {
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactBlock)
    const result = await this.ask(flags, 'contact.block', { contact: args.contact })
    this.show(flags, result, contactText('is blocked'))
  }
}
