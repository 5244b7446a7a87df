/** `vivim bundle add`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import {
  ADDING_DESCRIPTION,
  ADDING_EXAMPLES,
  acusArg,
  addedText,
  addingFlags,
  addingParams,
  collectionArg,
} from '../notebook/adding.ts'
import { given } from '../share/terms.ts'

export default class BundleAdd extends VivimCommand {
  static override summary = 'Add units of your own conversations to a context bundle, or a note.'
  static override description = ADDING_DESCRIPTION
  static override examples = [
    ...ADDING_EXAMPLES,
    '<%= config.bin %> <%= command.id %> briefing --memory q3fz --notebook "tea lore"',
  ]
  static override strict = false
  static override args = { bundle: collectionArg, acus: acusArg }
  static override flags = {
    ...addingFlags,
    memory: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'MEMORY',
      description: 'a memory that you keep',
    }),
    notebook: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NOTEBOOK',
      description: 'a whole notebook, as it is whenever the bundle is used',
    }),
  }

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(BundleAdd)
    const params = {
      bundle: args.bundle,
      ...addingParams(argv, flags),
      ...given('memories', flags.memory),
      ...given('notebooks', flags.notebook),
    }
    this.show(flags, await this.ask(flags, 'bundle.add', params), one => addedText(one, one.bundleId))
  }
}
