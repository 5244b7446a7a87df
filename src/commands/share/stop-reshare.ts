/** `vivim share stop-reshare`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { nameOf } from '../contact/text.ts'

export default class ShareStopReshare extends VivimCommand {
  static override summary = 'End the right of one person to pass a share on; they keep the share itself.'
  static override description =
    'What they passed on by it is not opened any more by honest nodes that hear of it: theirs is told, and tells on. `vivim share show` lists who passed on.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz --from bob']
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    from: Flags.string({ required: true, helpValue: 'CONTACT', description: 'alias, DID or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareStopReshare)
    const result = await this.ask(flags, 'share.endReshare', { share: args.share, from: flags.from })
    this.show(flags, result, ({ shareId, from, changed }) =>
      changed
        ? `${nameOf(from)} may not pass ${shareId} on any more.`
        : `${nameOf(from)} could not pass ${shareId} on any more as it was.`,
    )
  }
}
