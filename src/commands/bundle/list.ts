/** `vivim bundle list`. */
import { VivimCommand } from '../base.ts'
import { collectionsText } from '../text/library.ts'

export default class BundleList extends VivimCommand {
  static override summary = 'List your context bundles by name.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(BundleList)
    this.show(flags, await this.ask(flags, 'bundle.list', {}), ({ bundles }) =>
      collectionsText(
        bundles.map(one => [one.bundleId, one] as const),
        'You have none: make one with `vivim bundle create NAME`.',
      ),
    )
  }
}
