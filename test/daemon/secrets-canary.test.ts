// Real daemons through everything that touches keys, at the most talkative level, with what fails and what crashes: no secret stands in
// what is logged, printed, answered, or seen of the processes.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { LABELS } from '../../src/core/crypto/labels.ts'
import { openUnderKey } from '../../src/core/crypto/sealed.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { openKeystore, openRecovery } from '../../src/core/identity/keystore.ts'
import { utf8 } from '../../src/core/kernel/bytes.ts'
import { type Canary, leaked } from '../kit/canary.ts'
import { ended, plainEnv, VIVIM, VIVIMD, vivim } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'
import { introduce, LiveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

const WORDS = {
  passphrase: 'quokka-wombat-zebra-numbat-one',
  wrong: 'potoroo-bilby-dunnart-kowari-two',
  export: 'antechinus-phascogale-ningaui-three',
}
const words: Canary[] = Object.entries(WORDS).map(([name, text]) => ({ name, bytes: utf8(text) }))

/** What can be seen of a process and of all below it while it runs. */
async function watched(
  t: Test,
  args: readonly string[],
  input: string,
): Promise<{ seen: string; said: string; code: number | null; programs: number }> {
  const child = spawn(process.execPath, [VIVIM, ...args], {
    env: plainEnv({ VIVIM_LOG: 'debug' }),
    stdio: 'pipe',
  })
  const seen = new Set<string>()
  const pids = new Set<number>()
  const look = (pid: number): void => {
    pids.add(pid)
    for (const file of ['cmdline', 'environ'])
      try {
        seen.add(readFileSync(`/proc/${pid}/${file}`, 'latin1'))
      } catch {
        // It has ended.
      }
    try {
      for (const below of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' '))
        if (below !== '') look(Number(below))
    } catch {
      // It has ended.
    }
  }
  const timer = setInterval(() => look(child.pid ?? 0), 5)
  t.teardown(() => clearInterval(timer))
  look(child.pid ?? 0)
  child.stdin.end(input)
  const { code, out, err } = await ended(child)
  clearInterval(timer)
  return { seen: [...seen].join('\n'), said: out + err, code, programs: pids.size }
}

/** A person whose home the command line made, with a node that says all it can. */
async function made(t: Test, name: string): Promise<{ node: LiveNode; said: string[] }> {
  const home = join(tempFolder(t), name)
  const said: string[] = []
  const args = [
    'init',
    '--name',
    name,
    '--home',
    home,
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--passphrase-file',
    '-',
    '--json',
  ]
  const first = await watched(t, args, `${WORDS.passphrase}\n`)
  t.equal(first.code, 0, first.said)
  t.ok(first.programs >= 2, 'the daemon that makes the home was seen too')
  t.same(leaked(words, first.seen), [], 'neither in argv nor in the environment of any process')
  said.push(first.said)
  const node = new LiveNode(name, home, JSON.parse(first.said).did, { env: { VIVIM_LOG: 'debug' } })
  t.teardown(() => node.kill())
  await node.start()
  return { node, said }
}

/** Everything that a bare connection answers to these lines. */
async function frames(node: LiveNode, lines: readonly string[]): Promise<string> {
  const socket = createConnection(join(node.home, 'run', 'vivimd.sock'))
  let all = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.setEncoding('utf8').on('data', (text: string) => {
    all += text
    if (all.split('\n').length > lines.length) resolve()
  })
  socket.on('close', () => resolve())
  for (const line of lines) socket.write(`${line}\n`)
  const timer = setTimeout(resolve, 30_000)
  await promise
  clearTimeout(timer)
  socket.destroy()
  return all
}

