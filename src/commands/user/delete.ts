/** `vivim user delete`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand, yesFlag } from '../base.ts'
import { count } from '../text/amounts.ts'

export default class UserDelete extends VivimCommand {
  static override summary = 'Remove a user and all that this node has of them. For its operator.'
  static override description =
    'Conversations, circles, keys and the recovery seed are lost, unless they exported their identity. What they share is taken ' +
    'back first, at every node that can be reached within ten seconds; others keep it until it expires, and what was read stays read.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> bob',
    '<%= config.bin %> <%= command.id %> bob --yes',
  ]
  static override args = { user: Args.string({ required: true, description: 'name or DID' }) }
  static override flags = yesFlag

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UserDelete)
    if (this.isToAsk(flags))
      await this.sure(
        flags,
        `Remove ${visibleLine(args.user)}? Their conversations, keys and circles are lost; what others have read stays with them.`,
      )
    const result = await this.ask(flags, 'user.delete', { user: args.user })
    this.show(flags, result, ({ name, sharesEnded, notTold }) =>
      [
        `Removed ${visibleLine(name)}; ${count(sharesEnded, 'share')} ended.`,
        ...(notTold === 0
          ? []
          : [
              `${count(notTold, 'recipient')} could not be told and may keep what they have until it expires.`,
            ]),
      ].join('\n'),
    )
  }
}
