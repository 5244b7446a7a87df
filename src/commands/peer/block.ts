/** `vivim peer block`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class PeerBlock extends VivimCommand {
  static override summary = 'Cut a peer off and refuse it from now on.'
  static override examples = ['<%= config.bin %> <%= command.id %> 12D3KooW…']
  static override args = { peer: Args.string({ required: true, description: 'a peer id' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PeerBlock)
    const result = await this.ask(flags, 'peer.block', { peer: args.peer })
    this.show(
      flags,
      result,
      ({ peerId, changed }) => `${changed ? 'Blocked' : 'Was blocked already:'} ${visibleLine(peerId)}`,
    )
  }
}
