/** `vivim status` where the quick way did not take it: unusual flags, help. */
import { VivimCommand } from './base.ts'
import { statusText } from './text/status.ts'

export default class Status extends VivimCommand {
  static override summary = 'Show the state of daemon, identity, network, queue and storage, with warnings.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'For scripts:', command: '<%= config.bin %> <%= command.id %> --json' },
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(Status)
    this.show(flags, await this.ask(flags, 'system.status', {}), statusText)
  }
}
