/** `vivim daemon stop`. */
import { VivimCommand } from '../base.ts'
import { homeOf } from '../place.ts'
import { stopDaemon } from './process.ts'

export default class DaemonStop extends VivimCommand {
  static override summary = 'Stop the daemon cleanly and return when it is gone.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(DaemonStop)
    this.refuseCapability(flags)
    const changed = await stopDaemon(homeOf(flags.home), flags.timeout)
    this.show(flags, { stopped: true, changed }, () =>
      changed ? 'vivimd stopped' : 'vivimd was not running',
    )
  }
}
