/** `vivim circle remove`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleRemovedText } from './text.ts'

export default class CircleRemove extends VivimCommand {
  static override summary = 'Take members out of a circle.'
  static override description =
    'The circle gets a new key, so that they read nothing that is shared from now on. What they have already stays with them: revoke those shares if that should end. Your open invites to the circle end with it: who was taken out may have one.'
  static override examples = ['<%= config.bin %> <%= command.id %> team bob']
  static override strict = false
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    contacts: Args.string({ required: true, description: 'one or more: alias, DID or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(CircleRemove)
    const contacts = (argv as string[]).slice(1)
    this.show(
      flags,
      await this.ask(flags, 'circle.remove', { circle: args.circle, contacts }),
      circleRemovedText,
    )
  }
}
