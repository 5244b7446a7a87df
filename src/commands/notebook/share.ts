/** `vivim notebook share`. */
import { Args } from '@oclif/core'
import { SharingCommand, sharingFlags } from '../share/create.ts'
import { whatFlags, whatParams } from '../share/terms.ts'

const { include, title, note } = whatFlags

export default class NotebookShare extends SharingCommand {
  static override summary = 'Share a notebook: `share create` with --notebook.'
  static override description =
    'It leaves as messages, through the same filter and with the same preview; notes in it leave too. See it first with `vivim share preview --notebook`.'
  static override examples = ['<%= config.bin %> <%= command.id %> "tea lore" --to bob --expires 7d --yes']
  static override args = {
    notebook: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = { include, title, note, ...sharingFlags }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NotebookShare)
    const { include, title, note } = flags
    await this.shareThat(whatParams(undefined, { notebook: args.notebook, include, title, note }), flags)
  }
}
