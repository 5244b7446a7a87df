/** `vivim circle close`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { confirm } from '../input/confirm.ts'
import { circleChangedText } from './text.ts'

export default class CircleClose extends VivimCommand {
  static override summary = 'End a circle for good.'
  static override description =
    'Nobody can share with it or change it any more, and it cannot be opened again. What was shared before stays until it ends.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = {
    yes: Flags.boolean({ description: 'do not ask on a terminal' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleClose)
    if (!flags.yes && this.canAsk(flags)) await confirm('Close this circle for good?')
    this.show(flags, await this.ask(flags, 'circle.close', { circle: args.circle }), circleChangedText)
  }
}
