/** Units and what is collected, for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { count, instant } from './amounts.ts'
import { style } from './style.ts'
import { facts, table } from './table.ts'
import { cut } from './width.ts'

/** So much of a unit's id tells it from the others of its conversation. */
export const ACU_SHOWN = 14
const SHOWN = 10
/** Of an item's text, in a list. */
const EXCERPT = 400

type Item = Result<'notebook.show'>['items'][number]
type Memory = Result<'memory.show'>
interface Named {
  name: string
  items: number
  updatedAt: string
}

export const excerpt = (text: string, width = EXCERPT): string => cut(visibleLine(text.trim()), width)

const indented = (text: string): string => visibleText(text).replace(/^/gm, '  ')

export const itemsText = (items: readonly Item[]): string =>
  items.length === 0
    ? 'Nothing is in it yet.'
    : items
        .map(item => {
          const from =
            item.title === null && item.role === null ? [] : [item.title ?? '(untitled)', item.role]
          const about = [item.unitKind ?? item.kind, item.lang, ...from].filter(Boolean)
          return [
            `${style.dim(item.itemId.slice(0, SHOWN))}  ${style.bold(visibleLine(about.join(' · ')))}`,
            indented(cut(item.text, EXCERPT)),
            ...(item.note === null ? [] : [style.dim(indented(`note: ${item.note}`))]),
          ].join('\n')
        })
        .join('\n\n')

export const collectionText = (one: Named & { items: number }, id: string): string =>
  `${style.bold(visibleLine(one.name))} ${style.dim(id)}: ${count(one.items, 'item')}.`

export const collectionsText = (
  rows: readonly (readonly [id: string, one: Named])[],
  none: string,
): string =>
  rows.length === 0
    ? none
    : table(
        ['name', 'items', 'changed', 'id'],
        rows.map(([id, one]) => [one.name, one.items, instant(one.updatedAt), id.slice(0, SHOWN)]),
      )

export const memoriesText = (memories: readonly Memory[]): string =>
  table(
    ['id', 'kind', 'state', 'memory'],
    memories.map(one => [one.memoryId.slice(0, SHOWN), one.kind, one.state, one.text]),
  )

export const memoryText = (one: Memory): string =>
  [
    visibleText(one.text),
    facts([
      ['memory', one.memoryId],
      ['kind', one.kind],
      ['state', one.state],
      ['from', one.source && (one.source.acuId ?? one.source.conversationId)],
      ['changed', instant(one.updatedAt)],
    ]),
  ].join('\n')

export const memoryChangedText = (one: Memory & { changed: boolean }): string =>
  `${one.changed ? '' : 'Nothing changed.\n'}${memoryText(one)}`
