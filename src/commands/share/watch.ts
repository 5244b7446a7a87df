/** `vivim share watch`. */
import { Args, Flags } from '@oclif/core'
import type { Result } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { localMinute } from '../text/amounts.ts'
import { given } from './terms.ts'

/** What one event tells; the contract leaves room for more. */
interface WatchEvent {
  at: string
  shareId: string
  event: string
  state: string
  did: string | null
  recipients: { total: number; acknowledged: number }
}

const ENDED = ['failed', 'expired', 'revoked', 'exhausted']

export default class ShareWatch extends VivimCommand {
  static override summary = 'Follow what happens to a share, or to all of yours, until interrupted.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> q3fz --until acknowledged --timeout 5m --json',
  ]
  static override args = { share: Args.string({ description: 'its id, or the beginning of it' }) }
  static override flags = {
    until: Flags.option({ options: ['acknowledged', 'published', 'ended'] as const })({
      description: 'return when the share came so far',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareWatch)
    const { until } = flags
    if (until !== undefined && args.share === undefined)
      throw new VivimError('usage/invalid', '--until needs a share to watch')
    const client = await this.connect(flags)
    const over = flags.timeout === undefined ? undefined : AbortSignal.timeout(flags.timeout)
    try {
      const events = client.subscribe('share.watch', given('share', args.share), over)
      const iterator = events[Symbol.asyncIterator]()
      // The subscription stands before the state is read, so that nothing falls between the two.
      let next = iterator.next()
      next.catch(() => {})
      if (until !== undefined && args.share !== undefined) {
        const share = await client.call('share.show', { share: args.share })
        if (hasCome(countsOf(share), until)) return
      }
      for (let event = await next; event.done !== true; event = await next) {
        this.show(flags, event.value as WatchEvent, eventText)
        if (until !== undefined && hasCome(event.value as WatchEvent, until)) return
        next = iterator.next()
      }
      throw new VivimError('rpc/timeout', 'the time to watch ran out')
    } finally {
      client.close()
    }
  }
}

type Standing = Pick<WatchEvent, 'state' | 'recipients'>

const countsOf = (share: Result<'share.show'>): Standing => ({
  state: share.state,
  recipients: {
    total: share.recipients.length,
    acknowledged: share.recipients.filter(one => one.state === 'acknowledged').length,
  },
})

function hasCome({ state, recipients }: Standing, until: 'acknowledged' | 'published' | 'ended'): boolean {
  if (until === 'ended') return ENDED.includes(state)
  if (until === 'published') return state === 'published'
  return recipients.total > 0 && recipients.acknowledged === recipients.total
}

const eventText = (event: WatchEvent): string => {
  const { acknowledged, total } = event.recipients
  const who = event.did === null ? '' : ` ${visibleLine(event.did)}`
  return `${localMinute(Date.parse(event.at))}  ${event.shareId.slice(0, 10)}  ${visibleLine(event.event)}${who}  ${event.state}  ${acknowledged}/${total}`
}
