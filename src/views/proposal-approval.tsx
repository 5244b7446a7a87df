/** What a script proposed to share, as it would leave, and the question whether it may. */
import { Box, Text, useInput } from 'ink'
import { useState } from 'react'
import { visibleLine } from '../core/model/visible.ts'
import { lastScroll, type PreviewShown, SharePreview } from './share-preview.tsx'

export interface ProposalApprovalProps {
  /** Who proposed it. */
  by: string
  preview: PreviewShown
  terms: string
  /** What no program can promise, said where the user decides. */
  caveat: string
  onAnswer(yes: boolean): void
  onInterrupt(): void
}

export function ProposalApproval({
  by,
  preview,
  terms,
  caveat,
  onAnswer,
  onInterrupt,
}: ProposalApprovalProps) {
  const [scroll, setScroll] = useState(0)
  useInput((input, key) => {
    if (key.ctrl && input === 'c') return onInterrupt()
    if (key.escape || input === 'n') return onAnswer(false)
    if (key.downArrow) setScroll(Math.min(scroll + 1, lastScroll(preview)))
    else if (key.upArrow) setScroll(Math.max(0, scroll - 1))
    else if (input === 'y' && !preview.blocked) onAnswer(true)
  })
  return (
    <Box flexDirection="column">
      <Text>
        <Text dimColor>proposed by </Text>
        {visibleLine(by)}
      </Text>
      <SharePreview preview={preview} scroll={scroll} terms={terms} />
      <Text dimColor>{caveat}</Text>
      <Text>
        {!preview.blocked && <Text bold>Share it? y yes · </Text>}
        <Text dimColor>n no · ↑↓ read</Text>
      </Text>
    </Box>
  )
}
