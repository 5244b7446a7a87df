/** `vivim contact card`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class ContactCard extends VivimCommand {
  static override summary = 'Print your contact card: one line for the people who should reach you.'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override flags = {
    renew: Flags.boolean({ description: 'make a new one and end the old (not in this version)' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ContactCard)
    this.show(flags, await this.ask(flags, 'contact.card', { renew: flags.renew }), ({ card }) => card)
  }
}
