/** `vivim capability list`. */
import { VivimCommand } from '../base.ts'
import { capabilitiesText } from './text.ts'

export default class CapabilityList extends VivimCommand {
  static override summary =
    'List the rights that you gave, newest first, with uses and state, and what this node may do.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(CapabilityList)
    this.show(flags, await this.ask(flags, 'capability.list', {}), ({ capabilities }) =>
      capabilitiesText(capabilities),
    )
  }
}
