/** Capabilities for people, in sentences. */
import type { Chain } from '../../core/capability/chain.ts'
import { type ReadRights, rightsOf, wordOfCommand } from '../../core/capability/rights.ts'
import type { Result } from '../../core/contract/methods.ts'
import { isoTime } from '../../core/model/id.ts'
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

/** Of an id its end, since all begin alike: short enough that no table cuts it. */
const SHOWN = 7

export const capabilitiesText = (all: readonly View[]): string =>
  all.length === 0
    ? 'No capability was given: `vivim capability create` gives one.'
    : table(
        ['capability', 'for', 'may', 'with', 'bounds', 'used', 'state', 'ends'],
        all.map(one => [
          one.kind === 'node' ? one.capabilityId : `…${one.capabilityId.slice(-SHOWN)}`,
          one.for,
          one.can.join(', '),
          one.audience === null ? null : audienceText(one.audience),
          bounds(one.perDay, one.uses).join(', ') || null,
          one.kind === 'node' ? null : `${one.used.today} today, ${one.used.all} in all`,
          one.state,
          one.expiresAt === null ? 'never' : fromNow(one.expiresAt),
        ]),
      )

/** What a chain gives, in words: every link bounds it, so all are said. @param known - where somebody could be asked who the people are */
export const linksText = (name: string, { links }: Chain, known: View['audience'] = null): string =>
  [
    `${visibleLine(name)} may, by ${count(links.length, 'link')} that must all allow it:`,
    ...links.map((link, at) => {
      const who = typeof link.meta.for === 'string' ? `${visibleLine(link.meta.for)}: ` : ''
      const end = link.expiresAtMs === null ? null : isoTime(link.expiresAtMs)
      return `${at + 1}. ${who}${linkText(rightsOf(link), end, known)}`
    }),
  ].join('\n')

/** What one link gives, in words. */
function linkText(rights: ReadRights, expiresAt: string | null, known: View['audience']): string {
  const nameOf = (id: string): string => {
    const circle = known?.circles.find(({ circleId }) => circleId === id)
    if (circle) return `circle ${visibleLine(circle.name ?? id)}`
    return visibleLine(known?.contacts.find(({ did }) => did === id)?.name ?? id)
  }
  const ids = rights.people === null ? [] : [...rights.people.circles, ...rights.people.contacts]
  const pieces = [
    rights.commands.map(wordOfCommand).join(', '),
    ...(rights.people === null
      ? []
      : [`with ${ids.length === 0 ? 'nobody' : ids.map(nameOf).join(', ')} only`]),
    ...bounds(rights.perDay, rights.uses),
    ...(rights.others === 0 ? [] : [`with ${count(rights.others, 'demand')} that cannot be said in words`]),
    expiresAt === null ? 'without an end' : `ends ${instant(expiresAt)}`,
  ]
  return pieces.join(', ')
}

export const writtenText = (file: string): string =>
  `Wrote ${style.bold(visibleLine(file))}. Whoever reads this file has the right: give it to its script and nobody else.`
