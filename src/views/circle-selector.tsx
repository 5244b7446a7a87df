/** Who gets it: circles and contacts to choose from. */
import { Box, Text } from 'ink'
import { type ChoiceItem, ChoiceList } from './choice-list.tsx'

export interface AudienceCandidate extends ChoiceItem {
  kind: 'circle' | 'contact'
}

export function CircleSelector(props: {
  candidates: readonly AudienceCandidate[]
  chosen: ReadonlySet<string>
  cursor: number
}) {
  return (
    <Box flexDirection="column">
      <Text bold>Who gets it?</Text>
      {props.candidates.length === 0 ? (
        <Text>
          Nobody is here yet. Add somebody with `vivim contact add CARD`, or make a circle with `vivim circle
          create NAME`.
        </Text>
      ) : (
        <ChoiceList items={props.candidates} chosen={props.chosen} cursor={props.cursor} />
      )}
      <Text dimColor>↑↓ move · space choose · enter go on · esc cancel</Text>
    </Box>
  )
}
