/** `vivim bundle create`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { collectionText } from '../text/library.ts'

export default class BundleCreate extends VivimCommand {
  static override summary = 'Make a context bundle; one of that name stays as it is.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore"']
  static override args = { name: Args.string({ required: true, description: 'what you call it' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BundleCreate)
    this.show(
      flags,
      await this.ask(flags, 'bundle.create', { name: args.name }),
      one => `${one.changed ? 'Made' : 'It is there already:'} ${collectionText(one, one.bundleId)}`,
    )
  }
}
