/** `vivim acu show`. */
import { Args } from '@oclif/core'
import { visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { facts } from '../text/table.ts'

export default class AcuShow extends VivimCommand {
  static override summary = 'Show one unit with its place and its neighbours.'
  static override examples = ['<%= config.bin %> <%= command.id %> k7x2mnqpa4bcde']
  static override args = {
    acu: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AcuShow)
    this.show(flags, await this.ask(flags, 'acu.show', { acu: args.acu }), one =>
      [
        visibleText(one.text),
        '',
        facts([
          ['unit', one.id],
          ['kind', one.lang === null ? one.kind : `${one.kind} (${one.lang})`],
          ['from', one.title ?? '(untitled)'],
          ['conversation', one.conversationId],
          ['message', `#${one.messageIndex} ${one.role}`],
          ['before it', one.previous],
          ['behind it', one.next],
        ]),
      ].join('\n'),
    )
  }
}
