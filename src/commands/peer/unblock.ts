/** `vivim peer unblock`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class PeerUnblock extends VivimCommand {
  static override summary = 'Allow a blocked peer again.'
  static override examples = ['<%= config.bin %> <%= command.id %> 12D3KooW…']
  static override args = { peer: Args.string({ required: true, description: 'a peer id' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PeerUnblock)
    const result = await this.ask(flags, 'peer.unblock', { peer: args.peer })
    this.show(
      flags,
      result,
      ({ peerId, changed }) => `${changed ? 'Unblocked' : 'Was not blocked:'} ${visibleLine(peerId)}`,
    )
  }
}
