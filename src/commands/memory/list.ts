/** `vivim memory list`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { memoriesText } from '../text/library.ts'
import { kindFlag } from './kind.ts'

export default class MemoryList extends VivimCommand {
  static override summary = 'List memories, newest first, or look for words in them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --kind preference --query tea',
    '<%= config.bin %> <%= command.id %> --state rejected',
  ]
  static override flags = {
    kind: kindFlag({ description: 'only of this kind' }),
    state: Flags.option({ options: ['proposed', 'kept', 'rejected'] as const })({
      description: 'only in this state [default: proposed and kept]',
    }),
    query: Flags.string({ helpValue: 'Q', description: 'only those in which all these words stand' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(MemoryList)
    const result = await this.ask(flags, 'memory.list', {
      ...given('kind', flags.kind),
      ...given('state', flags.state),
      ...given('query', flags.query),
    })
    this.show(flags, result, ({ memories }) =>
      memories.length === 0
        ? 'No memory is here: keep one with `vivim memory add TEXT`.'
        : memoriesText(memories),
    )
  }
}
