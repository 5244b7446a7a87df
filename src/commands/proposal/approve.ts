/** `vivim proposal approve`. */
import { Flags } from '@oclif/core'
import { VivimCommand, yesFlag } from '../base.ts'
import { findingsFlag, given } from '../share/terms.ts'
import { createdText } from '../share/text.ts'
import { proposalArgs } from './show.ts'

/** What sealing a large conversation may take. */
const TIMEOUT_MS = 150_000

export default class ProposalApprove extends VivimCommand {
  static override summary = 'Look at exactly what would leave, and share it as it was proposed.'
  static override description =
    'On a terminal it shows what `share create` would show, and shares only what it showed; --yes skips that. Findings stop it as they stop `share create`.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> q3fz',
    '<%= config.bin %> <%= command.id %> q3fz --yes --expect-digest 4f1c…',
  ]
  static override args = proposalArgs
  static override flags = {
    ...findingsFlag,
    ...yesFlag,
    'expect-digest': Flags.string({ helpValue: 'D', description: 'refuse unless this is what would leave' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProposalApprove)
    const findings = given('onFindings', flags['on-findings'])
    const isAsking = this.isToAsk(flags)
    const client = await this.connect(flags)
    try {
      const proposal = await client.call('proposal.show', { proposal: args.proposal })
      let expectDigest = flags['expect-digest']
      if (isAsking && proposal.state === 'waiting') {
        const { askApproval } = await import('./dialog.tsx')
        const preview = await client.call('proposal.preview', { proposal: proposal.proposalId, ...findings })
        if (!(await askApproval(proposal, preview))) {
          this.show(flags, null, () => 'Nothing was shared; the proposal goes on waiting.')
          return
        }
        expectDigest ??= preview.digest
      }
      const result = await client.call(
        'proposal.approve',
        { proposal: proposal.proposalId, ...given('expectDigest', expectDigest), ...findings },
        { timeoutMs: flags.timeout ?? TIMEOUT_MS },
      )
      this.show(flags, result, ({ proposalId, share, shareId }) =>
        share === null ? `${proposalId} was approved before, as ${shareId}.` : createdText(share),
      )
    } finally {
      client.close()
    }
  }
}
