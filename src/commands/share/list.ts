/** `vivim share list`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from './terms.ts'
import { sharesText } from './text.ts'

export default class ShareList extends VivimCommand {
  static override summary = 'List shares, your own and received ones, newest first.'
  static override examples = ['<%= config.bin %> <%= command.id %> --mine --state queued']
  static override flags = {
    state: Flags.option({
      options: [
        'scheduled',
        'queued',
        'publishing',
        'published',
        'failed',
        'expired',
        'revoked',
        'exhausted',
      ] as const,
    })({ description: 'only those in this state' }),
    mine: Flags.boolean({ exclusive: ['received'], description: 'only your own' }),
    received: Flags.boolean({ description: 'only what others shared with you' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ShareList)
    const result = await this.ask(flags, 'share.list', {
      ...given('state', flags.state),
      side: flags.mine ? 'mine' : flags.received ? 'received' : 'all',
    })
    this.show(flags, result, ({ shares }) => sharesText(shares))
  }
}
