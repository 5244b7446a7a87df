/** `vivim session end`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { forgetSessions } from '../session-file.ts'
import { count } from '../text/amounts.ts'

export default class SessionEnd extends VivimCommand {
  static override summary = 'End the session in use, another of yours, or all of them.'
  static override description = 'Keys that were unlocked stay so: `vivim lock` locks them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --all',
  ]
  static override args = {
    session: Args.string({ description: 'its id, or the beginning of it [default: the one in use]' }),
  }
  static override flags = { all: Flags.boolean({ description: 'all of yours, this one too' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SessionEnd)
    const client = await this.connect(flags)
    try {
      const own = flags.all
        ? null
        : (args.session ??
          (await client.call('session.list', {})).sessions.find(({ current }) => current)?.sessionId)
      const did = client.hello.user?.did
      const result = await client.call('session.end', {
        all: flags.all,
        ...(own == null ? {} : { session: own }),
      })
      if (did !== undefined && own !== undefined) forgetSessions(flags, did, own)
      this.show(flags, result, ({ ended }) =>
        ended === 0 ? 'There was none to end.' : `Ended ${count(ended, 'session')}.`,
      )
    } finally {
      client.close()
    }
  }
}
