/** `vivim filter deny remove`. */
import { FilterEdit } from '../edit.ts'
import { entryArgs, entryFlags } from '../entries.ts'

export default class FilterDenyRemove extends FilterEdit {
  static override summary = 'Take words from the deny list.'
  static override examples = ['<%= config.bin %> <%= command.id %> "Project Falcon"']
  static override args = entryArgs
  static override flags = entryFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FilterDenyRemove)
    await this.removeEntries(flags, { text: args.text, file: flags.file, list: 'deny' })
  }
}
