/** `vivim circle transfer`. */
import { Args } from '@oclif/core'
import { sureFlag, VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleTransfer extends VivimCommand {
  static override summary = 'Give a circle to one of its members.'
  static override description =
    'They are its owner from then on, and only they could give it back; you stay as an admin.'
  static override examples = ['<%= config.bin %> <%= command.id %> team bob']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }
  static override flags = sureFlag

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleTransfer)
    await this.sure(flags, 'Give this circle away? Only its new owner could give it back.')
    this.show(
      flags,
      await this.ask(flags, 'circle.transfer', { circle: args.circle, contact: args.contact }),
      circleChangedText,
    )
  }
}
