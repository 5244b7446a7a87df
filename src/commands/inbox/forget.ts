/** `vivim inbox forget`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class InboxForget extends VivimCommand {
  static override summary =
    'Remove a received share with its blocks, its opened text and its place in the search.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InboxForget)
    this.show(flags, await this.ask(flags, 'inbox.forget', { share: args.share }), ({ shareId, changed }) =>
      changed ? `Forgot ${shareId}.` : `${shareId} was forgotten before.`,
    )
  }
}
