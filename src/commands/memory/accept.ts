/** `vivim memory accept`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { memoryChangedText } from '../text/library.ts'

export default class MemoryAccept extends VivimCommand {
  static override summary = 'Keep a memory that was proposed, or one that you rejected.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = {
    memory: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryAccept)
    this.show(flags, await this.ask(flags, 'memory.accept', { memory: args.memory }), memoryChangedText)
  }
}
