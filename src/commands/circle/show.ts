/** `vivim circle show`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleText } from './text.ts'

export default class CircleShow extends VivimCommand {
  static override summary = 'Show a circle and its members.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = { circle: Args.string({ required: true, description: 'name, id or its beginning' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleShow)
    this.show(flags, await this.ask(flags, 'circle.show', { circle: args.circle }), circleText)
  }
}
