/** `vivim share propose`. */
import { Flags } from '@oclif/core'
import { systemClock } from '../../core/kernel/env.ts'
import { VivimCommand } from '../base.ts'
import { instant } from '../text/amounts.ts'
import {
  given,
  termsFlags,
  termsParams,
  whatArgs,
  whatFlags,
  whatParams,
  whoFlags,
  whoParams,
} from './terms.ts'

export default class SharePropose extends VivimCommand {
  static override summary = 'Ask the user of this node to share something: it waits until they approve it.'
  static override description =
    'For scripts and agents with a capability for share.propose, and nothing more. The same proposal again is the one that waits.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2 --circle team --capability script.token --json',
    '<%= config.bin %> <%= command.id %> k7x2 --messages 3-9 --to bob --keep-for 2d',
  ]
  static override args = whatArgs
  static override flags = {
    ...whatFlags,
    ...whoFlags,
    ...termsFlags,
    'on-findings': Flags.option({ options: ['block', 'redact'] as const })({
      helpGroup: 'FINDINGS',
      description: 'what to do with secrets and personal data [default: block secrets, redact personal data]',
    }),
    'keep-for': Flags.string({ helpValue: 'DURATION', description: 'how long it waits [default: 7d]' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SharePropose)
    const result = await this.ask(flags, 'share.propose', {
      ...whatParams(args.conversation, flags),
      ...whoParams(flags),
      ...termsParams(flags, systemClock.nowMs()),
      ...given('onFindings', flags['on-findings']),
      ...given('keepFor', flags['keep-for']),
    })
    this.show(flags, result, ({ proposalId, expiresAt, changed }) =>
      changed
        ? `Proposed: ${proposalId} waits for an answer; it ends ${instant(expiresAt)}.`
        : `${proposalId} waits already.`,
    )
  }
}
