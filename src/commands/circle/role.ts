/** `vivim circle role`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

const ROLES = ['member', 'admin', 'reader'] as const

export default class CircleRole extends VivimCommand {
  static override summary = 'Give a member of a circle another role.'
  static override description =
    'Readers read, members also share, admins also add and remove. The owner may change everybody, an admin those who became admins later.'
  static override examples = ['<%= config.bin %> <%= command.id %> team bob admin']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
    role: Args.string({ required: true, options: [...ROLES], description: ROLES.join(', ') }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleRole)
    const role = ROLES.find(one => one === args.role) ?? 'member'
    this.show(
      flags,
      await this.ask(flags, 'circle.role', { circle: args.circle, contact: args.contact, role }),
      circleChangedText,
    )
  }
}
