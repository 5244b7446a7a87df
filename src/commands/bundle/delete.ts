/** `vivim bundle delete`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class BundleDelete extends VivimCommand {
  static override summary =
    'Delete a context bundle with the copies in it; memories and notebooks stay. This cannot be undone.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore"']
  static override args = {
    bundle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BundleDelete)
    this.show(
      flags,
      await this.ask(flags, 'bundle.delete', { bundle: args.bundle }),
      one => `Deleted ${visibleLine(one.name)}. Shares of it stay until they end or are revoked.`,
    )
  }
}
