/** `vivim conversation search`. */
import { Args, Flags } from '@oclif/core'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { style } from '../text/style.ts'

export default class ConversationSearch extends VivimCommand {
  static override summary = 'Search the text of your conversations and of what you opened from the inbox.'
  static override description =
    `All words must be found; the last one may be the beginning of a word, and so may any that ends with *.
"several words" in quotes follow each other; -WORD must not be there; A OR B takes either.

  role:user          who said it: user, assistant, system or tool
  provider:chatgpt   where it came from; claude stands for claude.ai and claude-code
  after:2025-03-15   sent on that day or later; also a month, a year or a time, UTC
  before:2025-03     sent before that
  code:useEffect     in a code block; code:python finds blocks of that language

-role:, -provider: and -code: exclude. What stands in titles and in your questions comes first.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> "sourdough starter"',
    `<%= config.bin %> <%= command.id %> 'role:user after:2025 "connection refused" -docker'`,
  ]
  static override args = { query: Args.string({ required: true, description: 'what to look for' }) }
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
