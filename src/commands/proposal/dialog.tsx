/** Shows on the terminal what was proposed and what would leave, and asks. */
import { render } from 'ink'
import type { Result } from '../../core/contract/methods.ts'
import { ProposalApproval } from '../../views/proposal-approval.tsx'
import { EXIT_INTERRUPTED } from '../interrupt.ts'
import { shownPreview } from '../share/dialog.tsx'
import { CANNOT_UNREAD } from '../share/text.ts'
import { type Proposal, proposerText } from './text.ts'

/** @returns whether the user wants this very copy to leave. */
export function askApproval(proposal: Proposal, preview: Result<'share.preview'>): Promise<boolean> {
  const { allow, expires } = proposal.what ?? {}
  const terms = `may ${Array.isArray(allow) ? allow.join(', ') : 'view'} · ends ${String(expires ?? '')}`
  return new Promise((resolve, reject) => {
    const finish = (answer: boolean) => {
      screen.unmount()
      screen.waitUntilExit().then(() => resolve(answer), reject)
    }
    const screen = render(
      <ProposalApproval
        by={proposerText(proposal.by)}
        preview={shownPreview(preview)}
        terms={terms}
        caveat={CANNOT_UNREAD}
        onAnswer={finish}
        onInterrupt={() => {
          process.exitCode = EXIT_INTERRUPTED
          finish(false)
        }}
      />,
      { exitOnCtrlC: false },
    )
  })
}
