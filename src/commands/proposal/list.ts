/** `vivim proposal list`. */
import { Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { proposalsText } from './text.ts'

export default class ProposalList extends VivimCommand {
  static override summary = 'List what scripts asked you to share, newest first.'
  static override examples = ['<%= config.bin %> <%= command.id %> --state waiting']
  static override flags = {
    state: Flags.option({ options: ['waiting', 'approved', 'rejected', 'expired'] as const })({
      description: 'only those in this state',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ProposalList)
    this.show(
      flags,
      await this.ask(flags, 'proposal.list', { ...given('state', flags.state) }),
      ({ proposals }) => proposalsText(proposals),
    )
  }
}
