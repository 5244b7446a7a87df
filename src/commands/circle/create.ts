/** `vivim circle create`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { HISTORIES, historyHelp } from './history.ts'
import { circleChangedText } from './text.ts'

export default class CircleCreate extends VivimCommand {
  static override summary = 'Make a circle with yourself as its owner.'
  static override examples = ['<%= config.bin %> <%= command.id %> team']
  static override args = { name: Args.string({ required: true, description: 'only its members see it' }) }
  static override flags = {
    history: Flags.string({
      options: [...HISTORIES],
      description: `what those who come later get of what was shared before [default: now]: ${historyHelp}`,
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleCreate)
    const history = HISTORIES.find(one => one === flags.history)
    const params = { name: args.name, ...given('history', history) }
    this.show(flags, await this.ask(flags, 'circle.create', params), circleChangedText)
  }
}
