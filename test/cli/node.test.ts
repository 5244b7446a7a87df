import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { person, plainEnv, ROOT, VIVIM, vivim } from '../kit/cli.ts'
import { vivimd } from '../kit/daemon.ts'
import { tempFolder } from '../kit/home.ts'

// Whole processes, on machines that do other things too.
t.setTimeout(300_000)

t.test('a new user makes a home, starts the node, sees its state, and stops it', async t => {
  const alice = await person(t, 'alice')
  t.equal(statSync(alice.home).mode & 0o777, 0o700)
  await alice.fail(['status'], 69)
  const started = await alice.start()
  t.equal(started.changed, true)
  const again = await alice.start()
  t.match(again, { pid: started.pid, changed: false })
  const status = await alice.run<{ daemon: { pid: number }; identity: object; warnings: { code: string }[] }>(
    ['status'],
  )
  t.equal(status.daemon.pid, started.pid)
  t.match(status.identity, { name: 'alice', unlocked: true })
  t.ok(status.warnings.some(warning => warning.code === 'identity/not-exported'))
  t.equal(statSync(started.socket).mode & 0o777, 0o600)
  const { out } = await alice.text(['status'])
  t.match(out, /alice, unlocked/)
  t.notOk(out.includes('\u001b'), 'no colour without a terminal')
  const logs = await alice.text(['daemon', 'logs'])
  t.ok(logs.out.split('\n').some(line => line.includes('"msg":"ready"')))
  t.match(await alice.run(['daemon', 'stop']), { stopped: true, changed: true })
  t.match(await alice.run(['daemon', 'stop']), { stopped: true, changed: false })
  t.notOk(existsSync(join(alice.home, 'run', 'vivimd.pid')))
})

t.test('init again changes nothing; another name is a conflict', async t => {
  const alice = await person(t, 'alice')
  const again = await alice.run<{ changed: boolean; did: string }>([
    'init',
    '--name',
    'alice',
    '--no-passphrase',
  ])
  t.equal(again.changed, false)
  const conflict = await alice.fail(['init', '--name', 'bob', '--no-passphrase'], 6)
  t.equal(conflict.code, 'home/conflict')
})

t.test('init without a passphrase and nobody to ask says what is needed', async t => {
  const { code, err, out } = await vivim([
    'init',
    '--name',
    'a',
    '--home',
    join(tempFolder(t), 'h'),
    '--json',
  ])
  t.equal(code, 2)
  t.equal(out, '')
  t.match(JSON.parse(err), { error: { code: 'usage/input-needed', details: { flag: '--passphrase-file' } } })
})

t.test('a locked keystore is unlocked by its passphrase and by no other', async t => {
  const alice = await person(t, 'alice', { passphrase: 'correct horse' })
  await alice.start()
  t.match(await alice.run(['status']), { identity: { unlocked: false } })
  t.match(await alice.fail(['unlock'], 2), { code: 'usage/input-needed' })
  const wrong = await alice.fail(['unlock', '--passphrase-file', '-'], 4, { input: 'wrong\n' })
  t.equal(wrong.code, 'keystore/wrong-passphrase')
  const file = join(alice.home, '..', 'pass')
  writeFileSync(file, 'correct horse\n')
  const opened = await alice.run<{ until: string | null }>([
    'unlock',
    '--passphrase-file',
    file,
    '--for',
    '1h',
  ])
  t.match(opened, { unlocked: true, changed: true })
  t.match(opened.until, /^\d{4}-.*Z$/)
  t.match(await alice.run(['unlock']), { unlocked: true, changed: false })
  t.match(await alice.run(['lock']), { unlocked: false, changed: true })
  t.match(await alice.run(['lock']), { unlocked: false, changed: false })
})

