/** `vivim notebook delete`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class NotebookDelete extends VivimCommand {
  static override summary = 'Delete a notebook with the copies in it. This cannot be undone.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore"']
  static override args = {
    notebook: Args.string({ required: true, description: 'name, id or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NotebookDelete)
    this.show(
      flags,
      await this.ask(flags, 'notebook.delete', { notebook: args.notebook }),
      one => `Deleted ${visibleLine(one.name)}. Shares of it stay until they end or are revoked.`,
    )
  }
}
