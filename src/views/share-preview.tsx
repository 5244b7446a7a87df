/** What would leave: the text as recipients would see it, what stays here, and what the filter found. */
import { Box, Text } from 'ink'
import { visibleLine, visibleText } from '../core/model/visible.ts'

export interface PreviewShown {
  title: string | null
  note: string | null
  messages: readonly { index: number; role: string; text: string }[]
  /** What stays out, in words. */
  withheld: string
  audience: string
  findings: readonly {
    messageIndex: number
    where?: string | undefined
    severity: string
    rule: string
    preview: string
    replacement: string | null
  }[]
  /** Names of files into which no rule can look. */
  unscanned: readonly string[]
  /** Findings forbid it as it is. */
  blocked: boolean
  digest: string
}

/** Lines of text that are shown at once. */
const WINDOW = 12

/** The copy as lines, for scrolling. */
export const linesOf = (preview: PreviewShown): string[] =>
  preview.messages.flatMap(message => [
    `#${message.index} ${message.role}`,
    ...visibleText(message.text)
      .split('\n')
      .map(line => `  ${line}`),
  ])

/** How far a preview can be scrolled. */
export const lastScroll = (preview: PreviewShown): number => Math.max(0, linesOf(preview).length - WINDOW)

export function SharePreview(props: { preview: PreviewShown; scroll: number; terms: string }) {
  const { preview } = props
  const lines = linesOf(preview)
  const left = lines.length - props.scroll - WINDOW
  return (
    <Box flexDirection="column">
      <Text bold>{visibleLine(preview.title ?? '(untitled)')}</Text>
      {preview.note !== null && <Text italic>{visibleText(preview.note)}</Text>}
      <Box flexDirection="column" borderStyle="round" borderDimColor paddingX={1}>
        {lines.slice(props.scroll, props.scroll + WINDOW).map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their place.
          <Text key={at} wrap="truncate" bold={line.startsWith('#')}>
            {line === '' ? ' ' : line}
          </Text>
        ))}
        {left > 0 && <Text dimColor>↓ {left} more lines</Text>}
      </Box>
      <Text>
        <Text dimColor>for </Text>
        {visibleLine(preview.audience)}
        <Text dimColor> · </Text>
        {props.terms}
      </Text>
      <Text>
        <Text dimColor>stays here </Text>
        {preview.withheld}
      </Text>
      {preview.findings.map(finding => (
        <Text
          key={`${finding.messageIndex} ${finding.where} ${finding.rule} ${finding.preview} ${finding.replacement}`}
          color={finding.severity === 'secret' ? 'red' : 'yellow'}
        >
          ! {finding.messageIndex === 0 ? '' : `message ${finding.messageIndex}, `}
          {finding.where ?? 'text'}: {finding.rule}: {visibleLine(finding.preview)}
          {finding.replacement !== null && ` leaves as ${visibleLine(finding.replacement)}`}
        </Text>
      ))}
      {preview.unscanned.length > 0 && (
        <Text color="yellow">! not looked into: {preview.unscanned.map(visibleLine).join(', ')}</Text>
      )}
      {preview.blocked && (
        <Text color="red">
          This cannot leave as it is: leave the messages out, or decide with --on-findings.
        </Text>
      )}
    </Box>
  )
}
