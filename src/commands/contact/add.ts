/** `vivim contact add`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { cardFrom } from '../input/card.ts'
import { nameOf } from './text.ts'

export default class ContactAdd extends VivimCommand {
  static override summary = 'Add a person by their contact card.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> vivim1… --name bob',
    {
      description: 'The card from a file:',
      command: '<%= config.bin %> <%= command.id %> - --name bob < bob.card',
    },
  ]
  static override args = {
    card: Args.string({ required: true, description: 'the line that begins with vivim1, or - for stdin' }),
  }
  static override flags = {
    name: Flags.string({
      helpValue: 'ALIAS',
      description: 'what you call them; selects them in other commands',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactAdd)
    const result = await this.ask(flags, 'contact.add', {
      card: await cardFrom(args.card),
      ...(flags.name === undefined ? {} : { name: flags.name }),
    })
    this.show(flags, result, contact => {
      const reach = contact.reachable ? 'and reachable' : 'not reached yet: what you share waits for them'
      return `${contact.changed ? 'Added' : 'Known already:'} ${nameOf(contact)}, ${contact.state}, ${reach}.`
    })
  }
}
