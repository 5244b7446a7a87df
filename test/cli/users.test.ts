/** The operator of a node and the people on it, at the command line. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { person, vivim } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'
import { onTerminal } from '../kit/terminal.ts'

t.setTimeout(300_000)

t.test('an operator makes users, who open sessions, work, and end them', async t => {
  const state = tempFolder(t)
  const alice = await person(t, 'alice')
  const socket = join(state, 'group', 'vivim.sock')
  mkdirSync(join(state, 'group'), { mode: 0o755 })
  appendFileSync(
    join(alice.home, 'config.toml'),
    `\n[sockets]\ngroup = ${process.getgid?.() ?? 0}\npath = "${socket}"\nmonitor = true\n`,
  )
  await alice.start()
  const secret = join(state, 'bob.passphrase')
  writeFileSync(secret, 'correct horse\n', { mode: 0o600 })

  const run = async (args: readonly string[], env: Record<string, string> = {}, input = '') => {
    const { code, out, err } = await vivim([...args, '--json', '--no-input'], {
      env: { XDG_STATE_HOME: state, ...env },
      input,
    })
    const text = code === 0 ? out : (err.trim().split('\n').at(-1) ?? '')
    return { ...(JSON.parse(text) as { did: string; file: string }), code }
  }
  const home = { VIVIM_HOME: alice.home }

  t.match(await run(['user', 'create', 'bob'], home), { code: 2, error: { code: 'usage/input-needed' } })
  const bob = await run(['user', 'create', 'bob', '--passphrase-file', '-'], home, 'correct horse\n')
  t.match(bob, { code: 0, name: 'bob', changed: true })
  t.match(await run(['user', 'create', 'bob', '--passphrase-file', secret], home), {
    did: bob.did,
    changed: false,
  })
  t.match(await run(['user', 'create', 'carol', '--no-passphrase'], home), { name: 'carol', changed: true })
  t.match(await run(['user', 'create', 'did:key:x', '--no-passphrase'], home), { code: 2 })
  t.match(await run(['user', 'list'], home), {
    users: [{ name: 'alice', operator: true }, { name: 'bob', unlocked: false }, { name: 'carol' }],
  })
  t.match(await run(['init', '--name', 'alice', '--no-passphrase'], home), { name: 'alice', changed: false })

  t.comment('who one is has to be said')
  for (const args of [['status'], ['conversation', 'list'], ['contact', 'card']])
    t.match(await run(args, home), { code: 2, error: { code: 'usage/input-needed' } }, args.join(' '))
  t.match(await run(['status', '--as', 'alice'], home), { identity: { name: 'alice' } })
  t.match(await run(['status'], { ...home, VIVIM_AS: 'carol' }), { identity: { name: 'carol' } })
  t.match(await run(['status', '--as', 'bob'], home), { code: 4, error: { code: 'session/needed' } })
  t.match(await run(['status', '--as', 'nobody'], home), { code: 3, error: { code: 'user/not-found' } })

  t.comment('a session, kept in a file for bob alone')
  const wrong = join(state, 'wrong')
  writeFileSync(wrong, 'wrong\n')
  t.match(await run(['session', 'open', '--as', 'bob', '--passphrase-file', wrong], home), {
    code: 4,
    error: { code: 'session/refused' },
  })
  const opened = await run(['session', 'open', '--as', 'bob', '--passphrase-file', secret], home)
  t.match(opened, { code: 0, did: bob.did, unlocked: false, changed: true })
  t.notOk('token' in opened, 'the token is shown to nobody')
  t.equal(statSync(opened.file).mode & 0o777, 0o600)
  t.match(await run(['status', '--as', 'bob'], home), { identity: { did: bob.did, unlocked: false } })
  t.match(await run(['status'], home), { code: 2 }, 'nobody becomes bob without saying so')
  t.match(await run(['user', 'list', '--as', 'bob'], home), { code: 4, error: { code: 'rpc/denied' } })
  chmodSync(opened.file, 0o644)
  const own = { ...home, VIVIM_SESSION: opened.file }
  t.match(await run(['status'], own), { code: 5, error: { code: 'file/unusable' } }, 'others could read it')

  t.comment('on the group socket, where the home cannot be read')
  const group = { VIVIM_SOCKET: socket }
  t.match(await run(['status'], group), { code: 4, error: { code: 'session/needed' } })
  t.match(
    await run(
      ['session', 'open', '--as', 'bob', '--passphrase-file', secret, '--unlock', '--for', '1h'],
      group,
    ),
    {
      unlocked: true,
    },
  )
  t.match(await run(['contact', 'card'], group), { name: 'bob' })
  t.match(await run(['status', '--socket', socket]), { identity: { name: 'bob' } })
  t.match(await run(['session', 'list'], group), { sessions: [{ current: true }, { current: false }] })
  t.match(await run(['status'], { VIVIM_SOCKET: join(alice.home, 'run', 'monitor.sock') }), {
    identity: null,
  })
  const out = join(state, 'script.session')
  await run(['session', 'open', '--as', 'bob', '--passphrase-file', secret, '--out', out], group)
  t.match(await run(['conversation', 'list'], { ...group, VIVIM_SESSION: out }), { conversations: [] })
  t.match(
    await run(['session', 'open', '--as', 'bob', '--passphrase-file', secret, '--out', out], group),
    { file: out, changed: true },
    'an earlier session makes room for the next',
  )
  const fresh = { ...group, VIVIM_SESSION: join(state, 'fresh.session') }
  t.match(await run(['session', 'open', '--as', 'bob', '--passphrase-file', secret], fresh), {
    file: fresh.VIVIM_SESSION,
  })
  t.match(await run(['session', 'end'], fresh), { ended: 1 })
  const notes = join(state, 'notes')
  const link = join(state, 'link')
  writeFileSync(notes, 'my notes', { mode: 0o600 })
  symlinkSync(notes, link)
  for (const [place, env] of [
    [notes, { ...group, VIVIM_SESSION: notes }],
    [notes, group],
    [link, group],
    [state, group],
  ] as const) {
    const named = 'VIVIM_SESSION' in env ? [] : ['--out', place]
    t.match(
      await run(['session', 'open', '--as', 'bob', '--passphrase-file', secret, ...named], env),
      { code: 6, error: { code: 'file/exists', details: { path: place } } },
      'what holds no session is not written over',
    )
  }
  t.equal(readFileSync(notes, 'utf8'), 'my notes')
  t.same(
    readdirSync(state).filter(name => name.endsWith('.new')),
    [],
    'nor is a token left beside it',
  )
  const { token } = JSON.parse(readFileSync(out, 'utf8'))
  t.match(await run(['session', 'end'], { ...group, VIVIM_SESSION: out }), { ended: 1, changed: true })
  writeFileSync(
    out,
    JSON.stringify({ token, sessionId: 'x', did: bob.did, name: 'bob', expiresAt: '2099-01-01' }),
    {
      mode: 0o600,
    },
  )
  t.match(await run(['conversation', 'list'], { ...group, VIVIM_SESSION: out }), {
    code: 4,
    error: { code: 'session/invalid' },
  })
  t.match(await run(['session', 'end', '--all'], group), { ended: 3 })
  t.match(await run(['status'], group), { code: 4, error: { code: 'session/needed' } })

  t.comment('the node is stopped by its operator alone, at the socket that is named')
  const elsewhere = { VIVIM_HOME: join(state, 'nowhere') }
  t.match(await run(['daemon', 'stop', '--socket', socket], elsewhere), {
    code: 4,
    error: { code: 'session/needed' },
  })
  await run(['session', 'open', '--as', 'bob', '--passphrase-file', secret], group)
  for (const [args, env] of [
    [['--socket', socket], elsewhere],
    [['--as', 'carol'], home],
  ] as const)
    t.match(await run(['daemon', 'stop', ...args], env), { code: 4, error: { code: 'rpc/denied' } })
  for (const verb of ['start', 'restart', 'logs'])
    t.match(await run(['daemon', verb], { ...home, ...group }), { code: 2, error: { code: 'usage/invalid' } })
  t.match(await run(['status', '--as', 'alice'], home), { identity: { name: 'alice' } }, 'it still runs')
  const ownersSocket = join(alice.home, 'run', 'vivimd.sock')
  t.match(await run(['daemon', 'stop', '--socket', ownersSocket], elsewhere), {
    stopped: true,
    changed: true,
  })
  t.match(await run(['daemon', 'stop', '--socket', ownersSocket], elsewhere), {
    stopped: true,
    changed: false,
  })
  await alice.start()

  t.comment('the end of bob; the daemon is stopped without saying who one is')
  t.match(await run(['user', 'delete', 'bob'], home), { code: 2, error: { code: 'usage/input-needed' } })
  t.match(await run(['user', 'delete', 'bob', '--yes'], home), { name: 'bob', changed: true })
  t.match(await run(['user', 'delete', 'alice', '--yes'], home), {
    code: 4,
    error: { code: 'user/operator' },
  })
  t.match(await run(['user', 'migrate'], home), { users: [{ changed: false }, { changed: false }] })
})

t.test('on a terminal the passphrase is asked for, and a removal waits for a yes', async t => {
  const state = tempFolder(t)
  const alice = await person(t, 'alice')
  await alice.start()
  const create = onTerminal(t, ['user', 'create', 'bob', '--home', alice.home])
  await create.sees('Passphrase')
  create.type('correct horse\r')
  await create.sees('Again')
  create.type('correct horse\r')
  t.equal(await create.ended, 0)
  t.match(create.text(), /can read this account while it is unlocked/)
  const env = { XDG_STATE_HOME: state }
  const open = onTerminal(t, ['session', 'open', '--as', 'bob', '--home', alice.home], env)
  await open.sees('Passphrase')
  open.type('correct horse\r')
  t.equal(await open.ended, 0)
  t.match(open.text(), /You are bob/)
  const no = onTerminal(t, ['user', 'delete', 'bob', '--home', alice.home])
  await no.sees('[y/N]')
  no.type('\r')
  t.equal(await no.ended, 130)
  const yes = onTerminal(t, ['user', 'delete', 'bob', '--home', alice.home])
  await yes.sees('[y/N]')
  yes.type('y\r')
  t.equal(await yes.ended, 0)
  t.match(yes.text(), /Removed bob/)
})
