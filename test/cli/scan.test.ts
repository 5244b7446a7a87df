import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Person, person } from '../kit/cli.ts'
import { onTerminal } from '../kit/terminal.ts'

// Whole processes, on machines that do other things too.
t.setTimeout(300_000)

const TOKEN = `ghp_${'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'.slice(0, 36)}`

interface Scanned {
  shares: {
    shareId: string
    action: string
    newShareId: string | null
    secrets: number
    findings: object[]
  }[]
  scanned: number
  secrets: number
  personal: number
}

/** Alice with a conversation, and bob as her contact. @returns the conversation's id. */
async function aliceAndBob(
  t: Test,
  text: string,
): Promise<{ alice: Person; bob: Person; conversation: string }> {
  const alice = await person(t, 'alice')
  const bob = await person(t, 'bob')
  await Promise.all([alice.start(), bob.start()])
  const { card } = await bob.run<{ card: string }>(['contact', 'card'])
  await alice.run(['contact', 'add', '-', '--name', 'bob'], { input: card })
  const own = await alice.run<{ card: string }>(['contact', 'card'])
  await bob.run(['contact', 'add', '-', '--name', 'alice'], { input: own.card })
  const uuid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`
  const at = '2026-03-01T10:00:00.000000Z'
  const said = [text, 'Noted.'].map((part, n) => ({
    uuid: uuid(n + 2),
    text: part,
    content: [{ type: 'text', text: part, citations: [] }],
    sender: n === 0 ? 'human' : 'assistant',
    created_at: at,
    updated_at: at,
    attachments: [],
    files: [],
  }))
  const exported = [
    {
      uuid: uuid(0),
      name: 'Keys',
      summary: '',
      created_at: at,
      updated_at: at,
      account: { uuid: uuid(1) },
      chat_messages: said,
    },
  ]
  await alice.run(['import', '-'], { input: JSON.stringify(exported) })
  const { conversations } = await alice.run<{ conversations: { id: string }[] }>(['conversation', 'list'])
  return { alice, bob, conversation: conversations[0]?.id ?? '' }
}

t.test('a script finds what is out, replaces it, and verifies what is out now', async t => {
  const { alice, bob, conversation } = await aliceAndBob(t, `use ${TOKEN} for falcon, ask ann@example.org`)
  const shared = await alice.run<{ shareId: string }>([
    ...['share', 'create', conversation, '--to', 'bob', '--on-findings', 'allow', '--yes'],
    ...['--wait', 'acknowledged'],
  ])
  const told = await alice.run<Scanned>(['scan', '--shares'])
  t.match(told, { scanned: 1, secrets: 1, personal: 1, shares: [{ action: 'none', newShareId: null }] })
  t.notMatch(JSON.stringify(told), TOKEN.slice(8))
  t.match(await alice.fail(['scan', '--shares', '--reissue'], 2), { code: 'usage/input-needed' })
  t.match(await alice.fail(['scan', '--reissue', '--yes'], 2), { code: 'usage/invalid' })
  t.match(await alice.fail(['scan', '--shares', '--yes'], 2), { code: 'usage/invalid' })
  const done = await alice.run<Scanned>(['scan', '--shares', '--reissue', '--yes'])
  const [replaced] = done.shares
  t.match(replaced, { shareId: shared.shareId, action: 'reissued' })
  const again = await alice.run<Scanned>(['scan', '--shares', '--reissue', '--yes'])
  t.match(again, { scanned: 1, secrets: 0, personal: 0, shares: [] }, 'a second run has nothing to do')

  const next = replaced?.newShareId ?? ''
  const watched = await alice.text(['share', 'watch', next, '--until', 'acknowledged', '--timeout', '60s'])
  t.equal(watched.code, 0)
  const { items } = await bob.run<{ items: { shareId: string }[] }>(['inbox', 'list', '--wait', '60s'])
  t.ok(items.some(one => one.shareId === next))
  const opened = await bob.run(['inbox', 'open', next])
  t.match(JSON.stringify(opened), /use \[secret:github-token#1\] for falcon, ask \[personal:email#1\]/)
  const verified = await bob.run(['share', 'verify', next])
  t.match(verified, { verified: true, clean: true, receipt: { counts: { 'github-token': 1, email: 1 } } })
  const { out } = await bob.text(['share', 'verify', next])
  t.match(out, /bytes, owner and redaction receipt fit.*1 × github-token.*find nothing in it/s)
  t.match(await bob.fail(['share', 'verify', 'zzzz'], 3), { code: 'share/not-found' })
  const revoked = await alice.run<Scanned>(['scan', '--shares', '--revoke', '--yes'])
  t.equal(revoked.shares.length, 0)
})

t.test('the lists are filled from stdin, a file or an argument, and people see what is found', async t => {
  const { alice, conversation } = await aliceAndBob(t, `use ${TOKEN} for Falcon`)
  const added = await alice.run(['filter', 'deny', 'add', '-', '--severity', 'secret'], {
    input: 'Falcon\n\nHawk\r\n',
  })
  t.match(added, { list: 'deny', added: 2, entries: 2, changed: true })
  const file = join(alice.home, '..', 'keys.txt')
  writeFileSync(file, `${TOKEN}\n`)
  t.match(await alice.run(['filter', 'allow', 'add', '--file', file]), { list: 'allow', entries: 1 })
  t.match(await alice.run(['filter', 'allow', 'add', 'rule:ipv4']), { added: 1, entries: 2 })
  t.match(await alice.fail(['filter', 'allow', 'add', 'rule:private-key'], 2), { code: 'usage/invalid' })
  t.match(await alice.fail(['filter', 'deny', 'add'], 2), { code: 'usage/input-needed' })
  t.match(await alice.fail(['filter', 'deny', 'add', '--file', join(alice.home, 'none')], 3), {
    code: 'file/not-found',
  })
  const masked = await alice.text(['filter', 'list'])
  t.notMatch(masked.out, /Falcon|ghp_aB3dE/)
  t.match((await alice.text(['filter', 'list', '--reveal'])).out, /Falcon.*Hawk.*rule:ipv4/s)

  const preview = await alice.text(['share', 'preview', conversation])
  t.match(preview.out, /deny-list.*Findings block this share\..*--on-findings redact/s)
  t.match(await alice.fail(['share', 'create', conversation, '--to', 'bob', '--yes'], 4), {
    code: 'filter/findings',
  })
  const scan = await alice.text(['scan'])
  t.match(scan.out, /Keys.*1 secret.*#1.*deny-list.*Looked over 1 conversation with 2 messages: 1 secret/s)
  t.match(await alice.run(['scan', conversation.slice(0, 8), '--severity', 'personal']), {
    conversations: [],
    scanned: 1,
    messages: 2,
    secrets: 0,
  })
  t.match(await alice.fail(['scan', 'zzzz'], 3), { code: 'conversation/not-found' })
  t.match(await alice.run(['filter', 'deny', 'remove', '-'], { input: 'falcon\nhawk\n' }), {
    removed: 2,
    entries: 0,
  })
  t.match(await alice.run(['filter', 'deny', 'remove', 'falcon']), { removed: 0, changed: false })
  t.match(await alice.run(['share', 'create', conversation, '--to', 'bob', '--yes']), { findings: [] })
})

t.test('on a terminal alice is asked for each share that should not be out', async t => {
  const { alice, conversation } = await aliceAndBob(t, `use ${TOKEN}`)
  for (const title of ['One', 'Two', 'Three'])
    await alice.run([
      ...[
        'share',
        'create',
        conversation,
        '--to',
        'bob',
        '--title',
        title,
        '--on-findings',
        'allow',
        '--yes',
      ],
    ])
  const screen = onTerminal(t, ['scan', '--shares', '--home', alice.home])
  await screen.sees('github-token')
  await screen.sees('Take it back (r), replace it by a redacted one (i), or leave it (l)?')
  screen.type('r')
  await screen.sees('Took it back.')
  await screen.sees('or leave it (l)?')
  screen.type('i')
  await screen.sees('goes out in its place.')
  await screen.sees('or leave it (l)?')
  screen.type('\r')
  await screen.sees('Looked over 3 shares')
  t.equal(await screen.ended, 0)
  const { shares } = await alice.run<{ shares: { state: string }[] }>(['share', 'list', '--mine'])
  t.equal(shares.length, 4)
  t.equal(shares.filter(one => one.state === 'revoked').length, 2)

  const unsure = onTerminal(t, ['scan', '--shares', '--revoke', '--home', alice.home])
  await unsure.sees('Take it back (y/n)?')
  unsure.type('n')
  await unsure.sees('Looked over 2 shares')
  t.equal(await unsure.ended, 0)
  const interrupted = onTerminal(t, ['scan', '--shares', '--home', alice.home])
  await interrupted.sees('or leave it (l)?')
  interrupted.type('\u0003')
  t.equal(await interrupted.ended, 130)

  const typed = onTerminal(t, ['filter', 'deny', 'add', '--home', alice.home])
  await typed.sees('Text: ')
  typed.type('falcon\r')
  await typed.sees('Added 1 entry')
  t.equal(await typed.ended, 0)
  t.notMatch(typed.text(), /falcon/, 'what is typed is not shown')
})
