/** `vivim circle leave`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { confirm } from '../input/confirm.ts'
import { circleChangedText } from './text.ts'

export default class CircleLeave extends VivimCommand {
  static override summary = 'Leave a circle.'
  static override description =
    'What was shared with you before stays until it ends. Only somebody in the circle can bring you back. Its owner cannot leave: they transfer or close it.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = {
    yes: Flags.boolean({ description: 'do not ask on a terminal' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleLeave)
    if (!flags.yes && this.canAsk(flags))
      await confirm('Leave this circle? Only somebody in it can bring you back.')
    this.show(flags, await this.ask(flags, 'circle.leave', { circle: args.circle }), circleChangedText)
  }
}
