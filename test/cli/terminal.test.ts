import { join } from 'node:path'
import t from 'tap'
import { person, ROOT, vivim } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'
import { KEY, onTerminal } from '../kit/terminal.ts'

// Whole processes, on machines that do other things too.
t.setTimeout(300_000)

const FIXTURES = join(ROOT, 'test', 'fixtures', 'conversations')

t.test('alice shares from the dialog: she chooses a circle, sees what leaves, and says yes', async t => {
  const alice = await person(t, 'alice')
  const bob = await person(t, 'bob')
  await Promise.all([alice.start(), bob.start()])
  await alice.run(['import', FIXTURES])
  const { conversations } = await alice.run<{
    conversations: { id: string; title: string; messages: number }[]
  }>(['conversation', 'list'])
  const conversation = conversations.find(one => one.messages > 1)
  t.ok(conversation)
  const { card } = await bob.run<{ card: string }>(['contact', 'card'])
  await alice.run(['contact', 'add', '-', '--name', 'bob'], { input: card })
  await alice.run(['circle', 'create', 'team'])
  await alice.run(['circle', 'add', 'team', 'bob'])

  const screen = onTerminal(t, [
    'share',
    'create',
    conversation?.id ?? '',
    '--home',
    alice.home,
    '--wait',
    'acknowledged',
  ])
  await screen.sees('Who gets it?')
  await screen.sees('team')
  screen.type(' ')
  await screen.sees('[x] team')
  screen.type(KEY.enter)
  await screen.sees('What may they do with it?')
  screen.type(KEY.enter)
  await screen.sees('When does it end?')
  screen.type(KEY.enter)
  await screen.sees('circle team')
  await screen.sees('Share it?')
  screen.type('y')
  await screen.sees('Everybody has it.')
  t.equal(await screen.ended, 0)
  const { shares } = await alice.run<{ shares: { state: string; recipients: object }[] }>([
    'share',
    'list',
    '--mine',
  ])
  t.match(shares, [{ state: 'published', recipients: { total: 1, acknowledged: 1 } }])

  const cancelled = onTerminal(t, [
    'share',
    'create',
    conversation?.id ?? '',
    '--to',
    'bob',
    '--home',
    alice.home,
  ])
  await cancelled.sees('Share it?')
  cancelled.type('n')
  await cancelled.sees('Nothing was shared.')
  t.equal(await cancelled.ended, 130)
  const after = await alice.run<{ shares: unknown[] }>(['share', 'list', '--mine'])
  t.equal(after.shares.length, 1)

  const refused = await alice.fail(['share', 'create', conversation?.id ?? '', '--to', 'bob'], 2)
  t.equal(refused.code, 'usage/input-needed', 'without a terminal it does not ask')
})

t.test('a passphrase is asked for twice, without echo, and unlocks afterwards', async t => {
  const home = join(tempFolder(t), 'carol')
  const init = onTerminal(t, ['init', '--name', 'carol', '--home', home, '--listen', '/ip4/127.0.0.1/tcp/0'])
  await init.sees('Passphrase')
  init.type(`tea leaves${KEY.enter}`)
  await init.sees('Again')
  init.type(`coffee${KEY.enter}`)
  await init.sees('They differ')
  await init.sees('Passphrase')
  init.type(`tea leaves${KEY.enter}`)
  await init.sees('Again')
  init.type(`tea leaves${KEY.enter}`)
  await init.sees('Made a home for carol')
  t.equal(await init.ended, 0)
  t.notMatch(init.text(), /tea leaves/)

  const start = onTerminal(t, ['daemon', 'start', '--home', home])
  await start.sees('is ready')
  t.equal(await start.ended, 0)
  t.teardown(() => vivim(['daemon', 'stop', '--home', home]))
  const unlock = onTerminal(t, ['unlock', '--home', home])
  await unlock.sees('Passphrase')
  unlock.type(`tea leaves${KEY.enter}`)
  await unlock.sees('Unlocked')
  t.equal(await unlock.ended, 0)
  const interrupted = onTerminal(t, ['unlock', '--home', home, '--for', '1h'])
  await interrupted.sees('Passphrase')
  interrupted.type(KEY.interrupt)
  t.equal(await interrupted.ended, 130)
})

t.test('Ctrl-C at a question ends the program, a no says so, and the circle stays', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  await alice.run(['circle', 'create', 'team'])
  const close = ['circle', 'close', 'team', '--home', alice.home]
  const interrupted = onTerminal(t, close)
  await interrupted.sees('Close this circle for good?')
  interrupted.type(KEY.interrupt)
  t.equal(await interrupted.ended, 130)
  t.notMatch(interrupted.text(), /defect/)
  const refused = onTerminal(t, close)
  await refused.sees('Close this circle for good?')
  refused.type('n')
  refused.type(KEY.enter)
  t.equal(await refused.ended, 130)
  t.match(refused.text(), /nothing was changed/)
  const { circles } = await alice.run<{ circles: { state: string }[] }>(['circle', 'list'])
  t.match(circles, [{ state: 'active' }])
})

t.test('what leaves, or ends a person, needs a yes where nobody can be asked', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  await alice.run(['circle', 'create', 'team'])
  for (const args of [
    ['user', 'delete', 'bob'],
    ['share', 'create', 'k7x2', '--circle', 'team'],
    ['proposal', 'approve', 'q3fz'],
    ['scan', '--shares', '--revoke'],
  ])
    t.match(
      await alice.fail(args, 2),
      { code: 'usage/input-needed', details: { flag: '--yes' } },
      args.join(' '),
    )
  const { circles } = await alice.run<{ circles: { state: string }[] }>(['circle', 'list'])
  t.match(circles, [{ state: 'active' }])
  t.equal((await alice.fail(['circle', 'transfer', 'team', 'bob'], 3)).code, 'contact/not-found')
  t.equal((await alice.fail(['circle', 'leave', 'team', '--yes'], 4)).code, 'circle/denied')
  t.equal((await alice.fail(['device', 'revoke', 'laptop'], 3)).code, 'device/not-found')
  t.equal((await alice.fail(['identity', 'move', '--to', 'vivim1'], 5)).code, 'card/invalid')
  t.match(await alice.run(['circle', 'close', 'team']), { state: 'closed', changed: true })
})

t.test('--no-input asks for nothing, on a terminal too', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  const file = join(tempFolder(t), 'alice.vivim')
  await alice.run(['identity', 'export', file, '--passphrase-file', '-'], { input: 'kept elsewhere\n' })
  const renew = onTerminal(t, ['identity', 'renew', '--recovery', file, '--no-input', '--home', alice.home])
  t.equal(await renew.ended, 2)
  t.match(renew.text(), /--export-passphrase-file/)
})
