/** `vivim circle invites`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { fromNow } from '../text/amounts.ts'
import { table } from '../text/table.ts'

export default class CircleInvites extends VivimCommand {
  static override summary = 'List your invites to a circle that somebody could still use.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = { circle: Args.string({ required: true, description: 'name, id or its beginning' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleInvites)
    this.show(flags, await this.ask(flags, 'circle.invites', { circle: args.circle }), ({ invites }) =>
      invites.length === 0
        ? 'No invite is open.'
        : table(
            ['invite', 'role', 'left', 'expires'],
            invites.map(one => [
              one.inviteId.slice(0, 10),
              one.role,
              `${one.left} of ${one.uses}`,
              fromNow(one.expiresAt),
            ]),
          ),
    )
  }
}
