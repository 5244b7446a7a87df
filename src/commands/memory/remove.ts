/** `vivim memory remove`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class MemoryRemove extends VivimCommand {
  static override summary = 'Delete a memory, also from the bundles that hold it. This cannot be undone.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    memory: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryRemove)
    this.show(
      flags,
      await this.ask(flags, 'memory.remove', { memory: args.memory }),
      ({ memoryId }) => `Deleted ${memoryId}.`,
    )
  }
}
