/** `vivim memory propose`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { memoriesText } from '../text/library.ts'

export default class MemoryPropose extends VivimCommand {
  static override summary =
    'Propose what an assistant had remembered about you, from a conversation that carries it.'
  static override description =
    'Exports of ChatGPT carry such lists in hidden messages. Nothing is kept before you accept it, and what was rejected is not proposed again.'
  static override examples = ['<%= config.bin %> <%= command.id %> k7x2']
  static override args = {
    conversation: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryPropose)
    const result = await this.ask(flags, 'memory.propose', { conversation: args.conversation })
    this.show(flags, result, ({ proposed }) =>
      proposed.length === 0
        ? 'Nothing new was found in it.'
        : `${memoriesText(proposed)}\nKeep one with \`vivim memory accept ID\`, turn it down with \`vivim memory reject ID\`.`,
    )
  }
}
