/** What recipients may do, and until when. */
import { Box, Text } from 'ink'
import { type ChoiceItem, ChoiceList } from './choice-list.tsx'

export const PERMISSIONS: readonly ChoiceItem[] = [
  { key: 'view', label: 'view', note: 'read it' },
  { key: 'quote', label: 'quote', note: 'cite pieces of it' },
  { key: 'annotate', label: 'annotate', note: 'add remarks' },
  { key: 'remix', label: 'remix', note: 'build on it, keep a copy' },
  { key: 'reshare', label: 'reshare', note: 'pass it on' },
]

export const EXPIRIES: readonly ChoiceItem[] = [
  { key: '1d', label: '1 day' },
  { key: '7d', label: '7 days' },
  { key: '30d', label: '30 days' },
  { key: '90d', label: '90 days' },
  { key: 'never', label: 'never' },
]

export function PrivacyManager(props: {
  step: 'permissions' | 'expiry'
  chosen: ReadonlySet<string>
  cursor: number
  /** The choices for `expiry`: the usual ones, and the one that was given when it is none of them. */
  expiries: readonly ChoiceItem[]
}) {
  const isExpiry = props.step === 'expiry'
  return (
    <Box flexDirection="column">
      <Text bold>{isExpiry ? 'When does it end?' : 'What may they do with it?'}</Text>
      <ChoiceList
        items={isExpiry ? props.expiries : PERMISSIONS}
        chosen={props.chosen}
        cursor={props.cursor}
        single={isExpiry}
      />
      <Text dimColor>↑↓ move · {isExpiry ? '' : 'space choose · '}enter go on · ← back · esc cancel</Text>
    </Box>
  )
}
