/** `vivim user migrate`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { table } from '../text/table.ts'

export default class UserMigrate extends VivimCommand {
  static override summary = "Bring the databases of users up to this version's schema. For the operator."
  static override description =
    'The daemon does so at each start; this shows that it was done, and does it for a database that was put back meanwhile.'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override args = { user: Args.string({ description: 'name or DID [default: all]' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UserMigrate)
    const result = await this.ask(flags, 'user.migrate', args.user === undefined ? {} : { user: args.user })
    this.show(flags, result, ({ users }) =>
      table(
        ['name', 'was', 'is', ''],
        users.map(one => [
          visibleLine(one.name),
          String(one.from),
          String(one.to),
          one.changed ? 'brought up to date' : 'as it was',
        ]),
      ),
    )
  }
}