t.test('the identity is exported to a new file, once, and the warning ends', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  const file = join(alice.home, '..', 'alice.vivim')
  const args = ['identity', 'export', file, '--passphrase-file', '-']
  t.match(await alice.run(args, { input: 'for the export\n' }), { path: file, changed: true })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.match(await alice.fail(args, 6, { input: 'for the export\n' }), { code: 'file/exists' })
  const { warnings } = await alice.run<{ warnings: { code: string }[] }>(['status'])
  t.notOk(warnings.some(warning => warning.code === 'identity/not-exported'))
  t.match(await alice.run(['identity', 'show']), {
    exported: true,
    name: 'alice',
    devices: [{ current: true }],
  })
})

t.test('wrong usage ends with 2 and one JSON document on stderr', async t => {
  for (const args of [
    ['nonsense'],
    ['share', 'nonsense'],
    ['share'],
    [],
    ['status', '--nonsense'],
    ['peer', 'connect'],
    ['inbox', 'list', '--wait', 'soon'],
    ['share', 'create', 'x', '--allow', 'fly', '--yes'],
    ['share', 'create', 'x', '--to', 'bob'],
    ['share', 'preview', 'x', '--messages', 'all'],
    ['rpc'],
    ['rpc', 'system.status', '{'],
  ]) {
    const { code, out, err } = await vivim([...args, '--json', '--home', '/nonexistent'])
    t.equal(code, 2, args.join(' '))
    t.equal(out, '')
    t.notMatch(JSON.parse(err).error.message, /--help|^Parsing/, 'what to do next is the hint')
    t.match(JSON.parse(err), { error: { code: /^usage\//, message: String, hint: String } })
  }
})

t.test('help comes however it is asked for', async t => {
  for (const args of [['help', 'share'], ['share', '-h'], ['share', '--help'], ['share']])
    t.match(await vivim(args), { code: 0, out: /share create/ }, args.join(' '))
  t.match(await vivim(['help', 'share', 'create']), { code: 0, out: /--expect-digest/ })
  t.match(await vivim(['-h']), { code: 0, out: /TOPICS/ })
})

t.test('names that cannot be seen, and no time to stay unlocked, are refused', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  await alice.fail(['circle', 'create', '  '], 2)
  await alice.fail(['contact', 'accept', 'did:key:z6Mk', '--name', ' '], 2)
  await alice.fail(['unlock', '--for', '0s'], 2)
  t.match(await alice.run(['unlock', '--for', '1h']), { unlocked: true })
  t.match(
    await alice.run(['rpc', 'circle.create', JSON.stringify({ name: 'half \ud800' })]),
    { name: 'half \ufffd' },
    'half a character becomes a mark, as everywhere',
  )
})

t.test('a share to a circle of one says that nobody gets it', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  await alice.run(['import', join(ROOT, 'examples', 'conversations.json')])
  await alice.run(['circle', 'create', 'solo'])
  const { conversations } = await alice.run<{ conversations: { id: string }[] }>(['conversation', 'list'])
  const id = conversations[0]?.id ?? ''
  t.match(await alice.text(['share', 'create', id, '--circle', 'solo', '--yes']), {
    code: 0,
    out: /Nobody else is in that circle/,
  })
})

t.test('without a daemon every command that needs one ends with 69', async t => {
  for (const args of [
    ['status'],
    ['peer', 'list'],
    ['inbox', 'list'],
    ['conversation', 'list'],
    ['daemon', 'restart'],
  ]) {
    const { code, err } = await vivim([...args, '--json', '--home', '/nonexistent'])
    const expected = args[1] === 'restart' ? 3 : 69
    t.equal(code, expected, args.join(' '))
    t.equal(JSON.parse(err).error.code, expected === 3 ? 'home/missing' : 'daemon/not-running')
  }
})

t.test('every command has help with an example', async t => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'))
  const commands = Object.values(manifest.commands) as {
    id: string
    summary?: string
    examples?: unknown[]
  }[]
  t.ok(commands.length > 40)
  for (const { id, summary, examples } of commands) {
    t.match(summary, /^[A-Z].*\.$/, `${id} has a summary`)
    t.ok((examples ?? []).length > 0, `${id} has an example`)
  }
  const { code, out } = await vivim(['share', 'create', '--help'])
  t.equal(code, 0)
  t.match(out, /--expect-digest/)
})

