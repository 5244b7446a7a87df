/** `vivim memory show`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { memoryText } from '../text/library.ts'

export default class MemoryShow extends VivimCommand {
  static override summary = 'Show one memory and where it comes from.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    memory: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryShow)
    this.show(flags, await this.ask(flags, 'memory.show', { memory: args.memory }), memoryText)
  }
}
