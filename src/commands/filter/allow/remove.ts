/** `vivim filter allow remove`. */
import { FilterEdit } from '../edit.ts'
import { entryArgs, entryFlags } from '../entries.ts'

export default class FilterAllowRemove extends FilterEdit {
  static override summary = 'Take values or rules from the allow list.'
  static override examples = ['<%= config.bin %> <%= command.id %> rule:ipv4']
  static override args = entryArgs
  static override flags = entryFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FilterAllowRemove)
    await this.removeEntries(flags, { text: args.text, file: flags.file, list: 'allow' })
  }
}
