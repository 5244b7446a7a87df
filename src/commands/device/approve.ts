/** `vivim device approve`. */
import { Args, Flags } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { recoveryFlags, recoveryFrom } from '../identity/recovery.ts'

export default class DeviceApprove extends VivimCommand {
  static override summary = 'Take in the new device that shows this code.'
  static override description =
    'Read the code from the screen of your own new device, never from a message: whoever is approved reads what you read from then on.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 48213377',
    {
      description: 'It may also read what others shared with you before:',
      command: '<%= config.bin %> <%= command.id %> 48213377 --history',
    },
  ]
  static override args = {
    code: Args.string({
      required: true,
      multiple: true,
      description: 'the eight digits that the new device shows, in one or in two words',
    }),
  }
  static override flags = {
    history: Flags.boolean({ description: 'hand over what was shared before, too' }),
    ...recoveryFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceApprove)
    const recovery = await recoveryFrom(flags, this.canAsk(flags))
    const result = await this.ask(flags, 'device.approve', {
      code: args.code.join(' '),
      history: flags.history,
      ...(recovery === undefined ? {} : { recovery }),
    })
    this.show(flags, result, one =>
      one.changed
        ? `Took in ${visibleLine(one.name ?? one.device.slice(0, 12))} as a device of yours.`
        : 'That device was taken in before; nothing changed.',
    )
  }
}
