/** `vivim circle rotate`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleRotate extends VivimCommand {
  static override summary = 'Start a new epoch of a circle, with a new key for the same members.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = { circle: Args.string({ required: true, description: 'name, id or its beginning' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleRotate)
    this.show(flags, await this.ask(flags, 'circle.rotate', { circle: args.circle }), circleChangedText)
  }
}
