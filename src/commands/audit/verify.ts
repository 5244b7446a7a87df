/** `vivim audit verify`. */
import { Flags } from '@oclif/core'
import type { Result } from '../../core/contract/methods.ts'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { count, instant } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { facts } from '../text/table.ts'

type Verified = Result<'audit.verify'>

export default class AuditVerify extends VivimCommand {
  static override summary = 'Check that nobody changed, removed or replaced a row of the audit log.'
  static override description =
    'Exit 5 with audit/broken, naming the first bad row, when it does not fit. Write the head down elsewhere and give it with --head later: that finds also what somebody did who could change every file of the home.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override flags = {
    head: Flags.string({
      helpValue: 'SEQ:HASH',
      description: 'the log must still have this row: a head as it was printed before',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify)
    this.show(flags, await this.ask(flags, 'audit.verify', given('head', flags.head)), verifiedText)
  }
}

function verifiedText({ entries, head, signed }: Verified): string {
  return [
    `${style.green('✓')} ${count(entries, 'row')}, each as it was written`,
    facts([
      ['head', head],
      [
        'signed',
        signed === null ? 'not yet: no device of yours has' : `to row ${signed.seq}, ${instant(signed.at)}`,
      ],
    ]),
  ].join('\n')
}
