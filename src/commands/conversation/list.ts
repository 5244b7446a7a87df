/** `vivim conversation list`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { day } from '../text/amounts.ts'
import { table } from '../text/table.ts'

const NONE = 'No conversation is here: bring some in with `vivim import PATH`.'

export default class ConversationList extends VivimCommand {
  static override summary = 'List your conversations, newest first.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --provider chatgpt --query "tea ceremony" --limit 10',
  ]
  static override flags = {
    query: Flags.string({ helpValue: 'Q', description: 'only those in which this is found, as in a search' }),
    provider: Flags.string({ helpValue: 'P', description: 'chatgpt, claude.ai, claude-code, …' }),
    limit: Flags.integer({ min: 1, max: 1000, default: 50, description: 'how many at most' }),
    cursor: Flags.string({ helpValue: 'C', description: 'go on where the last list ended' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ConversationList)
    const result = await this.ask(flags, 'conversation.list', {
      limit: flags.limit,
      ...(flags.query === undefined ? {} : { query: flags.query }),
      ...(flags.provider === undefined ? {} : { provider: flags.provider }),
      ...(flags.cursor === undefined ? {} : { cursor: flags.cursor }),
    })
    const isNarrowed = flags.query || flags.provider || flags.cursor
    this.show(flags, result, ({ conversations, next }) => {
      if (conversations.length === 0) return isNarrowed ? 'None was found.' : NONE
      const rows = conversations.map(one => [
        one.id.slice(0, 10),
        day(one.updatedAt ?? one.createdAt),
        one.provider,
        one.messages,
        one.title ?? (one.opening === null ? '(untitled)' : `“${one.opening}”`),
      ])
      const more = next === null ? '' : `\nMore: --cursor ${next}`
      return table(['id', 'updated', 'from', 'messages', 'title'], rows) + more
    })
  }
}
