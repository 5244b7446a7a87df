import { render } from 'ink-testing-library'
import t from 'tap'
import type { AudienceCandidate } from '../../src/views/circle-selector.tsx'
import { type ShareChoice, ShareDialog } from '../../src/views/share-dialog.tsx'
import type { PreviewShown } from '../../src/views/share-preview.tsx'

const candidates: AudienceCandidate[] = [
  { kind: 'circle', key: 'c1', label: 'team', note: 'circle of 3 members' },
  { kind: 'contact', key: 'did:bob', label: 'bob', note: 'known' },
]
const preview: PreviewShown = {
  title: 'Tea notes',
  note: null,
  messages: [{ index: 1, role: 'user', text: 'hello\u202eevil' }],
  withheld: '2 tools',
  audience: 'circle team',
  findings: [
    {
      messageIndex: 1,
      where: 'toolCall.input',
      severity: 'personal',
      rule: 'email',
      preview: 'a…@b',
      replacement: '[email]',
    },
  ],
  unscanned: ['photo\u202e.png'],
  blocked: false,
  digest: 'd',
}
const KEYS = {
  down: '\u001b[B',
  up: '\u001b[A',
  left: '\u001b[D',
  enter: '\r',
  escape: '\u001b',
  interrupt: '\u0003',
}

/** The dialog on a screen of its own; `press` waits until the frame changed or the callback was called. */
function dialog(initial: Partial<ShareChoice> = {}, shown: PreviewShown | null = preview) {
  const calls: [name: string, choice?: ShareChoice][] = []
  const start = { to: [], circles: [], allow: ['view', 'quote'], expires: '30d', ...initial }
  const view = (now: PreviewShown | null, problem: string | null = null) => (
    <ShareDialog
      candidates={candidates}
      initial={start}
      preview={now}
      problem={problem}
      caveat="What was read stays read."
      onChoice={choice => calls.push(['choice', choice])}
      onShare={choice => calls.push(['share', choice])}
      onCancel={() => calls.push(['cancel'])}
      onInterrupt={() => calls.push(['interrupt'])}
    />
  )
  const screen = render(view(shown))
  const frame = () => screen.lastFrame() ?? ''
  const settled = () => new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)))
  return {
    calls,
    frame,
    rerender: (now: PreviewShown | null, problem: string | null = null) =>
      screen.rerender(view(now, problem)),
    /** @param until - what the frame or the calls must show before the next key, at most for a hundred turns */
    async press(key: string, until: () => boolean) {
      await settled()
      screen.stdin.write(key)
      for (let turn = 0; turn < 2_000 && !until(); turn += 1) await settled()
    },
  }
}

t.test(
  'choosing a circle, permissions and an end leads to the preview, and y shares exactly that',
  async t => {
    const d = dialog()
    t.match(d.frame(), /Who gets it\?.*team.*bob/s)
    await d.press(' ', () => d.frame().includes('[x] team'))
    await d.press(KEYS.enter, () => d.frame().includes('What may they do'))
    t.match(d.frame(), /\[x\] view.*\[x\] quote.*\[ \] remix/s)
    await d.press(KEYS.down, () => d.frame().includes('› [x] quote'))
    await d.press(' ', () => d.frame().includes('[ ] quote'))
    await d.press(KEYS.enter, () => d.frame().includes('When does it end'))
    t.match(d.frame(), /\(•\) 30 days/)
    await d.press(KEYS.up, () => d.frame().includes('› (•) 7 days'))
    await d.press(KEYS.enter, () => d.frame().includes('Tea notes'))
    const chosen = { to: [], circles: ['c1'], allow: ['view'], expires: '7d' }
    t.strictSame(d.calls, [['choice', chosen]])
    t.match(d.frame(), /2 tools.*email.*What was read stays read\..*Share it\?/s)
    t.match(d.frame(), /hello<U\+202E>evil/, 'hidden characters are shown')
    await d.press('y', () => d.calls.length > 1)
    t.strictSame(d.calls[1], ['share', chosen])
  },
)

t.test('nobody can go on without an audience, or share what findings block', async t => {
  const d = dialog()
  await d.press(KEYS.enter, () => true)
  t.match(d.frame(), /Who gets it/)
  const blocked = dialog({ to: ['did:bob'] }, { ...preview, blocked: true })
  t.match(blocked.frame(), /cannot leave as it is/)
  t.notMatch(blocked.frame(), /Share it\?/)
  await blocked.press('y', () => true)
  await blocked.press('n', () => blocked.calls.length > 0)
  t.strictSame(blocked.calls, [['cancel']])
})

t.test('an audience from the command line starts at the preview, also one that is no candidate', async t => {
  const d = dialog({ to: ['did:carol'], circles: ['c9'], expires: '45d' }, null)
  t.match(d.frame(), /Looking at what would leave/)
  await d.press('y', () => true)
  t.strictSame(d.calls, [], 'nothing is shared before it was shown')
  d.rerender(preview)
  await d.press('y', () => d.calls.length > 0)
  t.strictSame(d.calls, [
    ['share', { to: ['did:carol'], circles: ['c9'], allow: ['view', 'quote'], expires: '45d' }],
  ])
})

t.test('a problem is shown, left goes back, escape and Ctrl-C end it', async t => {
  const d = dialog({ to: ['did:bob'] }, null)
  d.rerender(null, 'there is no such conversation')
  await d.press('', () => d.frame().includes('no such conversation'))
  t.match(d.frame(), /no such conversation/)
  await d.press(KEYS.left, () => d.frame().includes('When does it end'))
  t.match(d.frame(), /When does it end/)
  await d.press(KEYS.interrupt, () => d.calls.length > 0)
  t.strictSame(d.calls, [['interrupt']])
})
