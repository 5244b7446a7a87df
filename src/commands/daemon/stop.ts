/** `vivim daemon stop`. */
import { VivimCommand } from '../base.ts'
import { homeOf, namedSocket } from '../place.ts'
import { doorOf } from '../session-file.ts'
import { stopDaemon } from './process.ts'

export default class DaemonStop extends VivimCommand {
  static override summary = 'Stop the daemon cleanly and return when it is gone. For its operator.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(DaemonStop)
    this.refuseCapability(flags)
    const home = namedSocket(flags.socket) === null ? homeOf(flags.home) : null
    const changed = await stopDaemon({ ...doorOf(flags), as: flags.as, home }, flags.timeout)
    this.show(flags, { stopped: true, changed }, () =>
      changed ? 'vivimd stopped' : 'vivimd was not running',
    )
  }
}
