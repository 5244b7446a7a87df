/** `vivim filter deny add`. */
import { Flags } from '@oclif/core'
import { FilterEdit } from '../edit.ts'
import { entryArgs, entryFlags } from '../entries.ts'

export default class FilterDenyAdd extends FilterEdit {
  static override summary = 'Name words that are not to leave: clients, projects, people, keys no rule knows.'
  static override description =
    'Found in upper and lower case, as words of their own, in everything that is shared. The list stays in your database.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> "Project Falcon"',
    'pass show legacy-key | <%= config.bin %> <%= command.id %> - --severity secret',
  ]
  static override args = entryArgs
  static override flags = {
    ...entryFlags,
    severity: Flags.option({ options: ['secret', 'personal'] as const, default: 'personal' })({
      description: 'secret blocks a share, personal is redacted',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FilterDenyAdd)
    await this.addEntries(flags, { text: args.text, file: flags.file, list: 'deny' }, flags.severity)
  }
}
