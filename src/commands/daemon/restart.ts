/** `vivim daemon restart`. */
import { VivimCommand } from '../base.ts'
import { homeOf } from '../place.ts'
import { doorOf } from '../session-file.ts'
import { startDaemon, stopDaemon } from './process.ts'
import { daemonText } from './text.ts'

export default class DaemonRestart extends VivimCommand {
  static override summary = 'Stop the daemon if it runs, and start it again.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(DaemonRestart)
    this.refuseCapability(flags)
    this.refuseSocket(flags)
    const home = homeOf(flags.home)
    await stopDaemon({ ...doorOf(flags), as: flags.as, home }, flags.timeout)
    this.show(flags, await startDaemon(home, this.config.root, flags.timeout), daemonText)
  }
}
