/** Capabilities for people, in sentences. */
import type { ReadRights } from '../../core/capability/rights.ts'
import { wordOfCommand } from '../../core/capability/rights.ts'
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { audienceText } from '../share/text.ts'
import { count, fromNow, instant } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { facts, table } from '../text/table.ts'

export type View = Result<'capability.show'>

const NODE_RIGHTS: Readonly<Record<string, string>> = {
  deliver: 'send what was sealed before',
  receive: 'take in and acknowledge what others share',
  keep: 'keep it until you are back',
}

const bounds = (perDay: number | null, uses: number | null): string[] => [
  ...(perDay === null ? [] : [`at most ${count(perDay, 'time')} a day`]),
  ...(uses === null ? [] : [`at most ${count(uses, 'time')} in all`]),
]

/** What a capability is, in one sentence and a few facts. */
export function capabilityText(view: View): string {
  const what =
    view.kind === 'node'
      ? `While your keystore is locked, this node may ${view.can.map(right => NODE_RIGHTS[right] ?? right).join(', ')}.`
      : `${visibleLine(view.for)} may ${view.can.join(', ')}${
          view.audience === null ? '' : `, with ${audienceText(view.audience)} only`
        }${bounds(view.perDay, view.uses)
          .map(bound => `, ${bound}`)
          .join('')}.`
  return [
    what,
    facts([
      ['capability', view.capabilityId],
      ['state', view.state],
      ['given', instant(view.createdAt)],
      ['ends', view.expiresAt === null ? 'never' : instant(view.expiresAt)],
      ...(view.kind === 'node'
        ? []
        : ([
            ['used', `${count(view.used.today, 'time')} today, ${view.used.all} in all`],
            ['last', instant(view.lastUsedAt)],
          ] as const)),
    ]),
  ].join('\n')
}

export const capabilitiesText = (all: readonly View[]): string =>
  all.length === 0
    ? 'No capability was given: `vivim capability create` gives one.'
    : table(
        ['capability', 'for', 'may', 'with', 'bounds', 'used', 'state', 'ends'],
        all.map(one => [
          one.kind === 'node' ? one.capabilityId : `…${one.capabilityId.slice(-8)}`,
          one.for,
          one.can.join(', '),
          one.audience === null ? null : audienceText(one.audience),
          bounds(one.perDay, one.uses).join(', ') || null,
          one.kind === 'node' ? null : `${one.used.today} today, ${one.used.all} in all`,
          one.state,
          one.expiresAt === null ? 'never' : fromNow(one.expiresAt),
        ]),
      )

/** What one link gives, in words. */
export function linkText(rights: ReadRights, expiresAt: string | null): string {
  const ids = rights.people === null ? [] : [...rights.people.circles, ...rights.people.contacts]
  const pieces = [
    rights.commands.map(wordOfCommand).join(', '),
    ...(rights.people === null ? [] : [`with ${ids.length === 0 ? 'nobody' : ids.join(', ')} only`]),
    ...bounds(rights.perDay, rights.uses),
    ...(rights.others === 0 ? [] : [`with ${count(rights.others, 'demand')} that cannot be said in words`]),
    expiresAt === null ? 'without an end' : `ends ${instant(expiresAt)}`,
  ]
  return pieces.join(', ')
}

export const writtenText = (file: string): string =>
  `Wrote ${style.bold(visibleLine(file))}. Whoever reads this file has the right: give it to its script and nobody else.`