t.test(
  'who does not live here is not found, and a list that finds nothing does not call the home empty',
  async t => {
    const alice = await person(t, 'alice')
    await alice.start()
    t.match(await alice.text(['conversation', 'list']), { code: 0, out: /vivim import PATH/ })
    await alice.run(['import', join(ROOT, 'examples', 'conversations.json')])
    t.match(await alice.fail(['conversation', 'list', '--as', 'nobody'], 3), { code: 'user/not-found' })
    t.same((await alice.run<{ next: null }>(['conversation', 'list', '--as', 'alice'])).next, null)
    for (const narrow of [
      ['--query', 'quokkaquokka'],
      ['--provider', 'nobody'],
    ])
      t.match(await alice.text(['conversation', 'list', ...narrow]), { code: 0, out: /^None was found\.\n$/ })
  },
)

t.test('any method can be called by name, and the methods can be listed', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  const { methods } = await alice.run<{ methods: { name: string }[] }>(['rpc', '--list'])
  t.ok(methods.some(method => method.name === 'share.create'))
  t.match(await alice.run(['rpc', 'conversation.list', '{"limit":1}']), { conversations: [] })
  t.match(await alice.run(['rpc', 'conversation.list', '-'], { input: '{}' }), { conversations: [] })
  t.match(await alice.fail(['rpc', 'no.such'], 2), { code: 'rpc/unknown-method' })
  t.match(await alice.fail(['rpc', 'conversation.list', '{"limit":0}'], 2), {
    code: 'rpc/invalid-params',
    details: { field: 'limit' },
  })
})

t.test('Ctrl-C ends a waiting command with 130', async t => {
  const alice = await person(t, 'alice')
  const { socket } = await alice.start()
  t.ok(socket)
  const child = spawn(process.execPath, [VIVIM, 'daemon', 'logs', '--follow', '--home', alice.home], {
    env: plainEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise(resolve => child.on('close', (code, signal) => resolve(code ?? signal)))
  await new Promise(resolve => child.stdout.once('data', resolve))
  child.kill('SIGINT')
  t.equal(await closed, 130)
})

t.test('vivimd in the foreground says when it is ready and stops on a signal', async t => {
  const alice = await person(t, 'alice')
  const daemon = vivimd(t, ['--home', alice.home])
  const ready = await daemon.ready
  t.match(ready, { event: 'ready', socket: String, peerId: /^12D3/, addrs: Array, pid: daemon.child.pid })
  const second = await vivimd(t, ['--home', alice.home]).ended
  t.equal(second.code, 6)
  const said = second.err
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(said.at(-1), { level: 'error', code: 'daemon/already-running', hint: String })
  daemon.child.kill('SIGTERM')
  const { code, err } = await daemon.ended
  t.equal(code, 0)
  for (const line of err.trim().split('\n')) t.ok(JSON.parse(line).level, 'the log is JSON lines')
})

t.test('vivimd outlives whoever read its stdout', async t => {
  const alice = await person(t, 'alice')
  const daemon = vivimd(t, ['--home', alice.home])
  await daemon.ready
  daemon.child.stdout?.destroy()
  t.match(await alice.run(['status']), { identity: { name: 'alice' } })
  daemon.child.kill('SIGINT')
  t.equal((await daemon.ended).code, 0)
})

t.test('a missing home and a broken config are told in one line with their code', async t => {
  const missing = await vivimd(t, ['--home', join(tempFolder(t), 'none')]).ended
  t.equal(missing.code, 3)
  t.match(JSON.parse(missing.err), { code: 'home/missing', level: 'error' })
  const alice = await person(t, 'alice')
  writeFileSync(join(alice.home, 'config.toml'), 'name = "alice"\nnonsense = 1\n')
  const broken = await vivimd(t, ['--home', alice.home]).ended
  t.equal(broken.code, 2)
  t.match(JSON.parse(broken.err), { code: 'home/config', msg: /nonsense/ })
  const { code } = await alice.fail(['daemon', 'start'], 2)
  t.equal(code, 'home/config', 'daemon start says why it did not')
})
