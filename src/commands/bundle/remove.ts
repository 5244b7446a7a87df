/** `vivim bundle remove`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { count } from '../text/amounts.ts'
import { collectionText } from '../text/library.ts'

export default class BundleRemove extends VivimCommand {
  static override summary = 'Take items out of a context bundle; their copies are gone for good.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore" q3fz']
  static override strict = false
  static override args = {
    bundle: Args.string({ required: true, description: 'name, id or its beginning' }),
    items: Args.string({
      required: true,
      description: 'one or more: id of the item or of the unit, or its beginning',
    }),
  }

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(BundleRemove)
    const items = (argv as string[]).slice(1)
    this.show(flags, await this.ask(flags, 'bundle.remove', { bundle: args.bundle, items }), one =>
      [
        one.changed
          ? `Took ${count(one.removed, 'item')} out.`
          : 'Nothing changed: nothing in it is called so.',
        collectionText(one, one.bundleId),
      ].join('\n'),
    )
  }
}
