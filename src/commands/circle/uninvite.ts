/** `vivim circle uninvite`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class CircleUninvite extends VivimCommand {
  static override summary = 'Take an invite back.'
  static override description =
    'Nobody joins by it any more. Who joined before stays in: `vivim circle remove` takes them out.'
  static override examples = ['<%= config.bin %> <%= command.id %> team tmcrziphsn']
  static override args = {
    circle: Args.string({ required: true, description: 'name, id or its beginning' }),
    invite: Args.string({ required: true, description: 'its id or the beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleUninvite)
    const { circle, invite } = args
    this.show(flags, await this.ask(flags, 'circle.uninvite', { circle, invite }), ({ changed }) =>
      changed ? 'Taken back.' : 'It was taken back before.',
    )
  }
}
