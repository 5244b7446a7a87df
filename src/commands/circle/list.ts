/** `vivim circle list`. */
import { VivimCommand } from '../base.ts'
import { table } from '../text/table.ts'

export default class CircleList extends VivimCommand {
  static override summary = 'List the circles you are in.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(CircleList)
    this.show(flags, await this.ask(flags, 'circle.list', {}), ({ circles }) =>
      circles.length === 0
        ? 'You are in no circle: make one with `vivim circle create NAME`.'
        : table(
            ['name', 'members', 'epoch', 'state', 'id'],
            circles.map(one => [one.name, one.members.length, one.epoch, one.state, one.circleId]),
          ),
    )
  }
}
