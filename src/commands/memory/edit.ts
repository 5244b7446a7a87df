/** `vivim memory edit`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { memoryChangedText } from '../text/library.ts'
import { kindFlag } from './kind.ts'

export default class MemoryEdit extends VivimCommand {
  static override summary = 'Change the words or the kind of a memory; the words before are gone.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz --text "I brew green tea at 75 °C"']
  static override args = {
    memory: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    text: Flags.string({ helpValue: 'T', description: 'the new words' }),
    kind: kindFlag({ description: 'the new kind' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryEdit)
    const result = await this.ask(flags, 'memory.edit', {
      memory: args.memory,
      ...given('text', flags.text),
      ...given('kind', flags.kind),
    })
    this.show(flags, result, memoryChangedText)
  }
}
