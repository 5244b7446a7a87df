/** `vivim contact show`. */
import { Args } from '@oclif/core'
import type { Result } from '../../core/contract/methods.ts'
import { VivimCommand } from '../base.ts'
import { instant } from '../text/amounts.ts'
import { facts, table } from '../text/table.ts'
import { changeText } from './text.ts'

export default class ContactShow extends VivimCommand {
  static override summary = 'Show a contact: state, devices, safety number, and what changed.'
  static override examples = ['<%= config.bin %> <%= command.id %> bob']
  static override args = {
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactShow)
    this.show(flags, await this.ask(flags, 'contact.show', { contact: args.contact }), showText)
  }
}

function showText(one: Result<'contact.show'>): string {
  const { document } = one
  const signed = document?.byRecovery ? ', by the recovery key' : ''
  const time = document === null || document.time === 'current' ? '' : `, ${document.time}`
  return [
    facts([
      ['name', one.name],
      ['did', one.did],
      ['state', one.state],
      ['last seen', instant(one.lastSeen)],
      [
        'document',
        document && `number ${document.sequence}${signed}${time}, ends ${instant(document.expiresAt)}`,
      ],
      ['safety number', one.safetyNumber],
      ...(one.movedTo === null ? [] : [['moved to', one.movedTo] as const]),
      ...one.changes.map(({ at, what }) => ['changed', `${instant(at)}: ${changeText(what)}`] as const),
    ]),
    ...(document?.alarm
      ? [
          '',
          'Two documents of one number were met: a device counts only if it stands in both. Ask them by another way.',
        ]
      : []),
    '',
    table(
      ['device key', 'added', ''],
      one.devices.map(({ key, addedAt, revoked }) => [key, instant(addedAt), revoked ? 'revoked' : '']),
    ),
  ].join('\n')
}
