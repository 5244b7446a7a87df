/** `vivim scan`. */
import { Args, Flags } from '@oclif/core'
import type { Client } from '../core/client/client.ts'
import type { Result } from '../core/contract/methods.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { type CommonFlags, VivimCommand, yesFlag } from './base.ts'
import { asVivimError, reportFailure } from './failure.ts'
import { askChoice } from './input/choice.ts'
import { makeScanProgress } from './scan/progress.ts'
import { conversationText, shareText } from './scan/text.ts'
import { given } from './share/terms.ts'
import { CANNOT_UNREAD } from './share/text.ts'
import { count } from './text/amounts.ts'

type Severity = 'secret' | 'personal' | undefined
type Conversation = Result<'scan.conversations'>['conversations'][number]
type Share = Result<'scan.shares'>['shares'][number]
type Action = 'none' | 'revoked' | 'reissued' | 'failed'
type ActedOn = Share & { action: Action; newShareId: string | null }

interface Totals {
  scanned: number
  messages: number
  secrets: number
  personal: number
  notScanned: number
  rules: string
}

const PAGE_TIMEOUT_MS = 600_000

export default class Scan extends VivimCommand {
  static override summary = 'Look over what you have, or what you have shared, with the rules of today.'
  static override description =
    'Without an argument over all your conversations, whole: hidden messages, other branches, tools and attached texts too. With --shares over your live shares; on a terminal it asks for each with findings whether to take it back or to replace it by a redacted one.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> k7x2 --severity secret --json',
    '<%= config.bin %> <%= command.id %> --shares',
    '<%= config.bin %> <%= command.id %> --shares --reissue --yes',
  ]
  static override args = {
    what: Args.string({
      description: 'one conversation, or with --shares one share: its id, or the beginning of it',
    }),
  }
  static override flags = {
    shares: Flags.boolean({ description: 'look over live shares instead of conversations' }),
    severity: Flags.option({ options: ['secret', 'personal'] as const })({
      description: 'tell only of these',
    }),
    revoke: Flags.boolean({
      dependsOn: ['shares'],
      exclusive: ['reissue'],
      description: 'take back what holds findings',
    }),
    reissue: Flags.boolean({
      dependsOn: ['shares'],
      description: 'replace it: same text redacted, same audience, same terms',
    }),
    ...yesFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Scan)
    const isActing = flags.revoke || flags.reissue
    if (flags.yes && !isActing)
      throw new VivimError('usage/invalid', '--yes says nothing without --revoke or --reissue')
    if (isActing) this.isToAsk(flags)
    const client = await this.connect(flags)
    try {
      if (!flags.shares) {
        await this.scanConversations(client, flags, args.what, flags.severity)
        return
      }
      const wanted = flags.revoke
        ? 'revoke'
        : flags.reissue
          ? 'reissue'
          : !flags.json && this.canAsk(flags)
            ? 'ask'
            : 'tell'
      await this.scanShares(client, flags, args.what, flags.severity, wanted, flags.yes)
    } finally {
      client.close()
    }
  }

  private async scanConversations(
    client: Client,
    flags: CommonFlags,
    one: string | undefined,
    severity: Severity,
  ): Promise<void> {
    const left = timeLeft(flags.timeout)
    const progress = makeScanProgress('conversation', flags.quiet || flags.json)
    const found: Conversation[] = []
    const totals = noTotals()
    let cursor: string | undefined
    do {
      const page = await client.call(
        'scan.conversations',
        { ...given('conversation', one), ...given('severity', severity), ...given('cursor', cursor) },
        { timeoutMs: left() },
      )
      progress.clear()
      for (const conversation of page.conversations) {
        if (flags.json) found.push(conversation)
        else this.show(flags, conversation, conversationText)
      }
      addPage(totals, page, page.conversations)
      progress.at(totals.scanned, page.total, totals.messages)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    progress.clear()
    this.show(flags, { conversations: found, ...totals }, () => totalsText(totals, 'conversation'))
  }

  private async scanShares(
    client: Client,
    flags: CommonFlags,
    one: string | undefined,
    severity: Severity,
    wanted: 'revoke' | 'reissue' | 'ask' | 'tell',
    isSure: boolean,
  ): Promise<void> {
    const left = timeLeft(flags.timeout)
    const progress = makeScanProgress('share', flags.quiet || flags.json)
    const found: ActedOn[] = []
    const totals = noTotals()
    let failure: VivimError | null = null
    let cursor: string | undefined
    do {
      const page = await client.call(
        'scan.shares',
        { ...given('share', one), ...given('severity', severity), ...given('cursor', cursor) },
        { timeoutMs: left() },
      )
      progress.clear()
      for (const share of page.shares) {
        if (!flags.json) this.show(flags, share, shareText)
        const todo = share.secrets + share.personal === 0 ? 'leave' : await this.decide(wanted, isSure)
        try {
          const done = await act(client, share, todo)
          if (flags.json) found.push({ ...share, ...done })
          else this.show(flags, done, actionText)
        } catch (error) {
          failure ??= asVivimError(error)
          if (flags.json) found.push({ ...share, action: 'failed', newShareId: null })
          else
            this.remark(flags, `${share.shareId.slice(0, 10)} stays as it is: ${asVivimError(error).message}`)
        }
      }
      addPage(totals, page, page.shares)
      progress.at(totals.scanned, page.total, totals.messages)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    progress.clear()
    this.show(flags, { shares: found, ...totals }, () => totalsText(totals, 'share'))
    if (failure !== null) reportFailure(failure, flags.json)
  }

  private async decide(
    wanted: 'revoke' | 'reissue' | 'ask' | 'tell',
    isSure: boolean,
  ): Promise<'revoke' | 'reissue' | 'leave'> {
    if (wanted === 'tell') return 'leave'
    if (wanted === 'ask')
      return askChoice('Take it back (r), replace it by a redacted one (i), or leave it (l)? ', {
        r: 'revoke',
        i: 'reissue',
        l: 'leave',
      })
    if (isSure) return wanted
    return askChoice(`${wanted === 'revoke' ? 'Take it back' : 'Replace it by a redacted one'} (y/n)? `, {
      y: wanted,
      n: 'leave',
    })
  }
}

async function act(
  client: Client,
  { shareId: share }: Share,
  todo: 'revoke' | 'reissue' | 'leave',
): Promise<{ action: Action; newShareId: string | null }> {
  if (todo === 'leave') return { action: 'none', newShareId: null }
  if (todo === 'revoke') {
    await client.call('share.revoke', { share, reason: 'found by scan' })
    return { action: 'revoked', newShareId: null }
  }
  const { shareId, changed } = await client.call('share.reissue', { share })
  return changed ? { action: 'reissued', newShareId: shareId } : { action: 'none', newShareId: null }
}

const actionText = ({ action, newShareId }: { action: Action; newShareId: string | null }): string =>
  action === 'revoked'
    ? `Took it back. ${CANNOT_UNREAD}\n`
    : action === 'reissued'
      ? `Took it back; ${newShareId} goes out in its place. ${CANNOT_UNREAD}\n`
      : ''

/** How long the next page may take: what is left of --timeout, which counts for all of them. */
function timeLeft(timeoutMs: number | undefined): () => number {
  const began = performance.now()
  return () =>
    timeoutMs === undefined ? PAGE_TIMEOUT_MS : Math.max(1, timeoutMs - (performance.now() - began))
}

const noTotals = (): Totals => ({
  scanned: 0,
  messages: 0,
  secrets: 0,
  personal: 0,
  notScanned: 0,
  rules: '',
})

function addPage(
  totals: Totals,
  page: { scanned: number; messages: number; notScanned: number; rules: string },
  items: readonly { secrets: number; personal: number }[],
): void {
  totals.scanned += page.scanned
  totals.messages += page.messages
  totals.notScanned += page.notScanned
  totals.rules = page.rules
  for (const { secrets, personal } of items) {
    totals.secrets += secrets
    totals.personal += personal
  }
}

const totalsText = (totals: Totals, what: 'conversation' | 'share'): string => {
  const { scanned, messages, secrets, personal, notScanned } = totals
  const found =
    secrets + personal === 0
      ? 'nothing was found'
      : `${count(secrets, 'secret')}, ${count(personal, 'piece of personal data', 'pieces of personal data')}`
  const rest =
    notScanned === 0
      ? ''
      : ` Not looked into: ${count(notScanned, 'file that is no text', 'files that are no text')}.`
  return `Looked over ${count(scanned, what)} with ${count(messages, 'message')}: ${found}.${rest}`
}
