/** `vivim conversation search`. */
import { Args, Flags } from '@oclif/core'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { style } from '../text/style.ts'

export default class ConversationSearch extends VivimCommand {
  static override summary = 'Search the text of your conversations and of what you opened from the inbox.'
  static override description = 'All words must be found; the last one may be the beginning of a word.'
  static override examples = ['<%= config.bin %> <%= command.id %> "sourdough starter"']
  static override args = { query: Args.string({ required: true, description: 'words to look for' }) }
  static override flags = {
    limit: Flags.integer({ min: 1, max: 200, default: 20, description: 'how many hits at most' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConversationSearch)
    const result = await this.ask(flags, 'conversation.search', { query: args.query, limit: flags.limit })
    this.show(flags, result, ({ hits }) =>
      hits.length === 0
        ? 'Nothing was found.'
        : hits
            .map(hit =>
              [
                `${style.dim(hit.conversationId.slice(0, 10))}  ${style.bold(visibleLine(hit.title ?? '(untitled)'))}`,
                `  ${visibleText(hit.snippet).replaceAll('\n', ' ')}`,
              ].join('\n'),
            )
            .join('\n'),
    )
  }
}
