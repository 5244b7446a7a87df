/** `vivim filter list`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { day } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { table } from '../text/table.ts'

export default class FilterList extends VivimCommand {
  static override summary = 'Your deny and allow list; what may be a secret is masked.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --reveal',
  ]
  static override flags = { reveal: Flags.boolean({ description: 'show the masked entries too' }) }

  async run(): Promise<void> {
    const { flags } = await this.parse(FilterList)
    const result = await this.ask(flags, 'filter.list', { reveal: flags.reveal })
    this.show(flags, result, ({ deny, allow, rules }) =>
      [
        deny.length + allow.length === 0
          ? 'Both lists are empty.'
          : table(
              ['list', 'text', 'severity', 'added'],
              [
                ...deny.map(one => ['deny', one.text, one.severity, day(one.addedAt)]),
                ...allow.map(one => ['allow', one.text, null, day(one.addedAt)]),
              ],
            ),
        style.dim(`rule set ${rules}`),
      ].join('\n'),
    )
  }
}
