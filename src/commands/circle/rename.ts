/** `vivim circle rename`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleRename extends VivimCommand {
  static override summary = 'Give a circle another name, for all its members.'
  static override examples = ['<%= config.bin %> <%= command.id %> team "garden team"']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    name: Args.string({ required: true, description: 'the new name' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleRename)
    this.show(
      flags,
      await this.ask(flags, 'circle.rename', { circle: args.circle, name: args.name }),
      circleChangedText,
    )
  }
}
