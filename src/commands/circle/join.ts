/** `vivim circle join`. */
import { Args } from '@oclif/core'
import { durationFlag, VivimCommand } from '../base.ts'
import { stdinBytes } from '../input/stdin.ts'
import { circleChangedText } from './text.ts'

/** An invite has at most 8,192 characters; blanks and line ends among them are dropped. */
const MAX_INVITE_BYTES = 32 * 1024
const WAIT_MS = 30_000
/** What the way to the daemon and back may take beyond the wait itself. */
const SLACK_MS = 10_000

export default class CircleJoin extends VivimCommand {
  static override summary = 'Join a circle by an invite.'
  static override description =
    'Who made the invite becomes a contact. Their node has to be there and unlocked: where it is not, the circle shows as invited, and joining goes on by itself.'
  static override examples = [
    {
      description: 'The invite from a file, so that it stands in no history of commands:',
      command: '<%= config.bin %> <%= command.id %> - < invite.txt',
    },
  ]
  static override args = {
    invite: Args.string({
      required: true,
      description: 'the line that begins with vivimi1, or - for stdin',
    }),
  }
  static override flags = {
    wait: durationFlag({ description: 'wait so long to be let in (30s), 0s for not at all' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleJoin)
    const invite = args.invite === '-' ? (await stdinBytes(MAX_INVITE_BYTES)).toString('utf8') : args.invite
    const waitMs = flags.wait ?? WAIT_MS
    const client = await this.connect(flags)
    try {
      const timeoutMs = flags.timeout ?? waitMs + SLACK_MS
      const params = { invite: invite.trim(), waitMs }
      this.show(flags, await client.call('circle.join', params, { timeoutMs }), circleChangedText)
    } finally {
      client.close()
    }
  }
}
