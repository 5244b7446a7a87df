/** `vivim device revoke`. */
import { Args, Flags } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { sureFlag, VivimCommand } from '../base.ts'
import { recoveryFlags, recoveryFrom } from '../identity/recovery.ts'

export default class DeviceRevoke extends VivimCommand {
  static override summary = 'Take a device out: it reads nothing that is shared from now on.'
  static override description =
    'What that device already has stays on it: nobody can make a lost machine forget. Your circles get new keys; nothing that it signs counts any more. It also has the keys of your contact card: with --renew-card you get another one, which your contacts and other devices are given.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> laptop --yes',
    { description: 'It was stolen:', command: '<%= config.bin %> <%= command.id %> laptop --renew-card' },
  ]
  static override args = {
    device: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = {
    'renew-card': Flags.boolean({ description: 'make the cards that are out worthless, too' }),
    ...sureFlag,
    ...recoveryFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceRevoke)
    await this.sure(
      flags,
      'Revoke this device? What it already has stays on it, and it can be added again only as a new device.',
    )
    const recovery = await recoveryFrom(flags, this.canAsk(flags))
    const result = await this.ask(flags, 'device.revoke', {
      device: args.device,
      renewCard: flags['renew-card'],
      ...(recovery === undefined ? {} : { recovery }),
    })
    if (result.changed)
      this.remark(
        flags,
        flags['renew-card']
          ? 'What that device already has stays on it. Your old card ends; contacts get the new one by themselves.'
          : 'What that device already has stays on it, the keys of your contact card too: if it is in other hands, run vivim contact card --renew.',
      )
    this.show(flags, result, one =>
      one.changed
        ? `Revoked ${visibleLine(one.name ?? one.device.slice(0, 12))}.`
        : 'That device was revoked before; nothing changed.',
    )
  }
}
