/** A list to choose from, one or several: where the cursor stands and what is chosen come in as props. */
import { Box, Text } from 'ink'
import { visibleLine } from '../core/model/visible.ts'

export interface ChoiceItem {
  key: string
  label: string
  note?: string
}

/** Rows that are shown at once; the rest scrolls. */
const WINDOW = 10

export function ChoiceList(props: {
  items: readonly ChoiceItem[]
  chosen: ReadonlySet<string>
  cursor: number
  /** Only one can be chosen. */
  single?: boolean
}) {
  const { items, chosen, cursor } = props
  const from = Math.max(0, Math.min(cursor - WINDOW + 2, items.length - WINDOW))
  const shown = items.slice(from, from + WINDOW)
  const below = items.length - from - shown.length
  return (
    <Box flexDirection="column">
      {from > 0 && <Text dimColor> ↑ {from} more</Text>}
      {shown.map((item, at) => {
        const isHere = from + at === cursor
        const mark = chosen.has(item.key) ? (props.single ? '(•)' : '[x]') : props.single ? '( )' : '[ ]'
        return (
          <Text key={item.key} {...(isHere ? { color: 'cyan' } : {})} wrap="truncate">
            {isHere ? '›' : ' '} {mark} {visibleLine(item.label)}
            {item.note !== undefined && <Text dimColor> {visibleLine(item.note)}</Text>}
          </Text>
        )
      })}
      {below > 0 && <Text dimColor> ↓ {below} more</Text>}
    </Box>
  )
}
