import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { deviceOf, parseDocument } from '../../src/core/identity/document.ts'
import { openKeystore, openRecovery } from '../../src/core/identity/keystore.ts'
import { recoveryKeys } from '../../src/core/identity/recovery.ts'
import { sameBytes, utf8 } from '../../src/core/kernel/bytes.ts'
import { type Chance, systemChance } from '../../src/core/kernel/env.ts'
import { readConfig } from '../../src/daemon/config.ts'
import { homePaths, listUsers, lockHome, openHome, privateFolder, userPaths } from '../../src/daemon/home.ts'
import { type InitRequest, initHome } from '../../src/daemon/init.ts'
import { START_MS } from '../kit/person.ts'

const clock = { nowMs: () => START_MS }
const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const ask = (home: string, change: Partial<InitRequest> = {}): InitRequest => ({
  home,
  name: 'alice',
  passphrase: null,
  listen: LISTEN,
  master: null,
  clock,
  chance: systemChance,
  ...change,
})

/** Every file of a home with its mode. */
const files = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(item => item.isFile())
    .map(item => join(item.parentPath, item.name))

async function checkWhole(t: Test, home: string, passphrase: SecretBytes | null): Promise<void> {
  const paths = openHome(home)
  const [did, ...others] = listUsers(paths)
  if (!did) throw new Error('nobody lives here')
  t.same(others, [])
  const user = userPaths(paths, did)
  const keystore = await openKeystore(readFileSync(user.keystore), passphrase)
  const { seed } = await openRecovery(readFileSync(user.recovery), passphrase)
  const document = parseDocument(readFileSync(user.document))
  t.equal(keystore.did, did)
  t.equal(document.did, did)
  t.ok(deviceOf(document, new Ed25519Key(keystore.deviceSign).publicKey))
  t.ok(sameBytes(recoveryKeys(seed).commitment, document.recovery))
  t.equal(readConfig(paths, { logLevel: null, listen: null, bootstrap: null, mdns: null }).name, 'alice')
  t.notOk(files(home).some(path => path.endsWith('.new')))
}

t.test('alice makes a home, and a second time changes nothing', async t => {
  const home = join(t.testdir(), 'home')
  const passphrase = new SecretBytes(utf8('correct horse'))
  const first = await initHome(ask(home, { passphrase }))
  t.match(first, { name: 'alice', home, listen: LISTEN, changed: true, peerId: /^12D3KooW/ })
  await checkWhole(t, home, passphrase)
  const second = await initHome(ask(home, { passphrase: null }))
  t.same(second, { ...first, changed: false })
})

t.test('nobody else can look into a new home', async t => {
  const home = join(t.testdir(), 'home')
  await initHome(ask(home))
  for (const path of files(home)) t.equal(statSync(path).mode & 0o777, 0o600, path)
  for (const item of readdirSync(home, { recursive: true, withFileTypes: true }))
    if (item.isDirectory()) t.equal(statSync(join(item.parentPath, item.name)).mode & 0o777, 0o700, item.name)
  t.equal(statSync(home).mode & 0o777, 0o700)
})

t.test('the recovery seed is only in the sealed file, and the document is by the identity key', async t => {
  const home = join(t.testdir(), 'home')
  const passphrase = new SecretBytes(utf8('correct horse'))
  const { did } = await initHome(ask(home, { passphrase }))
  const user = userPaths(homePaths(home), did)
  const { seed } = await openRecovery(readFileSync(user.recovery), passphrase)
  seed.use(bytes => {
    for (const path of files(home)) t.notOk(readFileSync(path).includes(Buffer.from(bytes)), path)
  })
  t.equal(parseDocument(readFileSync(user.document)).byRecovery, false)
})

t.test('a home of somebody else is not taken over', async t => {
  const home = join(t.testdir(), 'home')
  await initHome(ask(home))
  await t.rejects(initHome(ask(home, { name: 'bob' })), { code: 'home/conflict' })
})

t.test('a folder with other files does not become a home', async t => {
  const home = t.testdir({ 'holiday.jpg': 'x' })
  await t.rejects(initHome(ask(home)), { code: 'home/conflict' })
  t.same(readdirSync(home), ['holiday.jpg'])
  await t.rejects(initHome(ask(join(home, 'holiday.jpg'))), { code: 'home/conflict' })
})

