/** `vivim circle describe`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleDescribe extends VivimCommand {
  static override summary = 'Say what a circle is for, to all its members.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> team "what we ask machines about the garden"',
  ]
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    text: Args.string({
      required: true,
      description: 'at most 2,000 characters; an empty one takes it back',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleDescribe)
    this.show(
      flags,
      await this.ask(flags, 'circle.describe', { circle: args.circle, text: args.text }),
      circleChangedText,
    )
  }
}
