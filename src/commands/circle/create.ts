/** `vivim circle create`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export default class CircleCreate extends VivimCommand {
  static override summary = 'Make a circle with yourself as its owner.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = { name: Args.string({ required: true, description: 'only its members see it' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleCreate)
    this.show(flags, await this.ask(flags, 'circle.create', { name: args.name }), circleChangedText)
  }
}
