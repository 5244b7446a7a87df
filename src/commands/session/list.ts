/** `vivim session list`. */
import { VivimCommand } from '../base.ts'
import { fromNow } from '../text/amounts.ts'
import { table } from '../text/table.ts'

export default class SessionList extends VivimCommand {
  static override summary = 'List your sessions on this node.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(SessionList)
    this.show(flags, await this.ask(flags, 'session.list', {}), ({ sessions }) =>
      sessions.length === 0
        ? 'You have no session.'
        : table(
            ['session', 'opened', 'last used', 'ends', ''],
            sessions.map(one => [
              one.sessionId.slice(0, 10),
              fromNow(one.createdAt),
              fromNow(one.lastUsedAt),
              fromNow(one.expiresAt),
              one.current ? 'this one' : '',
            ]),
          ),
    )
  }
}
