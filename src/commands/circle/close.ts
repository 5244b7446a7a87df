/** `vivim circle close`. */
import { Args } from '@oclif/core'
import { sureFlag, VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleClose extends VivimCommand {
  static override summary = 'End a circle for good.'
  static override description =
    'Nobody can share with it or change it any more, and it cannot be opened again. What was shared before stays until it ends.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> team',
    '<%= config.bin %> <%= command.id %> team --yes',
  ]
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = sureFlag

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleClose)
    await this.sure(flags, 'Close this circle for good?')
    this.show(flags, await this.ask(flags, 'circle.close', { circle: args.circle }), circleChangedText)
  }
}
