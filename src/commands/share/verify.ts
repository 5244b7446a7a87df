/** `vivim share verify`. */
import { Args } from '@oclif/core'
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { nameOf } from '../contact/text.ts'
import { count, instant } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { facts } from '../text/table.ts'
import { findingsTable, unscannedText } from './text.ts'

type Verified = Result<'share.verify'>

export default class ShareVerify extends VivimCommand {
  static override summary =
    'Check a share again, your own or one you received: its bytes, its owner, its redaction receipt, and what the rules of today find.'
  static override description =
    'Exit 4 with share/not-verified when anything does not fit. Findings alone are told and exit 0: rules know more every year.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> q3fz',
    '<%= config.bin %> <%= command.id %> q3fz --json',
  ]
  static override args = {
    share: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ShareVerify)
    this.show(flags, await this.ask(flags, 'share.verify', { share: args.share }), verifiedText)
  }
}

function verifiedText(share: Verified): string {
  const { receipt, findings, more } = share
  const places = receipt === null ? [] : Object.entries(receipt.counts)
  const redacted =
    places.length === 0 ? 'nothing was found' : places.map(([rule, n]) => `${n} × ${rule}`).join(', ')
  return [
    style.bold(visibleLine(share.title ?? '(untitled)')),
    `${style.green('✓')} bytes, owner${receipt === null ? '' : ' and redaction receipt'} fit`,
    facts([
      ['share', share.shareId],
      ['owner', nameOf(share.owner)],
      ['digest', share.digest],
      ...(receipt === null
        ? ([['receipt', 'none: the owner let leave what the filter found']] as const)
        : ([
            ['receipt', `signed ${instant(receipt.signedAt)} by device ${receipt.signedBy}`],
            ['redacted', redacted],
            ['rules then', `${receipt.rules}${receipt.sameRules ? ', the same as here today' : ''}`],
          ] as const)),
      ['rules today', share.rules],
    ]),
    ...(share.unscanned.length === 0 ? [] : [unscannedText(share.unscanned)]),
    '',
    ...(share.clean
      ? ['The rules of today find nothing in it.']
      : [
          style.yellow(`The rules of today find ${count(findings.length + more, 'thing')} in it:`),
          findingsTable(findings.map(one => ({ ...one, replacement: null }))),
          ...(more > 0 ? [`… and ${more} more`] : []),
          ...(share.mine ? [style.dim('Replace it with `vivim scan --shares`.')] : []),
        ]),
  ].join('\n')
}
