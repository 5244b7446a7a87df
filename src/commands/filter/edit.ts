/** What `filter deny` and `filter allow` share: reading the entries, one call, one answer. */
import type { Params, Result } from '../../core/contract/methods.ts'
import { type CommonFlags, VivimCommand } from '../base.ts'
import { count } from '../text/amounts.ts'
import { entriesFrom, inPieces } from './entries.ts'

interface Given {
  text: string | undefined
  file: string | undefined
  list: 'deny' | 'allow'
}

export abstract class FilterEdit extends VivimCommand {
  protected async addEntries(
    flags: CommonFlags,
    { text, file, list }: Given,
    severity?: Params<'filter.add'>['severity'],
  ): Promise<void> {
    const texts = await entriesFrom(text, file, this.canAsk(flags))
    const client = await this.connect(flags)
    try {
      const result = await inPieces<Result<'filter.add'>>(
        client,
        texts,
        (one, some) =>
          one.call('filter.add', { list, texts: some, ...(severity === undefined ? {} : { severity }) }),
        (before, after) => ({
          ...after,
          added: before.added + after.added,
          changed: before.changed || after.changed,
        }),
      )
      this.show(flags, result, ({ added, entries, changed }) =>
        changed
          ? `Added ${count(added, 'entry', 'entries')}; the ${list} list has ${entries} now.`
          : 'It was there already.',
      )
    } finally {
      client.close()
    }
  }

  protected async removeEntries(flags: CommonFlags, { text, file, list }: Given): Promise<void> {
    const texts = await entriesFrom(text, file, this.canAsk(flags))
    const client = await this.connect(flags)
    try {
      const result = await inPieces<Result<'filter.remove'>>(
        client,
        texts,
        (one, some) => one.call('filter.remove', { list, texts: some }),
        (before, after) => ({
          ...after,
          removed: before.removed + after.removed,
          changed: before.changed || after.changed,
        }),
      )
      this.show(flags, result, ({ removed, entries, changed }) =>
        changed
          ? `Removed ${count(removed, 'entry', 'entries')}; the ${list} list has ${entries} now.`
          : 'It was not there.',
      )
    } finally {
      client.close()
    }
  }
}
