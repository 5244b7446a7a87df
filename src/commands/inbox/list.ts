/** `vivim inbox list`. */
import type { Result } from '../../core/contract/methods.ts'
import { hasCode } from '../../core/kernel/errors.ts'
import { durationFlag, VivimCommand } from '../base.ts'
import { nameOf } from '../contact/text.ts'
import { reportFailure } from '../failure.ts'
import { fromNow } from '../text/amounts.ts'
import { table } from '../text/table.ts'

/** What the way to the daemon and back may take beyond the wait itself. */
const SLACK_MS = 10_000

export default class InboxList extends VivimCommand {
  static override summary = 'List what others shared with you.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Wait for something new:', command: '<%= config.bin %> <%= command.id %> --wait 30s' },
  ]
  static override flags = {
    wait: durationFlag({ description: 'return when something new is there; exit 75 when nothing came' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(InboxList)
    const client = await this.connect(flags)
    try {
      const wait = flags.wait === undefined ? {} : { waitMs: flags.wait }
      const timeoutMs = flags.timeout ?? (flags.wait === undefined ? undefined : flags.wait + SLACK_MS)
      this.show(flags, await client.call('inbox.list', wait, { timeoutMs }), inboxText)
    } catch (error) {
      if (!hasCode(error, 'inbox/nothing-new')) throw error
      this.show(flags, await client.call('inbox.list', {}), inboxText)
      reportFailure(error, flags.json)
    } finally {
      client.close()
    }
  }
}

const inboxText = ({ items }: Result<'inbox.list'>): string =>
  items.length === 0
    ? 'The inbox is empty.'
    : table(
        ['share', 'state', 'from', 'received', 'expires', 'title'],
        items.map(item => [
          item.shareId.slice(0, 10),
          item.state,
          fromText(item),
          fromNow(item.receivedAt),
          fromNow(item.expiresAt),
          item.title ?? '(untitled)',
        ]),
      )

/** Who sent it and, where they passed on somebody else's words, whose. */
const fromText = ({ from, owner }: Result<'inbox.list'>['items'][number]): string =>
  [
    nameOf(from),
    ...(from.state === 'stranger' ? ['(stranger)'] : []),
    ...(from.did === owner.did ? [] : [`passes on ${nameOf(owner)}`]),
  ].join(' ')
