import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readSmall, shred, writeDurable } from '../../src/daemon/durable-file.ts'
import {
  HOME_FORMAT,
  homePaths,
  keepPorts,
  listUsers,
  lockHome,
  openHome,
  prepareSocket,
  readFormat,
  readNodeSeed,
  withKeptPorts,
} from '../../src/daemon/home.ts'
import { makePerson } from '../kit/person.ts'

const alice = makePerson('alice')
const modeOf = (path: string): number => statSync(path).mode & 0o777

t.test('a folder without a format is no home', async t => {
  t.throws(() => openHome(t.testdir()), { code: 'home/missing' })
  t.throws(() => openHome(join(t.testdir(), 'nowhere')), { code: 'home/missing' })
})

t.test('a home of a newer VIVIM is left alone', async t => {
  t.throws(() => openHome(t.testdir({ format: `${HOME_FORMAT + 1}\n` })), {
    code: 'home/format',
    details: { format: HOME_FORMAT + 1, known: HOME_FORMAT },
  })
  t.throws(() => readFormat(homePaths(t.testdir({ format: 'one' }))), { code: 'home/format' })
})

t.test('opening a home closes its folders to others', async t => {
  const root = t.testdir({ format: '1\n', users: {}, run: {} })
  for (const path of [root, join(root, 'users')]) chmodSync(path, 0o755)
  const paths = openHome(root)
  for (const path of [root, paths.users, paths.blocks, paths.run, paths.tmp])
    t.equal(modeOf(path), 0o700, path)
})

t.test('only folders that are named like a DID are users', async t => {
  const name = alice.keystore.did.replaceAll(':', '_')
  const root = t.testdir({ users: { [name]: {}, new: {}, did_key_z6Mk: {}, '.tmp': {} } })
  t.same(listUsers(homePaths(root)), [alice.keystore.did])
  t.same(listUsers(homePaths(join(root, 'nowhere'))), [])
})

t.test('a node key that is not 32 bytes is damaged', async t => {
  const root = t.testdir({ 'node.key': 'short' })
  t.throws(() => readNodeSeed(homePaths(root)), { code: 'keystore/corrupt' })
  t.throws(() => readNodeSeed(homePaths(join(root, 'nowhere'))), { code: 'home/missing' })
})

t.test('a second daemon is kept out until the first has released the home', async t => {
  const paths = homePaths(t.testdir())
  const lock = lockHome(paths)
  t.throws(() => lockHome(paths), { code: 'daemon/already-running' })
  lock.release()
  lockHome(paths).release()
})

t.test('the lock of a daemon that was killed is free at once', async t => {
  const root = t.testdir()
  const home = new URL('../../src/daemon/home.js', import.meta.url).href
  const script = `const { homePaths, lockHome } = await import(${JSON.stringify(home)})
    globalThis.held = lockHome(homePaths(${JSON.stringify(root)}))
    process.stdout.write('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const [said] = await once(child.stdout, 'data')
  t.equal(String(said), 'held')
  t.throws(() => lockHome(homePaths(root)), { code: 'daemon/already-running' })
  child.kill('SIGKILL')
  await ended
  lockHome(homePaths(root)).release()
})

t.test('the socket lies in the home, or where the path is too long in the user’s own folder', async t => {
  // The folders of the test runner are too deep for a socket.
  const short = mkdtempSync(join(tmpdir(), 'vivim-'))
  t.teardown(() => rmSync(short, { recursive: true }))
  mkdirSync(join(short, 'run'))
  const near = homePaths(short)
  t.equal(prepareSocket(near, join(short, 'unused')), join(short, 'run', 'vivimd.sock'))
  t.equal(readFileSync(near.socketNote, 'utf8'), `${join(short, 'run', 'vivimd.sock')}\n`)

  const deep = join(short, 'x'.repeat(100))
  mkdirSync(join(deep, 'run'), { recursive: true })
  const runtime = join(short, 'r')
  const socket = prepareSocket(homePaths(deep), runtime)
  t.match(socket, /\/r\/vivim\/[0-9a-f]+\.sock$/)
  t.equal(modeOf(join(runtime, 'vivim')), 0o700)
  t.equal(readFileSync(homePaths(deep).socketNote, 'utf8'), `${socket}\n`)
})

t.test('a socket folder that others may write to, or that points elsewhere, is refused', async t => {
  const root = t.testdir({ open: {}, mine: {} })
  const deep = join(root, 'x'.repeat(100))
  mkdirSync(join(deep, 'run'), { recursive: true })
  chmodSync(join(root, 'open'), 0o777)
  t.throws(() => prepareSocket(homePaths(deep), join(root, 'open')), { code: 'daemon/not-ready' })
  chmodSync(join(root, 'mine'), 0o700)
  symlinkSync(join(root, 'mine'), join(root, 'link'))
  t.throws(() => prepareSocket(homePaths(deep), join(root, 'link')), { code: 'daemon/not-ready' })
})

t.test('a port that was given is tried first at the next start', async t => {
  const paths = homePaths(t.testdir({ run: {} }))
  const listen = ['/ip4/127.0.0.1/tcp/4747', '/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']
  t.same(withKeptPorts(paths, listen), listen)
  keepPorts(paths, listen, [
    '/ip4/127.0.0.1/tcp/4747',
    '/ip4/192.0.2.7/tcp/40001/p2p/12D3KooWabc',
    '/ip6/::1/tcp/40002',
  ])
  t.same(withKeptPorts(paths, listen), [
    '/ip4/127.0.0.1/tcp/4747',
    '/ip4/0.0.0.0/tcp/40001',
    '/ip6/::/tcp/40002',
  ])
  t.same(
    withKeptPorts(paths, ['/ip4/127.0.0.1/tcp/0']),
    ['/ip4/127.0.0.1/tcp/0'],
    'another address, another port',
  )
  writeFileSync(paths.listenPorts, 'nonsense\n/ip4/0.0.0.0/tcp/0 99999\n')
  t.same(withKeptPorts(paths, listen), listen)
})

t.test('a small file is replaced whole and private, and a large one is not read', async t => {
  const path = join(t.testdir(), 'file')
  writeDurable(path, 'one')
  writeDurable(path, Buffer.from('two'))
  t.equal(readFileSync(path, 'utf8'), 'two')
  t.equal(modeOf(path), 0o600)
  t.equal(readSmall(path, 2), null)
  t.equal(readSmall(`${path}x`, 2), null)
  t.equal(shred(path), true)
  t.equal(shred(path), false)
})
