/** What comes on stdin goes where `-` asks for it, and nowhere else. */
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t from 'tap'
import { socketPathOf } from '../../src/core/contract/socket-path.ts'
import { person, vivim } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'

t.setTimeout(300_000)

t.test('alice comes back from her words on stdin, and they are never taken for a file name', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  const { did } = await alice.run<{ did: string }>(['identity', 'show'])
  const { words } = await alice.run<{ words: string[] }>(
    ['identity', 'export', join(tempFolder(t), 'alice.vivim'), '--words', '--passphrase-file', '-'],
    { input: 'a passphrase\n' },
  )
  await alice.stop()
  const again = ['identity', 'import', '--words', '-', '--from', alice.home, '--no-passphrase']
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--json', '--no-input']
  const wrong = await vivim([...again, ...listen, '--home', join(tempFolder(t), 'wrong')], {
    input: `${words.slice(0, 23).join(' ')}\n`,
  })
  t.equal(wrong.code, 5)
  t.equal(JSON.parse(wrong.err).error.code, 'identity/words')
  t.notMatch(wrong.err, words.slice(0, 4).join(' '))
  const back = await vivim([...again, ...listen, '--home', join(tempFolder(t), 'back')], {
    input: `${words.join(' ')}\n`,
  })
  t.equal(back.code, 0, back.err)
  t.match(JSON.parse(back.out), { did, changed: true })
})

t.test('a passphrase on stdin does not become the name that was forgotten', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  for (const args of [
    ['user', 'create'],
    ['identity', 'export'],
  ]) {
    const error = await alice.fail([...args, '--passphrase-file', '-'], 2, { input: 'correct horse\n' })
    t.equal(error.code, 'usage/invalid')
    t.notMatch(JSON.stringify(error), 'correct horse')
  }
  t.match(await alice.run(['user', 'list']), { users: { length: 1 } })
})

t.test('a passphrase that was given as an argument is not said again', async t => {
  for (const args of [['unlock'], ['lock'], ['init', '--name', 'alice']]) {
    const { code, err } = await vivim([...args, 'correct-horse', 'battery', '--json'])
    t.equal(code, 2)
    t.match(JSON.parse(err), {
      error: { code: 'usage/invalid', message: /more arguments than the command takes/ },
    })
    t.notMatch(err, /correct-horse|battery/)
  }
})

t.test('a passphrase is not told to a socket in a folder that somebody else made', async t => {
  const runtime = mkdtempSync(join(tmpdir(), 'vivim-'))
  t.teardown(() => rmSync(runtime, { recursive: true }))
  const home = join(runtime, 'x'.repeat(100))
  const real = join(runtime, 'real')
  mkdirSync(real, { mode: 0o700 })
  const folder = join(runtime, 'vivim')
  symlinkSync(real, folder)
  let told = 0
  const impostor = createServer(socket => {
    told += 1
    socket.destroy()
  })
  impostor.listen(join(real, basename(socketPathOf(home, runtime))))
  await once(impostor, 'listening')
  t.teardown(() => impostor.close())
  const unlock = async () => {
    const { err } = await vivim(
      ['unlock', '--passphrase-file', '-', '--home', home, '--json', '--no-input'],
      {
        env: { XDG_RUNTIME_DIR: runtime },
        input: 'correct horse\n',
      },
    )
    return JSON.parse(err.trim().split('\n').at(-1) ?? '').error
  }
  t.match(await unlock(), { code: 'daemon/not-ready', details: { folder } }, 'a link')
  rmSync(folder)
  renameSync(real, folder)
  chmodSync(folder, 0o777)
  t.match(await unlock(), { code: 'daemon/not-ready', details: { folder } }, 'open to everybody')
  t.equal(told, 0)
  chmodSync(folder, 0o700)
  await unlock()
  t.equal(told, 1, 'the folder of oneself is trusted')
})
