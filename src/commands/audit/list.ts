/** `vivim audit list`. */
import { Flags } from '@oclif/core'
import type { Result } from '../../core/contract/methods.ts'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { instant } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { table } from '../text/table.ts'

type Listed = Result<'audit.list'>
type Entry = Listed['entries'][number]

export default class AuditList extends VivimCommand {
  static override summary = 'Who did what by which right, the newest last. Ids only, no words.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --since 7d',
    '<%= config.bin %> <%= command.id %> --action share',
    '<%= config.bin %> <%= command.id %> --json --limit 1000',
  ]
  static override flags = {
    since: Flags.string({ helpValue: 'DURATION|TIME', description: 'only what is not older' }),
    action: Flags.string({
      helpValue: 'ACTION',
      description: 'only this one, such as share.create, or all of a noun, such as share',
    }),
    limit: Flags.integer({ min: 1, max: 1_000, default: 100, description: 'at most so many' }),
    cursor: Flags.string({ description: 'older ones: `next` of the page before' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditList)
    const result = await this.ask(flags, 'audit.list', {
      limit: flags.limit,
      ...given('since', flags.since),
      ...given('action', flags.action),
      ...given('cursor', flags.cursor),
    })
    this.show(flags, result, listText)
  }
}

function listText({ entries, next }: Listed): string {
  if (entries.length === 0) return 'Nothing is written.'
  const rows = entries.map(entry => [
    entry.seq,
    instant(entry.at),
    whoText(entry.who),
    entry.action + (entry.times > 1 ? ` × ${entry.times}` : ''),
    entry.outcome,
    entry.right,
    entry.targets.join(' '),
  ])
  const more = next === null ? [] : [style.dim(`older ones: --cursor ${next}`)]
  return [table(['#', 'at', 'who', 'action', 'outcome', 'by right of', 'targets'], rows), ...more].join('\n')
}

function whoText({ kind, id, name }: Entry['who']): string {
  if (kind === 'did') return id ?? kind
  return [kind, name, id?.slice(0, 12)].filter(part => part !== null && part !== undefined).join(' ')
}
