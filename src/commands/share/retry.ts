/** `vivim share retry`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class ShareRetry extends VivimCommand {
  static override summary = 'Try the waiting deliveries of a share now.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareRetry)
    const result = await this.ask(flags, 'share.retry', { share: args.share })
    this.show(flags, result, ({ shareId, state, changed }) =>
      changed ? `Trying ${shareId} now; it is ${state}.` : `Nothing waits: ${shareId} is ${state}.`,
    )
  }
}
