/** `vivim notebook list`. */
import { VivimCommand } from '../base.ts'
import { collectionsText } from '../text/library.ts'

export default class NotebookList extends VivimCommand {
  static override summary = 'List your notebooks by name.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(NotebookList)
    this.show(flags, await this.ask(flags, 'notebook.list', {}), ({ notebooks }) =>
      collectionsText(
        notebooks.map(one => [one.notebookId, one] as const),
        'You have none: make one with `vivim notebook create NAME`.',
      ),
    )
  }
}