/** Every key that a person's files hold, as the program itself reads them. */
async function keysOf(node: LiveNode): Promise<Canary[]> {
  const file = (name: string) => new Uint8Array(readFileSync(join(node.userFolder, name)))
  const passphrase = new SecretBytes(utf8(WORDS.passphrase))
  const bytesOf = (secret: SecretBytes) => secret.reveal()
  const keystore = await openKeystore(file('keystore'), passphrase)
  const { seed } = await openRecovery(file('recovery'), passphrase)
  const canaries: Canary[] = Object.entries({ ...keystore, recoverySeed: seed })
    .filter(([, value]) => value instanceof SecretBytes)
    .map(([name, value]) => ({ name, bytes: bytesOf(value as SecretBytes) }))
  canaries.push({ name: 'node key', bytes: new Uint8Array(readFileSync(join(node.home, 'node.key'))) })
  const db = new Database(join(node.userFolder, 'user.db'), { readonly: true })
  try {
    const stored = (place: string, sealed: Uint8Array) =>
      openUnderKey(keystore.storageKey, LABELS.storageKey, utf8(place), Uint8Array.from(sealed))
    const epochs = db.prepare('SELECT circle_id, epoch_id, secret_sealed FROM epoch').all() as Record<
      string,
      never
    >[]
    for (const row of epochs)
      canaries.push({
        name: 'epoch secret',
        bytes: stored(`epoch ${row.circle_id} ${row.epoch_id}`, row.secret_sealed as never),
      })
    const contents = db
      .prepare('SELECT share_id, content_key_sealed FROM share_content WHERE content_key_sealed IS NOT NULL')
      .all() as Record<string, never>[]
    for (const row of contents)
      canaries.push({
        name: 'content key',
        bytes: stored(`content ${row.share_id}`, row.content_key_sealed as never),
      })
  } finally {
    db.close()
  }
  return canaries
}

