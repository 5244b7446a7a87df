/** `vivim identity move`. */
import { Flags } from '@oclif/core'
import { sureFlag, VivimCommand } from '../base.ts'
import { recoveryFlags, recoveryFrom } from './recovery.ts'

export default class IdentityMove extends VivimCommand {
  static override summary = 'Send your contacts to another identity of yours, by the recovery key.'
  static override description =
    'With the new card, contacts can follow at once; with the DID alone they need the card from you. Circles and shares do not move along.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --to vivim1… --recovery /media/stick/alice.vivim',
  ]
  static override flags = {
    to: Flags.string({
      required: true,
      helpValue: 'CARD|DID',
      description: 'the contact card of the new identity, or its DID',
    }),
    ...recoveryFlags,
    ...sureFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(IdentityMove)
    await this.sure(flags, 'Send everybody to the other identity for good?')
    const recovery = await recoveryFrom(flags, this.canAsk(flags))
    const params = { to: flags.to.trim(), ...(recovery !== undefined && { recovery }) }
    this.show(flags, await this.ask(flags, 'identity.move', params), ({ movedTo, told, changed }) =>
      changed
        ? `Moved to ${movedTo}; ${told} contact${told === 1 ? ' is' : 's are'} told.`
        : `Nothing changed: it moved to ${movedTo} before.`,
    )
  }
}
