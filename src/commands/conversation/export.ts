/** `vivim conversation export`. */
import { Args, Flags } from '@oclif/core'
import { visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class ConversationExport extends VivimCommand {
  static override summary = 'Print one conversation as Markdown or JSON.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2 > tea.md',
    '<%= config.bin %> <%= command.id %> k7x2 --format json > tea.json',
  ]
  static override args = {
    conversation: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    format: Flags.option({ options: ['markdown', 'json'] as const, default: 'markdown' })({
      description: 'what to write',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConversationExport)
    const result = await this.ask(flags, 'conversation.export', {
      conversation: args.conversation,
      format: flags.format,
    })
    // A file gets the text as it is; only a terminal would obey what is hidden in it.
    this.show(flags, result, ({ text }) =>
      (process.stdout.isTTY === true ? visibleText(text) : text).replace(/\n$/, ''),
    )
  }
}
