/** `vivim unlock`. */
import { Flags } from '@oclif/core'
import { hasCode } from '../core/kernel/errors.ts'
import { parseDuration } from '../core/model/time-text.ts'
import { VivimCommand } from './base.ts'
import { askSecret, secretFrom } from './input/secret.ts'
import { instant } from './text/amounts.ts'

export default class Unlock extends VivimCommand {
  static override summary = 'Unlock the keystore into the daemon, until it stops or for a while.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --for 12h',
    {
      description: 'From a password manager:',
      command: 'pass vivim | <%= config.bin %> <%= command.id %> --passphrase-file -',
    },
  ]
  static override flags = {
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      description: 'read the passphrase from a file, or from stdin with -',
    }),
    for: Flags.string({ helpValue: 'DURATION', description: 'lock again after so long' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Unlock)
    if (flags.for !== undefined) parseDuration(flags.for)
    const file = flags['passphrase-file']
    const client = await this.connect(flags)
    try {
      const lasting = flags.for === undefined ? {} : { for: flags.for }
      const unlock = (passphrase?: string) =>
        client.call('keystore.unlock', { ...(passphrase === undefined ? {} : { passphrase }), ...lasting })
      const given = file === undefined ? undefined : await secretFrom(file)
      const result = await unlock(given).catch(async error => {
        if (file !== undefined || !hasCode(error, 'usage/input-needed')) throw error
        if (!this.canAsk(flags)) throw this.inputNeeded('the passphrase', '--passphrase-file FILE')
        return unlock(await askSecret('Passphrase: '))
      })
      this.show(flags, result, ({ until, changed }) => {
        const end = until === null ? 'until the daemon stops' : `until ${instant(until)}`
        return `${changed ? 'Unlocked' : 'It was unlocked already'}, ${end}.`
      })
    } finally {
      client.close()
    }
  }
}