t.test(
  'no passphrase and no key of alice or bob is ever said, whatever they do and whatever fails',
  async t => {
    const alice = await made(t, 'alice')
    const bob = await made(t, 'bob')
    const people = [alice, bob]
    for (const { node, said } of people) {
      const guess = await watched(
        t,
        ['unlock', '--passphrase-file', '-', '--home', node.home, '--json'],
        `${WORDS.wrong}\n`,
      )
      t.equal(guess.code, 4, guess.said)
      const good = await watched(
        t,
        ['unlock', '--passphrase-file', '-', '--home', node.home],
        `${WORDS.passphrase}\n`,
      )
      t.equal(good.code, 0, good.said)
      t.same(leaked(words, guess.seen + good.seen), [], 'argv and environment')
      said.push(guess.said, good.said)
    }
    await introduce(alice.node, bob.node)
    await alice.node.call('circle.create', { name: 'team' })
    await alice.node.call('circle.add', { circle: 'team', contacts: ['bob'] })
    const conversation = await alice.node.converse('a title', 'a question', 'an answer')
    const { shareId } = await alice.node.call('share.create', { conversation, circles: ['team'] })
    const direct = await alice.node.call('share.create', { conversation, to: ['bob'] })
    for (const share of [shareId, direct.shareId]) {
      await alice.node.acknowledged(share)
      await bob.node.received(share)
      await bob.node.call('inbox.open', { share })
    }
    await alice.node.call('circle.rotate', { circle: 'team' })

    const opened = await alice.node.call('session.open', { passphrase: WORDS.passphrase })
    const token: Canary = { name: 'session token', bytes: utf8(opened.token) }

    // The export: good, into a place that is taken, with words in wrong places.
    const secretFile = join(alice.node.home, 'words')
    writeFileSync(secretFile, `${WORDS.export}\n`)
    const keys = new Map<LiveNode, Canary[]>()
    for (const { node } of people) keys.set(node, await keysOf(node))
    t.ok(
      (keys.get(alice.node) ?? []).length >= 12,
      'identity, device, storage, directory, read, recovery, node, epochs, contents',
    )
    const out = join(tempFolder(t), 'export')
    for (const [args, code] of [
      [['identity', 'export', out, '--passphrase-file', secretFile], 0],
      [['identity', 'export', out, '--passphrase-file', secretFile], 6],
      [['unlock', '--passphrase-file', join(alice.node.home, 'nothing')], 3],
      [['circle', 'show', 'nobody'], 3],
      [['share', 'create', 'nothing', '--to', 'bob', '--yes'], 3],
      [['inbox', 'open', 'nothing'], 3],
      [['contact', 'add', 'vivim1notacard'], 5],
    ] as const) {
      const done = await vivim([...args, '--home', alice.node.home, '--json', '--no-input'], {
        env: { VIVIM_LOG: 'debug', VIVIM_DEBUG: '1' },
      })
      t.equal(done.code, code, `${args.join(' ')}: ${done.err}`)
      alice.said.push(done.out, done.err)
    }

    // Frames that hold a passphrase and go wrong.
    const hello = '{"jsonrpc":"2.0","id":0,"method":"system.hello","params":{"contract":1,"client":"x"}}'
    let id = 10
    const call = (params: string) =>
      `{"jsonrpc":"2.0","id":${id++},"method":"keystore.unlock","params":${params}}`
    const answered = await frames(alice.node, [
      hello,
      call(`{"passphrase":"${WORDS.wrong}"`),
      call(`{"passphrase":{"text":"${WORDS.passphrase}"}}`),
      call(`{"passphrase":["${WORDS.passphrase}"],"for":1}`),
      call(`{"passphrase":"${WORDS.wrong}","for":"1h"}`),
      call(`"${WORDS.passphrase}"`),
      `{"jsonrpc":"2.0","id":2,"method":"identity.export","params":{"passphrase":"","other":"${WORDS.export}"}}`,
      `{"jsonrpc":"2.0","id":3,"method":"identity.exported","params":{"sha256":"${'ab'.repeat(32)}"}}`,
      `"${WORDS.passphrase}`,
    ])
    t.match(answered, /rpc\/parse/)
    t.match(answered, /rpc\/invalid-params/)
    t.match(answered, /keystore\/wrong-passphrase/)
    alice.said.push(answered)

    // A defect behind an unlock: the statement cannot be read, since a folder stands in its place.
    const standing = readdirSync(bob.node.userFolder).find(name => name.startsWith('standing')) ?? ''
    t.not(standing, '')
    await bob.node.call('keystore.lock', {})
    const kept = readFileSync(join(bob.node.userFolder, standing))
    rmSync(join(bob.node.userFolder, standing))
    await bob.node.stop()
    await bob.node.start()
    mkdirSync(join(bob.node.userFolder, standing))
    const defect = await frames(bob.node, [hello, call(`{"passphrase":"${WORDS.passphrase}"}`)])
    t.match(defect, /program\/defect|file\/|storage\//, 'something that nobody foresaw')
    bob.said.push(defect)
    await bob.node.stop()
    rmSync(join(bob.node.userFolder, standing), { recursive: true })
    writeFileSync(join(bob.node.userFolder, standing), kept)

    // A crash at the start: keystore and identity document are damaged.
    for (const name of readdirSync(bob.node.userFolder).filter(file => /^(keystore|identity)/.test(file))) {
      const path = join(bob.node.userFolder, name)
      const whole = readFileSync(path)
      writeFileSync(path, Buffer.concat([whole.subarray(0, whole.length - 20), utf8(WORDS.wrong)]))
      const crashed = await ended(
        spawn(process.execPath, [VIVIMD, '--home', bob.node.home], {
          env: plainEnv({ VIVIM_LOG: 'debug' }),
          stdio: 'pipe',
        }),
      )
      t.not(crashed.code, 0, `${name} is damaged`)
      bob.said.push(crashed.out, crashed.err)
      writeFileSync(path, whole)
    }

    for (const { node, said } of people) {
      const log = JSON.stringify(node.lines) + node.noise.join('\n')
      t.match(log, /"level":"debug"/, 'the most talkative level')
      const canaries = [...words, token, ...(keys.get(alice.node) ?? []), ...(keys.get(bob.node) ?? [])]
      t.same(leaked(canaries, log), [], `${node.name}: the log`)
      t.same(leaked(canaries, said.join('\n')), [], `${node.name}: what commands and frames said`)
      if (node.pid > 0)
        for (const file of ['cmdline', 'environ'])
          t.same(leaked(canaries, readFileSync(`/proc/${node.pid}/${file}`)), [], `${node.name}: ${file}`)
    }
  },
)
