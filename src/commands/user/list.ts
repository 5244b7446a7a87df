/** `vivim user list`. */
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { day } from '../text/amounts.ts'
import { table } from '../text/table.ts'

export default class UserList extends VivimCommand {
  static override summary = 'List the users of this node. For its operator.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(UserList)
    this.show(flags, await this.ask(flags, 'user.list', {}), ({ users }) =>
      table(
        ['name', 'keys', 'sessions', 'since', 'did'],
        users.map(user => [
          `${visibleLine(user.name)}${user.operator ? ' (operator)' : ''}`,
          `${user.unlocked ? 'unlocked' : 'locked'}${user.needsPassphrase ? '' : ', no passphrase'}`,
          String(user.sessions),
          day(user.createdAt),
          user.did,
        ]),
      ),
    )
  }
}