t.test('where no folder can be made, that is said as something to solve', async t => {
  const folder = t.testdir({ 'holiday.jpg': 'x' })
  await t.rejects(initHome(ask(join(folder, 'x'.repeat(300)))), {
    code: 'file/unusable',
    message: /ENAMETOOLONG/,
  })
  t.throws(() => privateFolder(join(folder, 'holiday.jpg', 'run')), { code: 'file/unusable' })
})

t.test('what cannot be asked for is refused before anything is written', async t => {
  const home = join(t.testdir(), 'home')
  const cases: [Partial<InitRequest>, string][] = [
    [{ name: '' }, 'usage/invalid'],
    [{ name: 'a\nb' }, 'usage/invalid'],
    [{ name: 'x'.repeat(65) }, 'usage/invalid'],
    [{ listen: ['/ip4/127.0.0.1/udp/1'] }, 'usage/invalid'],
    [{ passphrase: new SecretBytes(new Uint8Array(0)) }, 'usage/invalid'],
    [{ master: 'postgres://v:secret@db/vivim' }, 'storage/url-password'],
    [{ master: 'file:///etc/passwd' }, 'home/config'],
  ]
  for (const [change, code] of cases) await t.rejects(initHome(ask(home, change)), { code })
  t.notOk(existsSync(home))
})

t.test('where 4747 is taken another port is chosen and written down', async t => {
  const server = createServer()
  const taken = await new Promise<boolean>(done => {
    server.once('error', () => done(true))
    server.listen(4747, '0.0.0.0', () => done(true))
  })
  t.ok(taken)
  t.teardown(() => server.close())
  const home = join(t.testdir(), 'home')
  const { listen } = await initHome(ask(home, { listen: [] }))
  t.match(listen[0], /^\/ip4\/0\.0\.0\.0\/tcp\/\d+$/)
  t.not(listen[0], '/ip4/0.0.0.0/tcp/4747')
  t.match(readFileSync(join(home, 'config.toml'), 'utf8'), listen[0] as string)
})

t.test('an init that broke off anywhere is completed by the next', async t => {
  for (let drawsLeft = 0; ; drawsLeft++) {
    let left = drawsLeft
    const failing: Chance = {
      bytes(length) {
        if (left-- === 0) throw new Error('the power went')
        return systemChance.bytes(length)
      },
    }
    const home = join(t.testdir(), 'home')
    const finished = await initHome(ask(home, { chance: failing })).then(
      () => true,
      () => false,
    )
    if (finished) {
      t.ok(drawsLeft > 5, 'it was broken off several times')
      break
    }
    t.throws(() => openHome(home), { code: 'home/missing' })
    t.match(await initHome(ask(home)), { changed: true })
    await checkWhole(t, home, null)
  }
})

t.test('an init that was killed while it sealed the keys is completed by the next', async t => {
  const home = join(t.testdir(), 'home')
  const at = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
  const script = `const { initHome } = await import(${at('daemon/init.js')})
    const { systemChance: chance, systemClock: clock } = await import(${at('core/kernel/env.js')})
    const { SecretBytes } = await import(${at('core/crypto/secret.js')})
    await initHome({ home: ${JSON.stringify(home)}, name: 'alice', passphrase: new SecretBytes(Buffer.from('pw')),
      listen: [], master: null, chance, clock })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  while (!existsSync(join(home, 'users', 'new')) && child.exitCode === null) await turn()
  child.kill('SIGKILL')
  await ended
  t.throws(() => openHome(home), { code: 'home/missing' })
  t.match(await initHome(ask(home)), { changed: true })
  await checkWhole(t, home, null)
})

t.test('an init waits for nobody for ever, and a daemon’s home is not made anew', async t => {
  const home = join(t.testdir(), 'home')
  const { did } = await initHome(ask(home))
  const lock = lockHome(homePaths(home))
  t.match(await initHome(ask(home)), { did, changed: false }, 'looking needs no lock')
  lock.release()
  rmSync(join(home, 'format'))
  writeFileSync(join(home, 'master.sqlite'), '')
  await t.rejects(initHome(ask(home)), { code: 'home/conflict' })
  t.same(listUsers(homePaths(home)), [did])
})
