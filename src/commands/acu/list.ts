/** `vivim acu list`. */
import { Args, Flags } from '@oclif/core'
import { ACU_KINDS } from '../../core/model/library.ts'
import { visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { ACU_SHOWN } from '../text/library.ts'
import { style } from '../text/style.ts'

export default class AcuList extends VivimCommand {
  static override summary =
    'List the units of a conversation: paragraphs, code, tables, lists, questions with answers.'
  static override description =
    'A unit (ACU) is what stands alone; its id stays the same when the conversation is imported again. Units are what `share --acu`, notebooks and bundles take.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2',
    '<%= config.bin %> <%= command.id %> k7x2 --kind code --json',
  ]
  static override args = {
    conversation: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    kind: Flags.option({ options: ACU_KINDS })({
      description: 'only these',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AcuList)
    const result = await this.ask(flags, 'acu.list', {
      conversation: args.conversation,
      ...given('kind', flags.kind),
    })
    this.show(flags, result, ({ acus }) =>
      acus.length === 0
        ? 'It has no units.'
        : acus
            .map(one =>
              [
                `${style.dim(one.id.slice(0, ACU_SHOWN))}  ${style.bold(`#${one.messageIndex} ${one.role} · ${one.kind}`)}`,
                visibleText(one.text),
              ].join('\n'),
            )
            .join('\n\n'),
    )
  }
}
