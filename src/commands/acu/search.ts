/** `vivim acu search`. */
import { Args, Flags } from '@oclif/core'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { ACU_SHOWN } from '../text/library.ts'
import { style } from '../text/style.ts'

export default class AcuSearch extends VivimCommand {
  static override summary =
    'Search as `conversation search` does, and show the unit in each message that was found.'
  static override examples = ['<%= config.bin %> <%= command.id %> "sourdough starter"']
  static override args = { query: Args.string({ required: true, description: 'words to look for' }) }
  static override flags = {
    limit: Flags.integer({ min: 1, max: 200, default: 20, description: 'how many hits at most' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AcuSearch)
    const result = await this.ask(flags, 'acu.search', { query: args.query, limit: flags.limit })
    this.show(flags, result, ({ hits }) =>
      hits.length === 0
        ? 'Nothing was found.'
        : hits
            .map(hit =>
              [
                `${style.dim(hit.id.slice(0, ACU_SHOWN))}  ${style.bold(visibleLine(hit.title ?? '(untitled)'))} ${style.dim(`#${hit.messageIndex} · ${hit.kind}`)}`,
                visibleText(hit.text),
              ].join('\n'),
            )
            .join('\n\n'),
    )
  }
}
