/** `vivim daemon start`. */
import { VivimCommand } from '../base.ts'
import { homeOf } from '../place.ts'
import { startDaemon } from './process.ts'
import { daemonText } from './text.ts'

export default class DaemonStart extends VivimCommand {
  static override summary = 'Start the daemon in the background and return when it is ready.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --home /srv/vivim/alice --json',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(DaemonStart)
    this.refuseCapability(flags)
    this.refuseSocket(flags)
    const state = await startDaemon(homeOf(flags.home), this.config.root, flags.timeout)
    this.show(flags, state, daemonText)
  }
}
