/** `vivim proposal show`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { proposalText } from './text.ts'

export const proposalArgs = {
  proposal: Args.string({ required: true, description: 'its id, or the beginning of it' }),
}

export default class ProposalShow extends VivimCommand {
  static override summary = 'Show one proposal: by whom, what, for whom, and how it stands.'
  static override description =
    'Whoever proposed it may ask with the same token, and learns only how it stands. `proposal approve` shows the text itself.'
  static override examples = ['<%= config.bin %> <%= command.id %> q3fz']
  static override args = proposalArgs

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProposalShow)
    this.show(flags, await this.ask(flags, 'proposal.show', { proposal: args.proposal }), proposalText)
  }
}
