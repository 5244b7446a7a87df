/** `vivim identity show`. */
import { VivimCommand } from '../base.ts'
import { instant } from '../text/amounts.ts'
import { facts, table } from '../text/table.ts'

export default class IdentityShow extends VivimCommand {
  static override summary = 'Show your identity and its devices.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(IdentityShow)
    this.show(flags, await this.ask(flags, 'identity.show', {}), one =>
      [
        facts([
          ['name', one.name],
          ['did', one.did],
          [
            'document',
            `number ${one.sequence}, made ${instant(one.createdAt)}, ends ${instant(one.expiresAt)}`,
          ],
          ...(one.byRecovery ? [['signed', 'by the recovery key, which alone signs the next'] as const] : []),
          ...(one.movedTo === null ? [] : [['moved to', one.movedTo] as const]),
          [
            'recovery',
            one.exported
              ? 'the seed is not on this machine'
              : 'not exported yet: `vivim identity export FILE`',
          ],
        ]),
        '',
        table(
          ['device key', 'added', ''],
          one.devices.map(device => [
            device.key,
            instant(device.addedAt),
            device.revoked ? 'revoked' : device.current ? 'this device' : '',
          ]),
        ),
      ].join('\n'),
    )
  }
}
