/** Circles for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { style } from '../text/style.ts'
import { table } from '../text/table.ts'

type Circle = Result<'circle.show'>

const ENDED = {
  invited:
    'You asked to be let in. It goes on by itself when the node of who invited you is there and unlocked; `vivim circle leave` ends it.',
  left: 'You left this circle. What was shared before stays until it ends.',
  removed: 'You were removed from this circle. What was shared before stays until it ends.',
  closed: 'This circle was closed by its owner. What was shared before stays until it ends.',
}

const HISTORY = {
  none: 'Who comes gets nothing that was shared before (history none).',
  now: 'Who comes gets what is shared from then on, and what nobody had received yet (history now).',
  all: 'Who comes also gets what was shared before, as far as it is live (history all).',
}

export const circleText = (circle: Circle): string =>
  [
    `${style.bold(visibleLine(circle.name))}  ${style.dim(`${circle.circleId}  epoch ${circle.epoch}`)}`,
    ...(circle.description === null ? [] : [visibleText(circle.description)]),
    ...(circle.history === null ? [] : [style.dim(HISTORY[circle.history])]),
    ...(circle.state === 'active' ? [] : [style.yellow(ENDED[circle.state])]),
    table(
      ['name', 'role', 'state', 'did'],
      circle.members.map(one => [one.name, one.role, one.state, one.did]),
    ),
  ].join('\n')

export const circleChangedText = (circle: Circle & { changed: boolean }): string =>
  `${circle.changed ? '' : 'Nothing changed.\n'}${circleText(circle)}`

/** Where one was not let in yet, nothing of the circle is known. */
export const circleLeftText = (circle: Circle & { changed: boolean }): string =>
  circle.members.length > 0
    ? circleChangedText(circle)
    : `You do not wait for ${style.bold(visibleLine(circle.name))} any more. If their node heard of you before, it may still let you in: leave then.`

export const circleRemovedText = (circle: Circle & { changed: boolean; invitesEnded: number }): string =>
  circle.invitesEnded === 0
    ? circleChangedText(circle)
    : `${circleChangedText(circle)}\n${circle.invitesEnded} open ${circle.invitesEnded === 1 ? 'invite' : 'invites'} of yours to it ended: make new ones with ${style.bold('vivim circle invite')}.`
