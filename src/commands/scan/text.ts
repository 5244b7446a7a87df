/** What a scan found, for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { audienceText } from '../share/text.ts'
import { count, instant } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { table } from '../text/table.ts'

type Conversation = Result<'scan.conversations'>['conversations'][number]
type Share = Result<'scan.shares'>['shares'][number]
type Scanned = Pick<
  Conversation,
  'title' | 'secrets' | 'personal' | 'counts' | 'findings' | 'more' | 'notScanned' | 'error'
>

/** Findings of one conversation or share that are shown; `--json` has more. */
const SHOWN = 10

export const conversationText = (one: Conversation): string =>
  scannedText(`${one.conversationId.slice(0, 10)}  ${visibleLine(one.provider)}`, one)

export const shareText = (one: Share): string =>
  scannedText(
    `${one.shareId.slice(0, 10)}  ${one.state}, for ${audienceText(one.audience)}, expires ${instant(one.expiresAt)}`,
    one,
  )

function scannedText(where: string, one: Scanned): string {
  const sorted = [...one.findings].sort(
    (a, b) => Number(b.severity === 'secret') - Number(a.severity === 'secret'),
  )
  const shown = sorted.slice(0, SHOWN)
  const more = one.findings.length + one.more - shown.length
  const numbers = [
    ...(one.secrets > 0 ? [style.red(count(one.secrets, 'secret'))] : []),
    ...(one.personal > 0
      ? [style.yellow(count(one.personal, 'piece of personal data', 'pieces of personal data'))]
      : []),
    ...(one.notScanned > 0 ? [`${count(one.notScanned, 'file')} not looked into`] : []),
    ...(one.error === null ? [] : [style.red(`not finished: ${one.error}`)]),
  ]
  return [
    `${style.bold(visibleLine(one.title ?? '(untitled)'))}  ${style.dim(where)}`,
    `  ${numbers.join(', ')}`,
    ...(shown.length === 0
      ? []
      : [
          table(
            ['message', 'where', 'severity', 'rule', 'what'],
            shown.map(finding => [
              finding.messageIndex === null
                ? 'hidden'
                : finding.messageIndex === 0
                  ? null
                  : `#${finding.messageIndex}`,
              finding.where ?? null,
              finding.severity,
              finding.rule,
              finding.preview,
            ]),
          ),
        ]),
    ...(more > 0 ? [style.dim(`… and ${count(more, 'more', 'more')} (--json has more)`)] : []),
    '',
  ].join('\n')
}
