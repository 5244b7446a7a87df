/** `vivim peer connect`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class PeerConnect extends VivimCommand {
  static override summary = 'Connect to a node by its address.'
  static override examples = ['<%= config.bin %> <%= command.id %> /ip4/192.0.2.1/tcp/4747/p2p/12D3KooW…']
  static override args = { address: Args.string({ required: true, description: 'a multiaddr' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PeerConnect)
    const result = await this.ask(flags, 'peer.connect', { address: args.address })
    this.show(
      flags,
      result,
      ({ peerId, changed }) =>
        `${changed ? 'Connected' : 'Was connected already'} to ${visibleLine(peerId)}.`,
    )
  }
}
