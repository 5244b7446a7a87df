/** Proposals for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { audienceText } from '../share/text.ts'
import { fromNow, instant } from '../text/amounts.ts'
import { facts, table } from '../text/table.ts'

export type Proposal = Result<'proposal.show'>

/** What was asked for, in a few words: scripts chose them. */
function whatText(what: Proposal['what']): string {
  if (what === null) return '–'
  const of = ['conversation', 'notebook', 'bundle'].find(kind => typeof what[kind] === 'string')
  const messages = typeof what.messages === 'string' ? `, messages ${what.messages}` : ''
  return of === undefined ? '–' : visibleLine(`${of} ${String(what[of])}${messages}`)
}

export const proposerText = (by: Proposal['by']): string =>
  by === null ? '–' : by.capabilityId === null ? 'you' : visibleLine(by.name)

export const proposalText = (one: Proposal): string =>
  facts([
    ['proposal', one.proposalId],
    ['state', one.state],
    ...(one.by === null ? [] : ([['by', proposerText(one.by)]] as const)),
    ...(one.what === null ? [] : ([['what', whatText(one.what)]] as const)),
    ...(one.audience === null ? [] : ([['for', audienceText(one.audience)]] as const)),
    ['proposed', instant(one.createdAt)],
    [one.state === 'waiting' ? 'waits until' : 'waited until', instant(one.expiresAt)],
    ...(one.decidedAt === null ? [] : ([['answered', instant(one.decidedAt)]] as const)),
    ...(one.shareId === null ? [] : ([['share', one.shareId]] as const)),
  ])

export const proposalsText = (all: readonly Proposal[]): string =>
  all.length === 0
    ? 'Nothing was proposed.'
    : table(
        ['proposal', 'state', 'by', 'what', 'for', 'proposed', 'ends'],
        all.map(one => [
          one.proposalId.slice(0, 10),
          one.state,
          proposerText(one.by),
          whatText(one.what),
          one.audience === null ? null : audienceText(one.audience),
          fromNow(one.createdAt),
          one.state === 'waiting' ? fromNow(one.expiresAt) : null,
        ]),
      )
