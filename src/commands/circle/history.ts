/** `vivim circle history`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { circleChangedText } from './text.ts'

export const HISTORIES = ['none', 'now', 'all'] as const
export const historyHelp =
  'none: nothing; now: what nobody had received yet; all: everything that has not ended'

export default class CircleHistory extends VivimCommand {
  static override summary = 'Set what those who come to a circle later get of what was shared before.'
  static override description =
    `With none they get only what is shared after they were added; with now also what was shared and nobody had received yet; with all also what members shared before, as far as it has not ended: each member's node gives its own. It counts for those who are added from then on, and only the owner sets it.`
  static override examples = ['<%= config.bin %> <%= command.id %> team all']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    history: Args.string({ required: true, options: [...HISTORIES], description: historyHelp }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleHistory)
    const history = HISTORIES.find(one => one === args.history) ?? 'now'
    this.show(
      flags,
      await this.ask(flags, 'circle.history', { circle: args.circle, history }),
      circleChangedText,
    )
  }
}
