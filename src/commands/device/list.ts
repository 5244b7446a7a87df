/** `vivim device list`. */
import { VivimCommand } from '../base.ts'
import { fromNow, instant } from '../text/amounts.ts'
import { table } from '../text/table.ts'

export default class DeviceList extends VivimCommand {
  static override summary = 'List your devices, and new ones that wait for your approval.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(DeviceList)
    this.show(flags, await this.ask(flags, 'device.list', {}), ({ devices, pending }) =>
      [
        table(
          ['device', 'name', 'added', 'last seen', ''],
          devices.map(one => [
            one.device.slice(0, 12),
            one.name ?? '',
            one.addedAt === null ? '' : instant(one.addedAt),
            one.current ? 'now' : fromNow(one.lastSeen),
            one.revoked ? 'revoked' : one.current ? 'this device' : '',
          ]),
        ),
        ...pending.map(
          one =>
            `\nA new device on ${one.peer} asks to be yours; its code ends ${instant(one.expiresAt)}. If it is, type what it shows: vivim device approve CODE`,
        ),
      ].join('\n'),
    )
  }
}
