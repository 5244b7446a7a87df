/** `vivim inbox reshare`. */
import { Args, Flags } from '@oclif/core'
import type { Result } from '../../core/contract/methods.ts'
import { systemClock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import { VivimCommand } from '../base.ts'
import { nameOf } from '../contact/text.ts'
import { reportFailure } from '../failure.ts'
import { given } from '../share/terms.ts'
import { instant } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { facts, table } from '../text/table.ts'

/** How long `--wait` waits unless --timeout says. */
const WAIT_MS = 30_000
/** What the way to the daemon and back may take beyond the wait itself. */
const SLACK_MS = 10_000

type Reshared = Result<'inbox.reshare'>

export default class InboxReshare extends VivimCommand {
  static override summary = 'Pass on what was shared with you, where its owner allowed that.'
  static override description =
    'Who gets it may do no more with it, and for no longer, than you. The owner is told to whom it went and on which terms, ' +
    'and ends it everywhere by taking it back.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> q3fz --to carol',
    '<%= config.bin %> <%= command.id %> q3fz --to carol --allow view --expires 7d --wait acknowledged',
  ]
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    to: Flags.string({
      required: true,
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'CONTACT',
      description: 'alias, DID or its beginning',
    }),
    allow: Flags.option({
      options: ['view', 'quote', 'annotate', 'remix', 'reshare'] as const,
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    })({ description: 'what they may do [default: what you may, without reshare]' }),
    expires: Flags.string({
      helpValue: 'TIME',
      description: 'a time, a duration, or never [default: as long as you hold it]',
    }),
    note: Flags.string({ helpValue: 'T', description: 'a word to them, from you' }),
    wait: Flags.option({ options: ['queued', 'acknowledged'] as const, default: 'queued' })({
      description: 'return when it came so far; exit 75 when --timeout [default: 30s] ran out',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InboxReshare)
    if (flags.expires !== undefined) parseInstant(flags.expires, systemClock.nowMs())
    const client = await this.connect(flags)
    try {
      const waitMs = flags.timeout ?? WAIT_MS
      const reshared = await client.call(
        'inbox.reshare',
        {
          share: args.share,
          to: flags.to,
          ...given('allow', flags.allow),
          ...given('expires', flags.expires),
          ...given('note', flags.note),
          wait: flags.wait,
          waitMs,
        },
        { timeoutMs: waitMs + SLACK_MS },
      )
      this.show(flags, reshared, resharedText)
      const { recipients, shareId } = reshared
      if (flags.wait === 'acknowledged' && !recipients.every(({ state }) => state === 'acknowledged'))
        reportFailure(new VivimError('share/not-final', 'not everybody has it yet', { shareId }), flags.json)
    } finally {
      client.close()
    }
  }
}

const resharedText = (one: Reshared): string =>
  [
    `${one.changed ? 'Passed on' : 'Passed on before, on the same terms'}: ${style.bold(one.shareId)} of ${nameOf(one.owner)}.`,
    facts([
      ['allows', one.permissions.join(', ')],
      ['expires', instant(one.expiresAt)],
    ]),
    table(
      ['to', 'state'],
      one.recipients.map(person => [nameOf(person), person.state]),
    ),
    style.dim('The owner is told to whom it went, and can take it back from everybody.'),
  ].join('\n')
