import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseConfig, readConfig, readEnvironment } from '../../src/daemon/config.ts'
import { homePaths } from '../../src/daemon/home.ts'

const NOTHING = { logLevel: null, listen: null, bootstrap: null, mdns: null }

t.test('a config with a name alone has everything else by default', async t => {
  const root = t.testdir({ 'config.toml': 'name = "alice"\n' })
  t.same(readConfig(homePaths(root), NOTHING), {
    name: 'alice',
    network: { listen: ['/ip4/0.0.0.0/tcp/4747'], announce: [], bootstrap: [], mdns: true, psk: null },
    master: { engine: 'sqlite', path: join(root, 'master.sqlite') },
    log: { level: 'info' },
    strangers: { items: 20, bytes: 64 * 1024 * 1024 },
    contacts: { items: 10_000, bytes: 4096 * 1024 * 1024 },
    sockets: { group: null, monitor: null },
  })
})

t.test('sockets for others: by the name of a group or its number, where they were asked for', async t => {
  const read = (sockets: string) => {
    const root = t.testdir({ 'config.toml': `name = "alice"\n[sockets]\n${sockets}\n` })
    return { root, ...readConfig(homePaths(root), NOTHING).sockets }
  }
  t.match(read('group = 4711'), { group: { path: '/run/vivim/vivim.sock', gid: 4711 }, monitor: null })
  t.match(read('group = "root"\npath = "/run/a/b.sock"'), { group: { path: '/run/a/b.sock', gid: 0 } })
  const { root, monitor } = read('monitor = true')
  t.same(monitor, { path: join(root, 'run', 'monitor.sock'), gid: null })
  t.match(read('monitor = "/run/a/m.sock"\nmonitor_group = 5'), {
    monitor: { path: '/run/a/m.sock', gid: 5 },
  })
  for (const [wrong, field] of [
    ['group = "no such group"', 'sockets.group'],
    ['group = -1', 'sockets.group'],
    ['path = "vivim.sock"', 'sockets.path'],
    [`path = "/${'a'.repeat(107)}"`, 'sockets.path'],
    ['monitor = true\nmonitor_group = 5', 'sockets.monitor_group'],
  ] as const)
    t.throws(() => read(wrong), { code: 'home/config', details: { field } }, wrong)
})

t.test('a wrong field is named', async t => {
  const cases: [string, string, RegExp][] = [
    ['name = "a"\nlisten = ["/ip4/1.2.3/tcp/1"]', 'listen.0', /such as \/ip4/],
    ['name = "a"\nlisten = ["/ip4/0.0.0.0/tcp/70000"]', 'listen.0', /such as/],
    ['name = "a"\nmdns = "yes"', 'mdns', /boolean/],
    ['name = "a"\nlissen = []', 'lissen', /not a field/],
    ['name = "a"\n[log]\nlevel = "loud"', 'log.level', /./],
    ['name = ""', 'name', /empty/],
    ['name = "a\\u0007"', 'name', /seen/],
    ['name = "a\\u202e"', 'name', /seen/],
    ['listen = []', 'name', /./],
    ['name = "a"\n[master]\nurl = "mysql://x"', 'master.url', /postgres/],
  ]
  for (const [text, field, message] of cases) {
    const root = t.testdir({ 'config.toml': text })
    t.throws(
      () => readConfig(homePaths(root), NOTHING),
      { code: 'home/config', details: { field }, message },
      text,
    )
  }
})

t.test('what is no TOML is refused with its line', async t => {
  t.throws(() => parseConfig('name = "a"\nlisten = [\n'), { code: 'home/config', message: /line \d/ })
})

t.test('a missing config is a missing home', async t => {
  t.throws(() => readConfig(homePaths(t.testdir()), NOTHING), { code: 'home/missing' })
})

t.test('a password belongs beside the URL, in a file that others cannot read', async t => {
  const inUrl = t.testdir({ 'config.toml': 'name = "a"\n[master]\nurl = "postgres://v:secret@db/vivim"\n' })
  t.throws(() => readConfig(homePaths(inUrl), NOTHING), { code: 'storage/url-password' })
  const beside = t.testdir({
    'config.toml': 'name = "a"\n[master]\nurl = "postgres://v@db/vivim"\npassword = "secret"\n',
  })
  chmodSync(join(beside, 'config.toml'), 0o644)
  t.throws(() => readConfig(homePaths(beside), NOTHING), {
    code: 'home/config',
    details: { field: 'master.password' },
  })
  chmodSync(join(beside, 'config.toml'), 0o600)
  t.same(readConfig(homePaths(beside), NOTHING).master, {
    engine: 'postgres',
    url: 'postgres://v@db/vivim',
    password: 'secret',
  })
})

t.test('the key of a closed network is read from its file, in either form', async t => {
  const hex = '0f'.repeat(32)
  for (const text of [`${hex}\n`, `/key/swarm/psk/1.0.0/\n/base16/\n${hex}\n`]) {
    const root = t.testdir({ 'config.toml': 'name = "a"\npsk_file = "swarm.key"\n', 'swarm.key': text })
    t.same(readConfig(homePaths(root), NOTHING).network.psk, new Uint8Array(32).fill(0x0f))
  }
  for (const text of ['', 'zz', `${hex}00`]) {
    const root = t.testdir({ 'config.toml': 'name = "a"\npsk_file = "swarm.key"\n', 'swarm.key': text })
    t.throws(() => readConfig(homePaths(root), NOTHING), {
      code: 'home/config',
      details: { field: 'psk_file' },
    })
  }
})

t.test('the environment goes before the file', async t => {
  const root = t.testdir({ 'config.toml': 'name = "a"\nmdns = true\n' })
  const environment = readEnvironment({
    VIVIM_HOME: root,
    VIVIM_LOG: 'debug',
    VIVIM_LISTEN: '/ip4/127.0.0.1/tcp/0, /ip6/::1/tcp/0',
    VIVIM_MDNS: 'off',
    XDG_RUNTIME_DIR: '/run/user/7',
  })
  t.equal(environment.home, root)
  t.equal(environment.runtimeFolder, '/run/user/7')
  const config = readConfig(homePaths(root), environment)
  t.same(config.network.listen, ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'])
  t.equal(config.network.mdns, false)
  t.equal(config.log.level, 'debug')
})

t.test('a variable that is not understood is named', async t => {
  t.throws(() => readEnvironment({ VIVIM_LOG: 'loud' }), {
    code: 'home/config',
    details: { variable: 'VIVIM_LOG' },
  })
  t.throws(() => readEnvironment({ VIVIM_MDNS: 'maybe' }), { code: 'home/config' })
})

t.test(
  'without VIVIM_HOME the home lies in the data folder',
  { skip: process.platform !== 'linux' },
  async t => {
    t.equal(readEnvironment({ XDG_DATA_HOME: '/data' }).home, '/data/vivim')
    t.match(readEnvironment({}).home, /\.local\/share\/vivim$/)
  },
)
