/** `vivim notebook show`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { collectionText, itemsText } from '../text/library.ts'

export default class NotebookShow extends VivimCommand {
  static override summary = 'Show a notebook with what stands in it, in order.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore"']
  static override args = {
    notebook: Args.string({ required: true, description: 'name, id or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NotebookShow)
    this.show(flags, await this.ask(flags, 'notebook.show', { notebook: args.notebook }), one =>
      [collectionText({ ...one, items: one.items.length }, one.notebookId), '', itemsText(one.items)].join(
        '\n',
      ),
    )
  }
}
