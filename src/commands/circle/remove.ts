/** `vivim circle remove`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleRemovedText } from './text.ts'

export default class CircleRemove extends VivimCommand {
  static override summary = 'Take members out of a circle.'
  static override description =
    'The circle gets a new key, so that they read nothing that is shared from now on. What they have already stays with them: revoke those shares if that should end. Your open invites to the circle end with it: who was taken out may have one.'
  static override examples = ['<%= config.bin %> <%= command.id %> team bob']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    contact: Args.string({
      required: true,
      multiple: true,
      description: 'one or more: alias, DID or its beginning',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleRemove)
    const { circle, contact: contacts } = args
    this.show(flags, await this.ask(flags, 'circle.remove', { circle, contacts }), circleRemovedText)
  }
}
