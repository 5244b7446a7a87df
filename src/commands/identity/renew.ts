/** `vivim identity renew`. */
import { VivimCommand } from '../base.ts'
import { instant } from '../text/amounts.ts'
import { recoveryFlags, recoveryFrom } from './recovery.ts'

export default class IdentityRenew extends VivimCommand {
  static override summary = 'Sign the next identity document with the recovery key.'
  static override description =
    'Once the recovery key has signed, after a recovery or a move, only it signs the next document; one lasts a year.'
  static override examples = ['<%= config.bin %> <%= command.id %> --recovery /media/stick/alice.vivim']
  static override flags = recoveryFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(IdentityRenew)
    const recovery = await recoveryFrom(flags, this.canAsk(flags))
    const result = await this.ask(flags, 'identity.renew', recovery === undefined ? {} : { recovery })
    this.show(
      flags,
      result,
      ({ sequence, expiresAt }) => `Signed document ${sequence}; it ends ${instant(expiresAt)}.`,
    )
  }
}
