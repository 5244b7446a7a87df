/** `vivim contact card`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class ContactCard extends VivimCommand {
  static override summary = 'Print your contact card: one line for the people who should reach you.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --renew',
  ]
  static override flags = {
    renew: Flags.boolean({
      description: 'make the cards that are out worthless; contacts who are not blocked get the new one',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ContactCard)
    if (!flags.renew) return this.show(flags, await this.ask(flags, 'contact.card', {}), ({ card }) => card)
    const renewed = await this.ask(flags, 'contact.renewCard', {})
    this.remark(
      flags,
      `The old card ends. ${renewed.told} contact${renewed.told === 1 ? ' gets' : 's get'} the new one by themselves.`,
    )
    this.show(flags, renewed, ({ card }) => card)
  }
}
