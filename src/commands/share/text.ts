/** Shares for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { nameOf } from '../contact/text.ts'
import { count, fromNow, instant, size } from '../text/amounts.ts'
import { messagesText } from '../text/messages.ts'
import { style } from '../text/style.ts'
import { facts, table } from '../text/table.ts'

type Preview = Result<'share.preview'>
type Created = Result<'share.create'>
type View = Result<'share.show'>
/** Findings that are listed one by one. */
const SHOWN_FINDINGS = 40
/** Names of files that are listed; `--json` has all. */
const SHOWN_FILES = 5

type Summary = Result<'share.list'>['shares'][number]

/** Said where the user decides: no program can keep this promise. */
export const CANNOT_UNREAD =
  'What somebody has read they may remember or copy: taking a share back stops delivery and deletes what honest nodes hold.'

export function audienceText(audience: Preview['audience']): string {
  const names = [
    ...audience.contacts.map(nameOf),
    ...audience.circles.map(one => `circle ${visibleLine(one.name ?? one.circleId)}`),
    ...(audience.link ? ['whoever has the link'] : []),
    ...(audience.public ? ['everybody'] : []),
  ]
  return names.length === 0 ? 'nobody yet' : names.join(', ')
}

export function withheldText(withheld: Preview['withheld']): string {
  const pieces = Object.entries(withheld).filter(([, number]) => number > 0)
  return pieces.length === 0 ? 'nothing' : pieces.map(([name, number]) => `${number} ${name}`).join(', ')
}

export const findingsTable = (findings: Preview['findings']): string =>
  [
    table(
      ['message', 'where', 'severity', 'rule', 'what', 'leaves as'],
      findings
        .slice(0, SHOWN_FINDINGS)
        .map(one => [
          one.messageIndex === 0 ? null : `#${one.messageIndex}`,
          `${one.where ?? ''}${(one.places ?? 1) > 1 ? ` × ${one.places}` : ''}`,
          one.severity,
          one.rule,
          one.preview,
          one.replacement ?? 'it is',
        ]),
    ),
    ...(findings.length > SHOWN_FINDINGS
      ? [style.dim(`… and ${count(findings.length - SHOWN_FINDINGS, 'more', 'more')} (--json has all)`)]
      : []),
  ].join('\n')

/** Files that no rule can look into, said before they leave. */
export const unscannedText = (files: NonNullable<Preview['unscanned']>): string =>
  style.yellow(
    `Not looked into (pictures and files that are not text): ${files
      .slice(0, SHOWN_FILES)
      .map(
        one => `${visibleLine(one.name || one.mime || 'a file')} in #${one.messageIndex}, ${size(one.bytes)}`,
      )
      .join('; ')}${files.length > SHOWN_FILES ? ` … and ${files.length - SHOWN_FILES} more` : ''}`,
  )

/** What can be done about findings. */
const HINT =
  'Leave the messages out (--messages), replace what was found (--on-findings redact), or allow a harmless value (vivim filter allow add -).'

export const previewText = (preview: Preview): string =>
  [
    style.bold(visibleLine(preview.title ?? '(untitled)')),
    ...(preview.note === null ? [] : [visibleText(preview.note)]),
    '',
    messagesText(preview.messages),
    '',
    facts([
      ['for', audienceText(preview.audience)],
      ['leaves', `${count(preview.messages.length, 'message')}, ${size(preview.bytes)}`],
      ['stays here', withheldText(preview.withheld)],
      ['digest', preview.digest],
    ]),
    ...(preview.findings.length === 0 ? [] : ['', findingsTable(preview.findings)]),
    ...((preview.unscanned ?? []).length === 0 ? [] : ['', unscannedText(preview.unscanned ?? [])]),
    ...(preview.blocked ? ['', style.red('Findings block this share.'), style.dim(HINT)] : []),
  ].join('\n')

function farText({ recipients: { total, acknowledged }, state }: Created): string {
  if (state === 'scheduled') return 'It waits for its time.'
  if (total === 0) return 'Nobody else is in that circle, and who comes later does not get it.'
  if (acknowledged === total) return 'Everybody has it.'
  return `${acknowledged} of ${count(total, 'recipient')} acknowledged; the rest goes out by itself.`
}

export function createdText(created: Created): string {
  const head = created.changed ? 'Shared' : 'Shared before, with the same content, audience and terms'
  return [
    `${head}: ${style.bold(created.shareId)} is ${created.state}. ${farText(created)}`,
    facts([
      ['for', audienceText(created.audience)],
      ['expires', instant(created.expiresAt)],
    ]),
    ...(created.findings.length === 0 ? [] : [findingsTable(created.findings)]),
    ...((created.unscanned ?? []).length === 0 ? [] : [unscannedText(created.unscanned ?? [])]),
    style.dim(CANNOT_UNREAD),
  ].join('\n')
}

export const sharesText = (shares: readonly Summary[]): string =>
  shares.length === 0
    ? 'No share is here.'
    : table(
        ['share', 'state', 'acknowledged', 'with', 'expires', 'title'],
        shares.map(one => [
          one.shareId.slice(0, 10),
          one.state,
          one.mine ? `${one.recipients.acknowledged}/${one.recipients.total}` : null,
          one.mine ? audienceText(one.audience) : `from ${nameOf(one.owner)}`,
          fromNow(one.expiresAt),
          one.title ?? '(untitled)',
        ]),
      )

export const shareText = (share: View): string =>
  [
    style.bold(visibleLine(share.title ?? '(untitled)')),
    facts([
      ['share', share.shareId],
      ['content', share.contentId],
      ['state', share.state],
      ['made', instant(share.createdAt)],
      ['expires', instant(share.expiresAt)],
      ['allows', share.permissions.join(', ')],
      ['for', audienceText(share.audience)],
    ]),
    '',
    table(
      ['recipient', 'state', 'acknowledged'],
      share.recipients.map(one => [nameOf(one), one.state, instant(one.acknowledgedAt)]),
    ),
    ...(share.reshares.length === 0 ? [] : ['']),
    ...share.reshares.map(
      one =>
        `passed on by ${nameOf(one.by)} to ${nameOf(one.to)} (${one.allow.join(', ')}; expires ${instant(one.until)})`,
    ),
    ...(share.jobs.length === 0
      ? []
      : [
          '',
          table(
            ['waiting step', 'tries', 'last error', 'next try'],
            share.jobs.map(job => [job.step, job.attempts, job.lastError, instant(job.nextTryAt)]),
          ),
        ]),
  ].join('\n')
