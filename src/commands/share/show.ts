/** `vivim share show`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { shareText } from './text.ts'

export default class ShareShow extends VivimCommand {
  static override summary = 'Show a share of your own: who acknowledged it, and what still waits and why.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz --json']
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareShow)
    this.show(flags, await this.ask(flags, 'share.show', { share: args.share }), shareText)
  }
}
