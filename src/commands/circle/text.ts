/** Circles for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { style } from '../text/style.ts'
import { table } from '../text/table.ts'

type Circle = Result<'circle.show'>

export const circleText = (circle: Circle): string =>
  [
    `${style.bold(visibleLine(circle.name))}  ${style.dim(`${circle.circleId}  epoch ${circle.epoch}`)}`,
    table(
      ['name', 'role', 'state', 'did'],
      circle.members.map(one => [one.name, one.role, one.state, one.did]),
    ),
  ].join('\n')

export const circleChangedText = (circle: Circle & { changed: boolean }): string =>
  `${circle.changed ? '' : 'Nothing changed.\n'}${circleText(circle)}`
