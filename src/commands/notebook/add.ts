/** `vivim notebook add`. */
import { VivimCommand } from '../base.ts'
import {
  ADDING_DESCRIPTION,
  ADDING_EXAMPLES,
  acusArg,
  addedText,
  addingFlags,
  addingParams,
  collectionArg,
} from './adding.ts'

export default class NotebookAdd extends VivimCommand {
  static override summary = 'Add units of your own conversations to a notebook, or a note.'
  static override description = ADDING_DESCRIPTION
  static override examples = ADDING_EXAMPLES
  static override strict = false
  static override args = { notebook: collectionArg, acus: acusArg }
  static override flags = addingFlags

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(NotebookAdd)
    const params = { notebook: args.notebook, ...addingParams(argv, flags) }
    this.show(flags, await this.ask(flags, 'notebook.add', params), one => addedText(one, one.notebookId))
  }
}
