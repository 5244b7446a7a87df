/** `vivim memory add`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { memoryChangedText } from '../text/library.ts'
import { kindFlag } from './kind.ts'

export default class MemoryAdd extends VivimCommand {
  static override summary =
    'Keep a short statement, of your own or from a conversation. It leaves only in a bundle that you share.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> "I brew green tea at 80 °C" --kind preference',
    '<%= config.bin %> <%= command.id %> "Mei grows oolong" --kind relationship --acu k7x2mnqpa4bcde',
  ]
  static override args = { text: Args.string({ required: true, description: 'up to 2,000 characters' }) }
  static override flags = {
    kind: kindFlag({ description: 'what sort it is [default: factual]' }),
    acu: Flags.string({
      helpValue: 'ID',
      exclusive: ['conversation'],
      description: 'the unit that it comes from',
    }),
    conversation: Flags.string({ helpValue: 'ID', description: 'the conversation that it comes from' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryAdd)
    const result = await this.ask(flags, 'memory.add', {
      text: args.text,
      ...given('kind', flags.kind),
      ...given('acu', flags.acu),
      ...given('conversation', flags.conversation),
    })
    this.show(flags, result, memoryChangedText)
  }
}
