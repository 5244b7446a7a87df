/** Opens the share dialog on the terminal: fetches what it shows, hands back what was decided. */
import { render } from 'ink'
import type { Client } from '../../core/client/client.ts'
import type { Params, Result } from '../../core/contract/methods.ts'
import { codeOf, ERRORS } from '../../core/kernel/errors.ts'
import type { AudienceCandidate } from '../../views/circle-selector.tsx'
import { type ShareChoice, ShareDialog } from '../../views/share-dialog.tsx'
import type { PreviewShown } from '../../views/share-preview.tsx'
import { nameOf } from '../contact/text.ts'
import { EXIT_INTERRUPTED } from '../interrupt.ts'
import { count } from '../text/amounts.ts'
import { audienceText, CANNOT_UNREAD, withheldText } from './text.ts'

type CreateParams = Params<'share.create'>

/** @returns the params to share with, bound to what the preview showed; null when the user decided against it. */
export async function askShare(client: Client, given: CreateParams): Promise<CreateParams | null> {
  const [{ circles }, { contacts }] = await Promise.all([
    client.call('circle.list', {}),
    client.call('contact.list', {}),
  ])
  const candidates: AudienceCandidate[] = [
    ...circles.map(one => ({
      kind: 'circle' as const,
      key: one.circleId as string,
      label: one.name,
      note: `circle of ${count(one.members.length, 'member')}`,
    })),
    ...contacts
      .filter(one => one.state !== 'blocked')
      .map(one => ({
        kind: 'contact' as const,
        key: one.did as string,
        label: nameOf(one),
        note: one.state,
      })),
  ]
  const initial: ShareChoice = {
    to: [...(given.to ?? [])],
    circles: [...(given.circles ?? [])],
    allow: [...(given.allow ?? ['view', 'quote'])],
    expires: given.expires ?? '30d',
  }
  const paramsOf = (choice: ShareChoice): CreateParams => ({
    ...given,
    to: choice.to,
    circles: choice.circles,
    allow: choice.allow as NonNullable<CreateParams['allow']>,
    expires: choice.expires,
  })

  return new Promise((resolve, reject) => {
    let preview: Result<'share.preview'> | null = null
    let problem: string | null = null
    let asked = 0
    const finish = (settle: () => void) => {
      screen.unmount()
      screen.waitUntilExit().then(settle, reject)
    }
    const cancel = () =>
      finish(() => {
        process.exitCode = EXIT_INTERRUPTED
        resolve(null)
      })
    const look = (choice: ShareChoice) => {
      asked += 1
      const round = asked
      preview = null
      problem = null
      draw()
      previewOf(client, paramsOf(choice)).then(
        result => {
          if (round !== asked) return
          preview = result
          draw()
        },
        error => {
          if (round !== asked) return
          problem = `${(error as Error).message}. ${ERRORS[codeOf(error)].hint}`
          draw()
        },
      )
    }
    const view = () => (
      <ShareDialog
        candidates={candidates}
        initial={initial}
        preview={preview === null ? null : shownPreview(preview)}
        problem={problem}
        caveat={CANNOT_UNREAD}
        onChoice={look}
        onShare={choice =>
          finish(() => resolve({ ...paramsOf(choice), expectDigest: preview?.digest ?? given.expectDigest }))
        }
        onCancel={cancel}
        onInterrupt={cancel}
      />
    )
    const draw = () => screen.rerender(view())
    const screen = render(view(), { exitOnCtrlC: false })
    if (initial.to.length + initial.circles.length > 0) look(initial)
  })
}

function previewOf(client: Client, params: CreateParams): Promise<Result<'share.preview'>> {
  const { conversation, notebook, bundle, messages, acus } = params
  const { include, title, note, to, circles, onFindings } = params
  const what = { conversation, notebook, bundle, messages, acus }
  const fields = { ...what, include, title, note, to, circles, onFindings }
  const named = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return client.call('share.preview', named as Params<'share.preview'>)
}

export const shownPreview = (preview: Result<'share.preview'>): PreviewShown => ({
  title: preview.title,
  note: preview.note,
  messages: preview.messages,
  withheld: withheldText(preview.withheld),
  audience: audienceText(preview.audience),
  findings: preview.findings,
  unscanned: (preview.unscanned ?? []).map(one => one.name || one.mime || 'a file'),
  blocked: preview.blocked,
  digest: preview.digest,
})
