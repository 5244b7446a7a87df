/** `vivim filter allow add`. */
import { FilterEdit } from '../edit.ts'
import { entryArgs, entryFlags } from '../entries.ts'

export default class FilterAllowAdd extends FilterEdit {
  static override summary = 'Let a value leave that the filter would stop, such as a sample key.'
  static override description =
    'Exactly that value and no other. rule:NAME lets a rule for personal data find nothing at all; secrets are allowed by value only.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> support@example.org',
    '<%= config.bin %> <%= command.id %> rule:ipv4',
    '<%= config.bin %> <%= command.id %> --file sample-keys.txt',
  ]
  static override args = entryArgs
  static override flags = entryFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FilterAllowAdd)
    await this.addEntries(flags, { text: args.text, file: flags.file, list: 'allow' })
  }
}
