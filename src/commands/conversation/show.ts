/** `vivim conversation show`. */
import { Args, Flags } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { instant } from '../text/amounts.ts'
import { messagesText } from '../text/messages.ts'
import { style } from '../text/style.ts'

export default class ConversationShow extends VivimCommand {
  static override summary = 'Show one conversation with its messages, numbered as `share` takes them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2',
    '<%= config.bin %> <%= command.id %> k7x2 --all-branches --hidden --json',
  ]
  static override args = {
    conversation: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    'all-branches': Flags.boolean({ description: 'also what was edited or generated again' }),
    hidden: Flags.boolean({ description: 'also what the provider hides' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConversationShow)
    const result = await this.ask(flags, 'conversation.show', {
      conversation: args.conversation,
      allBranches: flags['all-branches'],
      hidden: flags.hidden,
    })
    this.show(flags, result, one =>
      [
        style.bold(visibleLine(one.title ?? '(untitled)')),
        style.dim(
          visibleLine([one.id, one.provider, one.model, instant(one.createdAt)].filter(Boolean).join('  ')),
        ),
        '',
        messagesText(one.messages),
      ].join('\n'),
    )
  }
}
