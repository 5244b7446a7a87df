/** `vivim capability revoke`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class CapabilityRevoke extends VivimCommand {
  static override summary = 'Take a right back at once, with all that was made from it.'
  static override description =
    'Works also while the keystore is locked. `capability revoke node` makes this node answer only while it is unlocked.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> script',
    '<%= config.bin %> <%= command.id %> node',
  ]
  static override args = {
    capability: Args.string({
      required: true,
      description: 'its name, its id, or the beginning or end of it',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CapabilityRevoke)
    const result = await this.ask(flags, 'capability.revoke', { capability: args.capability })
    this.show(flags, result, ({ capabilityId, changed }) =>
      changed ? `Took ${capabilityId} back.` : `${capabilityId} was taken back before.`,
    )
  }
}
