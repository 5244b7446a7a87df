/** `vivim contact follow`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { cardFrom } from '../input/card.ts'
import { contactText } from './text.ts'

export default class ContactFollow extends VivimCommand {
  static override summary = 'Take on the new identity of a contact who moved, under the same name.'
  static override description =
    'They are known, not verified, until you compare safety numbers again. The old contact stays without a name.'
  static override examples = ['<%= config.bin %> <%= command.id %> bob']
  static override args = {
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }
  static override flags = {
    card: Flags.string({
      helpValue: 'CARD',
      description: 'their new card, or - for stdin, where it has not come by itself',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactFollow)
    const card = flags.card === undefined ? {} : { card: await cardFrom(flags.card) }
    const followed = await this.ask(flags, 'contact.follow', { contact: args.contact, ...card })
    this.show(flags, followed, contactText('is followed'))
  }
}
