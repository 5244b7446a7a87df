/** `vivim inbox open`. */
import { Args } from '@oclif/core'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { nameOf } from '../contact/text.ts'
import { instant } from '../text/amounts.ts'
import { messagesText } from '../text/messages.ts'
import { style } from '../text/style.ts'

export default class InboxOpen extends VivimCommand {
  static override summary =
    'Open what was shared with you: verified, decrypted, and found by search from then on.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InboxOpen)
    this.show(
      flags,
      await this.ask(flags, 'inbox.open', { share: args.share }),
      ({ share, owner, passedOn, conversation }) =>
        [
          style.bold(visibleLine(share.title ?? conversation.title ?? '(untitled)')),
          `${style.green('✓')} shared by ${nameOf(owner)} ${style.dim('(verified)')}`,
          ...(passedOn === null
            ? []
            : [
                `  passed on by ${nameOf(passedOn)}${passedOn.note === null ? '' : `: ${visibleLine(passedOn.note)}`}`,
              ]),
          style.dim(`you may ${share.permissions.join(', ')}; expires ${instant(share.expiresAt)}`),
          ...(share.note === null ? [] : ['', visibleText(share.note)]),
          '',
          messagesText(conversation.messages),
        ].join('\n'),
    )
  }
}
