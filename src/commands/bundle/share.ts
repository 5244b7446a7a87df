/** `vivim bundle share`. */
import { Args } from '@oclif/core'
import { SharingCommand, sharingFlags } from '../share/create.ts'
import { whatFlags, whatParams } from '../share/terms.ts'

const { include, title, note } = whatFlags

export default class BundleShare extends SharingCommand {
  static override summary = 'Share a context bundle: `share create` with --bundle.'
  static override description =
    'It leaves as messages, through the same filter and with the same preview; notes in it leave too. See it first with `vivim share preview --bundle`.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore" --to bob --expires 7d --yes']
  static override args = {
    bundle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = { include, title, note, ...sharingFlags }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BundleShare)
    const { include, title, note } = flags
    await this.shareThat(whatParams(undefined, { bundle: args.bundle, include, title, note }), flags)
  }
}
