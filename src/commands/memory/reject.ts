/** `vivim memory reject`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { memoryChangedText } from '../text/library.ts'

export default class MemoryReject extends VivimCommand {
  static override summary = 'Turn a memory down: it is not proposed again, and leaves with no bundle.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    memory: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryReject)
    this.show(flags, await this.ask(flags, 'memory.reject', { memory: args.memory }), memoryChangedText)
  }
}
