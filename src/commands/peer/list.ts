/** `vivim peer list`. */
import { VivimCommand } from '../base.ts'
import { table } from '../text/table.ts'

export default class PeerList extends VivimCommand {
  static override summary = 'List the connected peers.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(PeerList)
    this.show(flags, await this.ask(flags, 'peer.list', {}), ({ peers }) =>
      peers.length === 0
        ? 'No peer is connected.'
        : table(
            ['peer', 'direction', 'latency', 'person', 'addresses'],
            peers.map(peer => [
              peer.peerId,
              peer.direction,
              peer.latencyMs === null ? null : `${Math.round(peer.latencyMs)} ms`,
              peer.did,
              peer.addrs.join(' '),
            ]),
          ),
    )
  }
}
