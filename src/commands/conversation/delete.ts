/** `vivim conversation delete`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { count } from '../text/amounts.ts'

export default class ConversationDelete extends VivimCommand {
  static override summary = 'Delete a conversation from your database; shares made of it stay until they end.'
  static override examples = ['<%= config.bin %> <%= command.id %> k7x2']
  static override args = {
    conversation: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConversationDelete)
    const result = await this.ask(flags, 'conversation.delete', { conversation: args.conversation })
    this.show(flags, result, ({ id, keptIn }) =>
      [
        `Deleted ${id}.`,
        ...keptIn.map(
          one =>
            `${visibleLine(one.name)} keeps copies of it (${count(one.items, 'item')}): delete them there.`,
        ),
      ].join('\n'),
    )
  }
}
