/** `vivim bundle show`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { collectionText, itemsText } from '../text/library.ts'

export default class BundleShow extends VivimCommand {
  static override summary = 'Show a context bundle with what stands in it, in order.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore"']
  static override args = {
    bundle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BundleShow)
    this.show(flags, await this.ask(flags, 'bundle.show', { bundle: args.bundle }), one =>
      [collectionText({ ...one, items: one.items.length }, one.bundleId), '', itemsText(one.items)].join(
        '\n',
      ),
    )
  }
}
