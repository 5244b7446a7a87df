/** What comes on stdin goes where `-` asks for it, and nowhere else. */
import { join } from 'node:path'
import t from 'tap'
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
