/** `vivim share create`. */
import { Flags, type Interfaces } from '@oclif/core'
import type { Params, Result } from '../../core/contract/methods.ts'
import { systemClock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type CommonFlags, VivimCommand, yesFlag } from '../base.ts'
import { reportFailure } from '../failure.ts'
import {
  findingsFlag,
  given,
  termsFlags,
  termsParams,
  whatArgs,
  whatFlags,
  whatParams,
  whoFlags,
  whoParams,
} from './terms.ts'
import { createdText } from './text.ts'

/** How long `--wait` waits unless --timeout says. */
const WAIT_MS = 30_000
/** What sealing a large conversation may take beyond the wait. */
const SLACK_MS = 120_000

/** Who, how, when and what then: whatever is shared. */
export const sharingFlags = {
  ...whoFlags,
  ...termsFlags,
  ...findingsFlag,
  ...yesFlag,
  'expect-digest': Flags.string({ helpValue: 'D', description: 'refuse unless this is what would leave' }),
  wait: Flags.option({ options: ['queued', 'published', 'acknowledged'] as const, default: 'queued' })({
    description: 'return when it came so far; exit 75 when --timeout [default: 30s] ran out',
  }),
  again: Flags.boolean({ description: 'make another one also where the same share is alive' }),
  key: Flags.string({ helpValue: 'K', description: 'makes a retry safe: one key, one share' }),
}

/** What `share create`, `notebook share` and `bundle share` have in common: the one call of `share.create`. */
export abstract class SharingCommand extends VivimCommand {
  protected async shareThat(
    what: ReturnType<typeof whatParams>,
    flags: CommonFlags & Interfaces.InferredFlags<typeof sharingFlags>,
  ): Promise<void> {
    const params: Params<'share.create'> = {
      ...what,
      ...whoParams(flags),
      ...termsParams(flags, systemClock.nowMs()),
      ...given('onFindings', flags['on-findings']),
      ...given('expectDigest', flags['expect-digest']),
      ...given('key', flags.key),
      wait: flags.wait,
      waitMs: flags.timeout ?? WAIT_MS,
      again: flags.again,
    }
    const isAsking = this.isToAsk(flags)
    const client = await this.connect(flags)
    try {
      const decided = isAsking ? await (await import('./dialog.tsx')).askShare(client, params) : params
      if (decided === null) {
        this.show(flags, null, () => 'Nothing was shared.')
        return
      }
      const created = await client.call('share.create', decided, {
        timeoutMs: (flags.timeout ?? WAIT_MS) + SLACK_MS,
      })
      this.show(flags, created, createdText)
      if (!hasCome(created, flags.wait)) reportFailure(notYet(created, flags.wait), flags.json)
    } finally {
      client.close()
    }
  }
}

export default class ShareCreate extends SharingCommand {
  static override summary = 'Seal a conversation for an audience and queue it; it goes out by itself.'
  static override description =
    'On a terminal it asks for what is missing and shows what would leave before anything does; --yes skips both.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2',
    '<%= config.bin %> <%= command.id %> k7x2 --circle team --yes',
    '<%= config.bin %> <%= command.id %> k7x2 --to bob --messages 3-9 --expires 7d --yes --wait acknowledged',
    '<%= config.bin %> <%= command.id %> k7x2 --acu k7x2mnqpa4bc --to bob --yes',
    {
      description: 'Only if it is still what a preview showed:',
      command: '<%= config.bin %> <%= command.id %> k7x2 --to bob --yes --expect-digest 4f1c…',
    },
  ]
  static override args = whatArgs
  static override flags = {
    ...whatFlags,
    ...sharingFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareCreate)
    await this.shareThat(whatParams(args.conversation, flags), flags)
  }
}

/** Whether a share came as far as `--wait` asked. */
function hasCome({ state, recipients }: Result<'share.create'>, wait: string): boolean {
  if (wait === 'acknowledged') return recipients.total > 0 && recipients.acknowledged === recipients.total
  if (wait === 'published') return state === 'published' || recipients.acknowledged > 0
  return true
}

const notYet = ({ shareId, state }: Result<'share.create'>, wait: string): VivimError =>
  new VivimError('share/not-final', `the share is ${state}, not ${wait} yet`, { shareId, state })
