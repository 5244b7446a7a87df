/** `vivim circle add`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { circleChangedText } from './text.ts'

export default class CircleAdd extends VivimCommand {
  static override summary = 'Add contacts to a circle.'
  static override description =
    'Whoever was never reachable stays pending; they are added by themselves once their keys are known.'
  static override examples = ['<%= config.bin %> <%= command.id %> team bob carol']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    contact: Args.string({
      required: true,
      multiple: true,
      description: 'one or more: alias, DID or its beginning',
    }),
  }
  static override flags = {
    role: Flags.option({ options: ['member', 'admin', 'reader'] as const })({
      description:
        'what they are in it: readers read, members share, admins also add and remove [default: member]',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleAdd)
    const { circle, contact: contacts } = args
    this.show(
      flags,
      await this.ask(flags, 'circle.add', { circle, contacts, ...given('role', flags.role) }),
      circleChangedText,
    )
  }
}
