/** `vivim circle add`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleAdd extends VivimCommand {
  static override summary = 'Add contacts to a circle.'
  static override description =
    'Whoever was never reachable stays pending; they are added by themselves once their keys are known.'
  static override examples = ['<%= config.bin %> <%= command.id %> team bob carol']
  static override strict = false
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    contacts: Args.string({ required: true, description: 'one or more: alias, DID or its beginning' }),
  }
  static override flags = {
    role: Flags.option({ options: ['member', 'admin', 'reader'] as const, default: 'member' })({
      description: 'what they are in it: readers read, members share, admins also add and remove',
    }),
  }

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(CircleAdd)
    const contacts = (argv as string[]).slice(1)
    this.show(
      flags,
      await this.ask(flags, 'circle.add', { circle: args.circle, contacts, role: flags.role }),
      circleChangedText,
    )
  }
}
