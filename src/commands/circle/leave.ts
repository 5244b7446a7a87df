/** `vivim circle leave`. */
import { Args } from '@oclif/core'
import { sureFlag, VivimCommand } from '../base.ts'
import { circleLeftText } from './text.ts'

export default class CircleLeave extends VivimCommand {
  static override summary = 'Leave a circle, or ask no more to be let into it.'
  static override description =
    'What was shared with you before stays until it ends. Only somebody in the circle can bring you back. Its owner cannot leave: they transfer or close it.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = sureFlag

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleLeave)
    await this.sure(flags, 'Leave this circle? Only somebody in it can bring you back.')
    this.show(flags, await this.ask(flags, 'circle.leave', { circle: args.circle }), circleLeftText)
  }
}
