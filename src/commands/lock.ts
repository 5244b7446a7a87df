/** `vivim lock`. */
import { VivimCommand } from './base.ts'

export default class Lock extends VivimCommand {
  static override summary = 'Make the daemon forget the unlocked keys.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(Lock)
    const result = await this.ask(flags, 'keystore.lock', {})
    this.show(flags, result, ({ unlocked, changed }) => {
      if (unlocked) return 'It stays unlocked: this keystore has no passphrase.'
      return changed ? 'Locked.' : 'It was locked already.'
    })
  }
}
