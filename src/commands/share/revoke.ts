/** `vivim share revoke`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from './terms.ts'
import { CANNOT_UNREAD } from './text.ts'

export default class ShareRevoke extends VivimCommand {
  static override summary =
    'Take a share back: delivery stops, grants and blocks are dropped everywhere honest.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz --reason "wrong file"']
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    reason: Flags.string({ helpValue: 'T', description: 'kept with the share, on this node' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareRevoke)
    const result = await this.ask(flags, 'share.revoke', {
      share: args.share,
      ...given('reason', flags.reason),
    })
    this.show(flags, result, ({ shareId, state, changed }) =>
      changed ? `Took ${shareId} back.\n${CANNOT_UNREAD}` : `${shareId} was ${state} already.`,
    )
  }
}
