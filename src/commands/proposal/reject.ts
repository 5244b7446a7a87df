/** `vivim proposal reject`. */
import { VivimCommand } from '../base.ts'
import { proposalArgs } from './show.ts'

export default class ProposalReject extends VivimCommand {
  static override summary = 'Turn a proposal down; nothing leaves.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = proposalArgs

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProposalReject)
    const result = await this.ask(flags, 'proposal.reject', { proposal: args.proposal })
    this.show(flags, result, ({ proposalId, changed }) =>
      changed ? `Turned ${proposalId} down.` : `${proposalId} was turned down before.`,
    )
  }
}
